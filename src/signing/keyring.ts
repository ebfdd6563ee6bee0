import { createHash } from 'node:crypto'
import {
  CompactSign,
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose'
import { OPERATOR } from '../accounts/rules.ts'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { newEvent } from '../events/rules.ts'
import type { SecretRing } from '../secrets.ts'
import type { Kept, Store } from '../store/store.ts'
import { findSigningKeys } from './find.ts'
import {
  currentKey,
  dueKey,
  keyStates,
  type PublicJwk,
  type SigningKey,
  type SigningKeyState,
  takenAway,
} from './rules.ts'
import { seal, unseal } from './seal.ts'

export interface Signer {
  kid: string
  alg: string
  /** A compact JWS; `alg` and `kid` are added to the header. */
  sign(header: { typ: string }, claims: object): Promise<string>
}

export interface PublishedKeys {
  body: string
  etag: string
  keys: readonly PublicJwk[]
}

export interface Keyring {
  /** Makes keys that are due and reads those that others made. Rejects when the store is down. */
  refresh(): Promise<void>
  /** Of the current key. Throws where the namespace has none yet. */
  signer(namespace: string): Signer
  /** The JWK Set as served: same bytes in every instance, from memory. */
  jwks(namespace: string): PublishedKeys
  states(namespace: string): { key: SigningKey; state: SigningKeyState }[]
  /** A new key of the namespace, sealed and not kept yet. */
  make(namespace: NamespaceEntry, due: { generation: number; activatesAt: number }): Promise<SigningKey>
  /** Kids that were taken away before their time, for as long as somebody may still hold them. */
  takenAway(namespace: string): string[]
  /** Calls `tell` with keys that were published and are so no more. */
  onRemoved(tell: (namespace: string, kids: readonly string[]) => void): void
}

export interface KeyringDeps {
  store: Store
  catalog: Catalog
  /** Derived for sealing signing keys. */
  ring: SecretRing
  now: () => number
  random: (bytes: number) => Buffer
  eventId: () => string
}

export function createKeyring(deps: KeyringDeps): Keyring {
  const { store, catalog, ring, now } = deps
  const keys = new Map<string, Kept<SigningKey>[]>()
  const signers = new Map<string, Signer>()
  const published = new Map<string, { forKids: string; set: PublishedKeys }>()
  /** Published when the keys were last read. */
  const shown = new Map<string, Set<string>>()
  const listeners: ((namespace: string, kids: readonly string[]) => void)[] = []

  async function read(namespace: NamespaceEntry): Promise<Kept<SigningKey>[]> {
    const items = await findSigningKeys(store, namespace.id)
    for (const { key, state } of keyStates(items, namespace, now())) {
      // Nothing else signs again: an old key may be sealed under a master key that is no longer given.
      const signs = state === 'current' || state === 'next'
      if (signs && !signers.has(key.kid)) signers.set(key.kid, await openSigner(key, ring))
    }
    keys.set(namespace.id, items)
    tellRemoved(namespace.id)
    return items
  }

  function tellRemoved(namespace: string): void {
    const now = new Set(states(namespace).flatMap(({ key, state }) => (state === 'retired' ? [] : [key.kid])))
    const removed = [...(shown.get(namespace) ?? [])].filter((kid) => !now.has(kid))
    shown.set(namespace, now)
    if (removed.length > 0) for (const tell of listeners) tell(namespace, removed)
  }

  function states(namespace: string): { key: Kept<SigningKey>; state: SigningKeyState }[] {
    const entry = catalog.namespaces.get(namespace)
    return entry === undefined ? [] : keyStates(keys.get(namespace) ?? [], entry, now())
  }

  return {
    states,
    takenAway(namespace) {
      const entry = catalog.namespaces.get(namespace)
      return entry === undefined ? [] : takenAway(keys.get(namespace) ?? [], entry, now()).map(({ kid }) => kid)
    },
    make: (namespace, due) => makeKey(namespace, due, deps),
    onRemoved(tell) {
      listeners.push(tell)
    },
    async refresh() {
      for (const namespace of catalog.namespaces.values()) {
        let due = dueKey(await read(namespace), namespace, now())
        // The first round may make the first key and the second its successor; who loses a race reads the winner's.
        for (let round = 0; due !== null && round < 4; round++) {
          const key = await makeKey(namespace, due, deps)
          await store.commit(OPERATOR, {
            insert: [{ collection: 'signingKeys', document: key }],
            events: [publishedEvent(key, deps)],
          })
          due = dueKey(await read(namespace), namespace, now())
        }
      }
    },
    signer(namespace) {
      const current = currentKey(keys.get(namespace) ?? [], now())
      const signer = current && signers.get(current.kid)
      if (signer === undefined) throw new Error(`namespace ${namespace} has no signing key yet`)
      return signer
    },
    jwks(namespace) {
      const live = states(namespace)
        .filter((s) => s.state !== 'retired')
        .map((s) => s.key.publicJwk)
      const forKids = live.map((k) => k.kid).join()
      const before = published.get(namespace)
      if (before?.forKids === forKids) return before.set
      const body = JSON.stringify({ keys: live })
      const set = { body, keys: live, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"` }
      published.set(namespace, { forKids, set })
      return set
    },
  }
}

async function openSigner(key: SigningKey, ring: SecretRing): Promise<Signer> {
  const jwk = JSON.parse(unseal(ring, key.sealed, key)) as JWK
  const privateKey = (await importJWK(jwk, key.alg)) as CryptoKey
  const encoder = new TextEncoder()
  return {
    kid: key.kid,
    alg: key.alg,
    sign: (header, claims) =>
      new CompactSign(encoder.encode(JSON.stringify(claims)))
        .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: header.typ })
        .sign(privateKey),
  }
}

async function makeKey(
  namespace: NamespaceEntry,
  due: { generation: number; activatesAt: number },
  deps: Pick<KeyringDeps, 'ring' | 'random' | 'now'>,
): Promise<SigningKey> {
  const alg = namespace.signingAlg
  const pair = await generateKeyPair(alg, { extractable: true })
  const publicMembers = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(publicMembers)
  const sealed = seal(
    deps.ring,
    JSON.stringify(await exportJWK(pair.privateKey)),
    { kid, alg, namespace: namespace.id },
    deps.random,
  )
  return {
    id: `${namespace.id}.${due.generation}`,
    account: '',
    namespace: namespace.id,
    generation: due.generation,
    kid,
    alg,
    publicJwk: { ...(publicMembers as PublicJwk), use: 'sig', alg, kid },
    sealed,
    publishedAt: deps.now(),
    activatesAt: due.activatesAt,
    retiresAt: null,
  }
}

function publishedEvent(key: SigningKey, deps: KeyringDeps) {
  return newEvent(deps.eventId(), {
    type: 'signing_key.rotated',
    actor: { type: 'system', id: null, name: 'Latchkey' },
    subject: { type: 'signing_key', id: key.kid, name: key.namespace },
    data: {
      object: {
        kid: key.kid,
        alg: key.alg,
        namespace: key.namespace,
        publishedAt: new Date(key.publishedAt).toISOString(),
        activatesAt: new Date(key.activatesAt).toISOString(),
      },
    },
  })
}
