import type { Account } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import { INVALID } from '../status/rules.ts'
import { act, type Decision } from '../store/act.ts'
import type { Guarded, Kept, NewEvent } from '../store/store.ts'
import type { Flushes } from '../usage/flushes.ts'
import { iso } from '../web/time.ts'
import { accountFault, hashed } from './create.rules.ts'
import { type CreatedKey, type KeyAsker, type KeyDeps, keyEvent, madeSecret, refuseBeyond } from './create.ts'
import { closeOverlap } from './end-rotation.ts'
import { type FoundKey, findKey } from './find.ts'
import { lapsedSecrets, liveSecrets, runningRotation, type Succession, succession } from './rotation.rules.ts'
import type { ApiKey } from './rules.ts'
import { type ShownKey, showKey } from './shape.ts'

export interface RotateDeps extends KeyDeps {
  flushes: Pick<Flushes, 'everywhere'>
}

/**
 * Gives the key a new secret; the one in use ends after the overlap, or with its tokens at once where that is 0.
 *
 * @throws Refusal `not_found`, `key_revoked`, `key_expired`, `no_secret`, `rotation_in_progress`, and as
 *   {@link requireReach}
 */
export async function rotateKey(
  deps: RotateDeps,
  account: string,
  keyId: string,
  overlapSeconds: number,
  asker: KeyAsker,
): Promise<CreatedKey> {
  const { key } = await findKey(deps.store, account, keyId)
  await requireReach(deps, key, asker)
  const newest = await lookAtNewest(deps, key)
  const decide = async (): Promise<Decision<CreatedKey>> => {
    const found = await findKey(deps.store, account, keyId)
    const expect = [await requireReach(deps, found.key, asker)]
    const next = await rotated(deps, found, { overlapSeconds, newest, asker })
    return {
      account,
      commit: { ...next.commit, expect, events: [next.event] },
      answer: { key: next.shown, secret: next.secret },
    }
  }
  const answer = await deps.statuses.inTurn(() => act(deps.store, decide, asker.once))
  await deps.statusChanged()
  return answer
}

/** The newest secret as a request finds it. */
export interface Newest {
  id: string | null
  /** Whether it is certain that it was never used until then. */
  neverUsed: boolean
}

/** To be called before anything is decided: uses are asked for that happened before the request came in. */
export async function lookAtNewest(deps: RotateDeps, key: ApiKey): Promise<Newest> {
  const now = deps.now()
  if (lapsedSecrets(key, now).length > 0) await closeOverlap(deps, key.account, key.id)
  const id = liveSecrets(key, now).at(-1)?.id ?? null
  const running = runningRotation(key, now)
  if (running === null) return { id, neverUsed: false }
  const isUnused = async () =>
    (await deps.store.get(key.account, 'keyUse', key.id))?.secrets[running.fresh.id] === undefined
  const neverUsed = (await isUnused()) && (await deps.flushes.everywhere(running.fresh.createdAt)) && (await isUnused())
  return { id, neverUsed }
}

/** What a commit must hold so that the key has a new secret. @throws Refusal as {@link rotateKey} */
export async function rotated(
  deps: KeyDeps,
  { key, holder, use }: FoundKey,
  {
    overlapSeconds,
    newest,
    asker,
  }: { overlapSeconds: number; newest: Newest; asker: Pick<KeyAsker, 'actor' | 'requestId'> },
) {
  const now = deps.now()
  const unused = newest.neverUsed && (newest.id === null || use?.secrets[newest.id] === undefined)
  const next = succession({ key, overlapMs: overlapSeconds * 1000, newestSeen: newest.id, neverUsed: unused, now })
  if (next instanceof Refusal) throw next
  const secret = madeSecret(deps, key, key.id)
  const fresh = hashed(secret, await deps.allocator.take(key.namespace), now)
  const document: Kept<ApiKey> = {
    ...key,
    secrets: [...next.keep, fresh],
    updatedAt: now,
    version: key.version + 1,
  }
  const status = await deps.statuses.flip(next.ended.map(({ status: ref }) => ({ ref, value: INVALID })))
  const shown = showKey(document, { holder, use, now })
  const begins = runningRotation(key, now) === null && next.endsAt !== null
  const end = { id: key.id, account: key.account, endsAt: next.endsAt as number }
  return {
    key: document,
    shown,
    secret: secret.text,
    event: rotatedEvent(deps, asker, document, shown, next),
    commit: {
      insert: [...status.insert, ...(begins ? [{ collection: 'rotations', document: end } as const] : [])],
      replace: [{ collection: 'keys', document } as const, ...status.replace],
    },
  }
}

function rotatedEvent(
  deps: KeyDeps,
  asker: Pick<KeyAsker, 'actor' | 'requestId'>,
  key: ApiKey,
  object: ShownKey,
  { ended, endsAt }: Succession,
): NewEvent {
  const endedSecrets = ended.map(({ id, last4 }) => ({ id, last4 }))
  return keyEvent(deps, 'key.rotated', asker, key, { object, oldEndsAt: iso(endsAt), endedSecrets })
}

/**
 * A new secret of a key is all that the key grants: it is made where the key could be, and by whom.
 *
 * @returns what must still stand when it is written
 * @throws Refusal `unknown_namespace`, `exceeds_your_rights`, and as {@link accountFault}
 */
export async function requireReach({ store, catalog, now }: KeyDeps, key: ApiKey, asker: KeyAsker): Promise<Guarded> {
  const account = (await store.get(key.account, 'accounts', key.account)) as Kept<Account>
  const namespace = catalog.namespaces.get(key.namespace)
  if (namespace === undefined) throw new Refusal('unknown_namespace')
  const fault = accountFault(account, namespace, catalog, now())
  if (fault !== null) throw fault
  if (asker.bound) refuseBeyond(key, account, namespace, { catalog, ...asker })
  return { collection: 'accounts', document: account }
}
