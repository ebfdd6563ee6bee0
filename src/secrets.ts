/** Peppers and master keys: versioned, given by the operator, never stored. Purposes get keys of their own by HKDF. */
import { createHmac, hkdfSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from './store/store.ts'

export interface VersionedSecret {
  id: string
  bytes: Uint8Array
}

/** The first is current; the others still open what was closed with them. */
export interface SecretRing {
  current: VersionedSecret
  all: ReadonlyMap<string, Uint8Array>
}

/** Kept per pepper and per master key, so that another value under a known id stops the start. */
export interface SecretCheck {
  /** `{kind}:{id}` */
  id: string
  account: ''
  value: string
  createdAt: number
}

export function ring(secrets: readonly VersionedSecret[]): SecretRing {
  const [current] = secrets
  if (current === undefined) throw new TypeError('a ring needs one secret at least')
  return { current, all: new Map(secrets.map((s) => [s.id, s.bytes])) }
}

/** The same ring with every key replaced by one derived from it for `purpose`. 32 bytes each. */
export function derive(from: SecretRing, purpose: string): SecretRing {
  return ring(
    [...from.all].map(([id, bytes]) => ({
      id,
      bytes: new Uint8Array(hkdfSync('sha256', bytes, '', `latchkey ${purpose}`, 32)),
    })),
  )
}

export function checkValue(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('latchkey check value').digest('base64url')
}

const SECRETS_FILE = 'secrets.json'

/**
 * Peppers and master keys of an installation that was given none: made once, kept beside the embedded store, readable
 * by their owner only. `made` tells whether this call made them.
 */
export function loadOrMakeSecrets(
  dataDir: string,
  random: (bytes: number) => Buffer,
): { peppers: VersionedSecret[]; masterKeys: VersionedSecret[]; file: string; made: boolean } {
  const file = join(dataDir, SECRETS_FILE)
  let made = false
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const fresh = { peppers: [fresh32('p1', random)], masterKeys: [fresh32('m1', random)] }
    writeFileSync(file, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    made = true
  }
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<
    'peppers' | 'masterKeys',
    { id: string; base64: string }[]
  >
  const read = (name: 'peppers' | 'masterKeys') =>
    kept[name].map(({ id, base64 }) => ({ id, bytes: new Uint8Array(Buffer.from(base64, 'base64')) }))
  return { peppers: read('peppers'), masterKeys: read('masterKeys'), file, made }
}

function fresh32(id: string, random: (bytes: number) => Buffer): { id: string; base64: string } {
  return { id, base64: random(32).toString('base64') }
}

/** @throws Error where the store knows a pepper or master key by this id with another value. */
export async function checkSecrets(
  store: Store,
  kind: 'pepper' | 'master-key',
  secrets: SecretRing,
  now: number,
): Promise<void> {
  for (const [id, bytes] of secrets.all) {
    const document: SecretCheck = { id: `${kind}:${id}`, account: '', value: checkValue(bytes), createdAt: now }
    const known = await store.get('', 'secretChecks', document.id)
    // Lost to another instance at its first start: then its value is read and compared.
    if (known === null && (await store.commit('operator', { insert: [{ collection: 'secretChecks', document }] })).ok)
      continue
    const kept = known ?? (await store.get('', 'secretChecks', document.id))
    if (kept?.value !== document.value) throw new WrongSecret(kind, id)
  }
}

export class WrongSecret extends Error {
  override name = 'WrongSecret'
  constructor(kind: 'pepper' | 'master-key', id: string) {
    const variable = kind === 'pepper' ? 'LATCHKEY_PEPPERS' : 'LATCHKEY_MASTER_KEYS'
    super(
      `${variable}: "${id}" is not the value that this store was used with before. Give the old value under that id, and new ones under new ids.`,
    )
  }
}
