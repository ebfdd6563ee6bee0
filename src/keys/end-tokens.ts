/** Live tokens are ended after the change that narrows or refuses their keys: exactly once, in commits of a few keys. */
import type { Catalog } from '../catalog.ts'
import type { Allocator } from '../status/allocate.ts'
import type { StatusChange, Statuses } from '../status/flip.ts'
import { INVALID } from '../status/rules.ts'
import { act, type Decision } from '../store/act.ts'
import {
  EVERY_ACCOUNT,
  type Guarded,
  type Kept,
  type NewEvent,
  type Page,
  type Position,
  type Store,
  type Write,
} from '../store/store.ts'
import { type Demand, demanded, type Ending, moved, narrowed, type Surroundings, standingOf } from './ending.rules.ts'
import { type ApiKey, statusRefs } from './rules.ts'
import { readServed, type Served, writeServed } from './served.rules.ts'
import { surroundings } from './surroundings.ts'

export interface EndTokens {
  /** What the commit of a change must hold, so that the tokens concerned end. */
  begin(account: string, ending: Pick<Ending, 'of' | 'before'>): Write
  /** Ends every token of the keys, at once. Where it rejects half-way, {@link EndTokens.sweep} does the rest. */
  demand(account: string, ending: Pick<Ending, 'of'> & { demand: Demand }): Promise<void>
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
  const end = async ({ account, id }: Pick<Ending, 'account' | 'id'>): Promise<void> => {
    while (!(await statuses.inTurn(() => act(store, () => decide(deps, account, id)))).done);
  }
  const work = async (scope: string | typeof EVERY_ACCOUNT): Promise<void> => {
    let after: Position | null = null
    do {
      const page: Page<Ending> = await store.page(scope, 'endings', {
        limit: ENDINGS_AT_ONCE,
        ...(after === null ? {} : { after }),
      })
      for (const ending of page.items) await end(ending)
      if (page.items.length > 0) await statusChanged()
      after = page.next
    } while (after !== null)
  }
  const started = (account: string, of: Pick<Ending, 'of' | 'before' | 'demand'>): Ending => {
    return { id: deps.newId('end'), account, ...of, after: null, createdAt: deps.now() }
  }
  return {
    begin: (account, ending) => ({ collection: 'endings', document: started(account, ending) }),
    async demand(account, ending) {
      const document = started(account, { ...ending, before: {} })
      await act(store, async () => ({
        account,
        commit: { insert: [{ collection: 'endings', document }] },
        answer: null,
      }))
      await end(document)
      await statusChanged()
    },
    finish: (account) => work(account).catch(() => {}),
    sweep: () => work(EVERY_ACCOUNT),
  }
}

/** The next few keys. */
async function decide(deps: EndTokensDeps, account: string, id: string): Promise<Decision<{ done: boolean }>> {
  const { store } = deps
  const ending = await store.get(account, 'endings', id)
  if (ending === null || !(await mayEnd(deps, ending))) return { account, commit: {}, answer: { done: true } }
  const { items, next } = await nextKeys(store, ending)
  const { around, expect } = await surroundings(deps, account, items)
  const changes: StatusChange[] = []
  const replace: Guarded[] = []
  const { before, demand } = ending
  const served = before.catalog === undefined ? deps.catalog : await readCatalog(store, before.catalog)
  const concerns = (key: ApiKey, now: Surroundings): boolean =>
    demand === undefined ? narrowed(key, before, now, served) : demanded(key, demand, now)
  for (const key of items) {
    const now = around(key)
    // Tokens of a namespace that was taken out of the catalog end; of one that was out before there are none.
    if (now === null && ending.before.catalog === undefined) continue
    const ends = key.revoked === null && (now === null || concerns(key, now))
    const value = ends || now === null ? INVALID : standingOf(key, now)
    for (const ref of statusRefs(key)) changes.push({ ref, value })
    if (ends) replace.push({ collection: 'keys', document: await renewed(deps.allocator, key) })
    else expect.push({ collection: 'keys', document: key })
  }
  const flipped = await deps.statuses.flip(changes)
  const counted = demand && { ...demand, keys: demand.keys + replace.length }
  const document = { ...ending, ...(counted && { demand: counted }), after: next }
  const at: Guarded = { collection: 'endings', document }
  return {
    account,
    commit: {
      expect,
      insert: flipped.insert,
      replace: [...replace, ...flipped.replace, ...(next === null ? [] : [at])],
      remove: next === null ? [at] : [],
      events: counted !== undefined && next === null ? [toldEvent(counted)] : [],
    },
    answer: { done: next === null },
  }
}

/** What another catalog takes away is worked out by who serves that one: others may still run. */
async function mayEnd({ store, catalog }: EndTokensDeps, { before }: Ending): Promise<boolean> {
  if (before.catalog === undefined) return true
  const { items } = await store.page('', 'servedCatalogs', { limit: 1, order: 'desc' })
  return items[0]?.text === writeServed(catalog)
}

async function readCatalog(store: Store, id: string): Promise<Served> {
  const kept = await store.get('', 'servedCatalogs', id)
  if (kept === null) throw new Error(`served catalog ${id} is missing`)
  return readServed(kept.text)
}

async function nextKeys(store: Store, { account, of, after }: Ending): Promise<Page<ApiKey>> {
  const { keyId, ...where } = of
  if (keyId === undefined)
    return store.page(account, 'keys', { where, limit: KEYS_A_COMMIT, ...(after === null ? {} : { after }) })
  const key = await store.get(account, 'keys', keyId)
  const { holderId = key?.holderId, namespace = key?.namespace } = where
  const meant = key !== null && key.holderId === holderId && key.namespace === namespace
  return { items: meant ? [key] : [], next: null }
}

function toldEvent({ event, keys }: Demand): NewEvent {
  return { ...event, data: { ...event.data, keys } }
}

/** The key with credentials that no token has named yet. */
export async function renewed(allocator: Allocator, key: Kept<ApiKey>): Promise<Kept<ApiKey>> {
  return moved(key, await Promise.all(statusRefs(key).map(() => allocator.take(key.namespace))))
}
