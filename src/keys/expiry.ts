/** Tells of keys that are about to end, and that have ended: each once, over all instances. */
import { newEvent } from '../events/rules.ts'
import { act, type Decision } from '../store/act.ts'
import { type Commit, EVERY_ACCOUNT, type Store } from '../store/store.ts'
import { expiryOf, noticeAt } from './expiry.rules.ts'
import { findKeysById } from './find.ts'
import type { ApiKey } from './rules.ts'
import { showKey } from './shape.ts'

export interface ExpiryDeps {
  store: Store
  now: () => number
  newId: (prefix: string) => string
}

const AT_ONCE = 100

/** What the commit of a change of the key's end must hold; `after` null: the key goes. */
export async function expiryWrites(
  { store, now }: Pick<ExpiryDeps, 'store' | 'now'>,
  before: ApiKey,
  after: ApiKey | null,
): Promise<Required<Pick<Commit, 'insert' | 'replace' | 'remove'>>> {
  const none = { insert: [], replace: [], remove: [] }
  if (before.expiresAt === (after?.expiresAt ?? null) && after !== null) return none
  const kept = await store.get(before.account, 'keyExpiries', before.id)
  const next = after === null ? null : expiryOf(after, now())
  if (next === null) return kept === null ? none : { ...none, remove: [{ collection: 'keyExpiries', document: kept }] }
  return kept === null
    ? { ...none, insert: [{ collection: 'keyExpiries', document: next }] }
    : { ...none, replace: [{ collection: 'keyExpiries', document: { ...kept, ...next } }] }
}

/** Tells what is due, at most {@link AT_ONCE} at a time; the next run goes on. */
export async function tellExpiries(deps: ExpiryDeps): Promise<void> {
  const { items } = await deps.store.page(EVERY_ACCOUNT, 'keyExpiries', { limit: AT_ONCE })
  for (const { account, id, dueAt } of items) {
    if (dueAt <= deps.now()) await act(deps.store, () => decide(deps, account, id))
  }
}

async function decide(deps: ExpiryDeps, account: string, id: string): Promise<Decision<null>> {
  const { store, newId } = deps
  const now = deps.now()
  const kept = await store.get(account, 'keyExpiries', id)
  if (kept === null || kept.dueAt > now) return { account, commit: {}, answer: null }
  const [found] = await findKeysById(store, account, [id])
  const { key } = found ?? {}
  if (found == null || key === undefined || key.expiresAt === null || key.revoked !== null)
    return { account, commit: { remove: [{ collection: 'keyExpiries', document: kept }] }, answer: null }
  const { type, ...more } = noticeAt(key.expiresAt, now)
  const event = newEvent(newId('evt'), {
    type,
    actor: { type: 'system', id: null, name: 'Latchkey' },
    subject: { type: 'key', id, name: key.name },
    data: { object: showKey(key, { holder: found.holder, use: found.use, now }), ...more },
  })
  const next = expiryOf(key, now)
  return {
    account,
    commit: {
      expect: [{ collection: 'keys', document: key }],
      replace: next === null ? [] : [{ collection: 'keyExpiries', document: { ...kept, ...next } }],
      remove: next === null ? [{ collection: 'keyExpiries', document: kept }] : [],
      events: [event],
    },
    answer: null,
  }
}
