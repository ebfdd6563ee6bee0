import { Refusal } from '../errors.ts'
import { INVALID } from '../status/rules.ts'
import { act, type Decision } from '../store/act.ts'
import { EVERY_ACCOUNT, type Guarded, type Kept } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { type Expected, requireVersion } from '../web/etag.ts'
import { type KeyDeps, keyEvent } from './create.ts'
import { type FoundKey, findKey } from './find.ts'
import { deadline, lapsedSecrets, type RotationEnd, runningRotation, withDeadline, without } from './rotation.rules.ts'
import type { ApiKey, Secret } from './rules.ts'
import { type ShownKey, showKey } from './shape.ts'
import type { KeyInAccount } from './suspend.ts'

const ENDS_AT_ONCE = 100
const SYSTEM: Asker = { actor: { type: 'system', id: null, name: 'Latchkey' }, requestId: null }

export interface RotationTarget extends KeyInAccount {
  /** Versions of the key; any unless said. */
  expected?: Expected
}

/**
 * Another end of the overlap, counted from now; 0 ends it.
 *
 * @throws Refusal `not_found`, `no_rotation`, `precondition_failed`
 */
export async function moveRotation(
  deps: KeyDeps,
  { account, id: keyId, asker, expected }: RotationTarget,
  overlapSeconds: number,
): Promise<ShownKey> {
  return change(deps, async () => {
    const found = await findKey(deps.store, account, keyId)
    const { key, holder, use } = found
    if (expected !== undefined) requireVersion(expected, key)
    const now = deps.now()
    const running = runningRotation(key, now)
    if (running === null) throw new Refusal('no_rotation')
    const endsAt = deadline(key, now + overlapSeconds * 1000)
    const end = await deps.store.get(account, 'rotations', keyId)
    if (endsAt <= now) return ended(deps, found, { gone: [running.old], end, asker })
    const document = changed(key, withDeadline(key.secrets, running, endsAt), now)
    const shown = showKey(document, { holder, use, now })
    return {
      account,
      commit: {
        replace: [
          { collection: 'keys', document },
          ...(end === null ? [] : [{ collection: 'rotations', document: { ...end, endsAt } } as const]),
        ],
        events: [keyEvent(deps, 'key.updated', asker, key, { object: shown })],
      },
      answer: shown,
    }
  })
}

/** Ends the overlap now, and with it the tokens of the old secret. @throws Refusal `not_found`, `no_rotation` */
export async function endRotation(deps: KeyDeps, target: RotationTarget): Promise<void> {
  await moveRotation(deps, target, 0)
}

/** What the commit of a change of the key must hold where the change moves the end of its overlap. */
export async function overlapWrites({ store, now }: KeyDeps, before: ApiKey, after: ApiKey): Promise<Guarded[]> {
  const endsAt = runningRotation(after, now())?.endsAt
  if (endsAt === undefined || endsAt === runningRotation(before, now())?.endsAt) return []
  const end = await store.get(after.account, 'rotations', after.id)
  return end === null ? [] : [{ collection: 'rotations', document: { ...end, endsAt } }]
}

/** Takes away the secret whose overlap is over. Done already, or not over: nothing happens. */
export async function closeOverlap(deps: KeyDeps, account: string, keyId: string): Promise<void> {
  await change<unknown>(deps, async () => {
    const end = await deps.store.get(account, 'rotations', keyId)
    const nothing = { account, commit: {}, answer: null }
    if (end === null || end.endsAt > deps.now()) return nothing
    const kept = await deps.store.get(account, 'keys', keyId)
    const gone = kept === null || kept.revoked !== null ? [] : lapsedSecrets(kept, deps.now())
    // Of a key that is revoked or deleted there is nothing left to end.
    if (gone.length === 0) return { ...nothing, commit: { remove: [{ collection: 'rotations', document: end }] } }
    return ended(deps, await findKey(deps.store, account, keyId), { gone, end, asker: SYSTEM })
  })
}

/** Closes what overlaps are over, in every account; a few at a time. */
export async function closeOverlaps(deps: KeyDeps): Promise<void> {
  const { items } = await deps.store.page(EVERY_ACCOUNT, 'rotations', { limit: ENDS_AT_ONCE })
  for (const { account, id, endsAt } of items) if (endsAt <= deps.now()) await closeOverlap(deps, account, id)
}

async function change<T>(deps: KeyDeps, decide: () => Promise<Decision<T>>): Promise<T> {
  const answer = await deps.statuses.inTurn(() => act(deps.store, decide))
  await deps.statusChanged()
  return answer
}

async function ended(
  deps: KeyDeps,
  { key, holder, use }: FoundKey,
  { gone, end, asker }: { gone: Secret[]; end: Kept<RotationEnd> | null; asker: Asker },
): Promise<Decision<ShownKey>> {
  const now = deps.now()
  const document = changed(key, without(key.secrets, gone), now)
  const shown = showKey(document, { holder, use, now })
  const status = await deps.statuses.flip(gone.map(({ status: ref }) => ({ ref, value: INVALID })))
  const endedSecrets = gone.map(({ id, last4 }) => ({ id, last4 }))
  return {
    account: key.account,
    commit: {
      insert: status.insert,
      replace: [{ collection: 'keys', document }, ...status.replace],
      remove: end === null ? [] : [{ collection: 'rotations', document: end }],
      events: [keyEvent(deps, 'key.rotation_ended', asker, key, { object: shown, endedSecrets })],
    },
    answer: shown,
  }
}

function changed(key: Kept<ApiKey>, secrets: Secret[], now: number): Kept<ApiKey> {
  return { ...key, secrets, updatedAt: now, version: key.version + 1 }
}
