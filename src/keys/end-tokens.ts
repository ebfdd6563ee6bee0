/** Live tokens are ended after the change that narrows or refuses their keys: exactly once, in commits of a few keys. */
import type { Catalog } from '../catalog.ts'
import type { Allocator } from '../status/allocate.ts'
import type { StatusChange, Statuses } from '../status/flip.ts'
import { INVALID } from '../status/rules.ts'
import { act, type Decision } from '../store/act.ts'
import { EVERY_ACCOUNT, type Guarded, type Kept, type Store, type Write } from '../store/store.ts'
import { type Ending, moved, narrowed, standingOf } from './ending.rules.ts'
import { type ApiKey, statusRefs } from './rules.ts'
import { surroundings } from './surroundings.ts'

export interface EndTokens {
  /** What the commit of a change must hold, so that the tokens concerned end. */
  begin(account: string, ending: Pick<Ending, 'of' | 'before'>): Write
  /** Ends them, once that commit stands. Never rejects: what fails now is done by {@link EndTokens.sweep}. */
  finish(account: string): Promise<void>
  /** Ends whatever a stopped process or a store that was away has left. */
  sweep(): Promise<void>
}

export interface EndTokensDeps {
  store: Store
  catalog: Catalog
  allocator: Allocator
  statuses: Statuses
  statusChanged: () => Promise<void>
  now: () => number
  newId: (prefix: string) => string
}

const KEYS_A_COMMIT = 50
const ENDINGS_AT_ONCE = 100

export function createEndTokens(deps: EndTokensDeps): EndTokens {
  const { store, statuses, statusChanged } = deps
  const work = async (scope: string | typeof EVERY_ACCOUNT): Promise<void> => {
    const { items } = await store.page(scope, 'endings', { limit: ENDINGS_AT_ONCE })
    for (const { account, id } of items) {
      while (!(await statuses.inTurn(() => act(store, () => decide(deps, account, id)))).done);
    }
    if (items.length > 0) await statusChanged()
    if (items.length === ENDINGS_AT_ONCE) await work(scope)
  }
  return {
    begin: (account, { of, before }) => ({
      collection: 'endings',
      document: { id: deps.newId('end'), account, of, before, after: null, createdAt: deps.now() },
    }),
    finish: (account) => work(account).catch(() => {}),
    sweep: () => work(EVERY_ACCOUNT),
  }
}

/** The next few keys. */
async function decide(deps: EndTokensDeps, account: string, id: string): Promise<Decision<{ done: boolean }>> {
  const { store } = deps
  const ending = await store.get(account, 'endings', id)
  if (ending === null) return { account, commit: {}, answer: { done: true } }
  const { items, next } = await store.page(account, 'keys', {
    where: { ...ending.of },
    limit: KEYS_A_COMMIT,
    ...(ending.after === null ? {} : { after: ending.after }),
  })
  const { around, expect } = await surroundings(deps, account, items)
  const changes: StatusChange[] = []
  const replace: Guarded[] = []
  for (const key of items) {
    const now = around(key)
    if (now === null) continue
    const ends = key.revoked === null && narrowed(key, ending.before, now)
    const value = ends ? INVALID : standingOf(key, now)
    for (const ref of statusRefs(key)) changes.push({ ref, value })
    if (ends) replace.push({ collection: 'keys', document: await renewed(deps.allocator, key) })
    else expect.push({ collection: 'keys', document: key })
  }
  const flipped = await deps.statuses.flip(changes)
  const at: Guarded = { collection: 'endings', document: { ...ending, after: next } }
  return {
    account,
    commit: {
      expect,
      insert: flipped.insert,
      replace: [...replace, ...flipped.replace, ...(next === null ? [] : [at])],
      remove: next === null ? [at] : [],
    },
    answer: { done: next === null },
  }
}

/** The key with credentials that no token has named yet. */
export async function renewed(allocator: Allocator, key: Kept<ApiKey>): Promise<Kept<ApiKey>> {
  return moved(key, await Promise.all(statusRefs(key).map(() => allocator.take(key.namespace))))
}
