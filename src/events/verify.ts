import { setImmediate } from 'node:timers/promises'
import type { SecretRing } from '../secrets.ts'
import type { Head, Kept, Store } from '../store/store.ts'
import { beginning, firstBreak, headBreak, type Link, START } from './rules.ts'

export interface Verification {
  ok: boolean
  /** Events that hold, from the first that is kept. */
  checked: number
  /** The first seq that is changed, missing or out of its place. */
  firstBad: number | null
}

export interface ChainDeps {
  store: Store
  /** Keys of the events' MACs and of the anchors' seals, old ones too. */
  rings: { chain: SecretRing; anchors: SecretRing }
}

/** MACs computed before other requests have their turn. */
const EVENTS_AT_ONCE = 200

/** Walks an account's log and tells whether it is whole. Who asks while a walk is under way has its answer too. */
export function createVerifyEvents(deps: ChainDeps): (account: string) => Promise<Verification> {
  const walks = new Map<string, Promise<Verification>>()
  return (account) => {
    const under = walks.get(account) ?? walk(deps, account).finally(() => walks.delete(account))
    walks.set(account, under)
    return under
  }
}

async function walk(deps: ChainDeps, account: string): Promise<Verification> {
  const { store, rings } = deps
  let at = await findBeginning(deps, account)
  let checked = 0
  for (;;) {
    const head = await findHead(store, account)
    const page = await store.page(account, 'events', { after: behind(at), limit: EVENTS_AT_ONCE })
    const last = page.items.at(-1) ?? at
    const isLast = page.next === null
    const bad =
      firstBreak(rings.chain, at, page.items) ??
      (isLast ? (headBreak(head, at, page.items) ?? (await retreat(store, account, last))) : null)
    if (bad !== null) {
      // Or the events that come next were removed after their time, since we looked where the log begins.
      const begins = await findBeginning(deps, account)
      if (begins.seq <= at.seq) return { ok: false, checked: checked + Math.max(0, bad - at.seq - 1), firstBad: bad }
      at = begins
      continue
    }
    checked += page.items.length
    if (isLast) return { ok: true, checked, firstBad: null }
    at = last
    await setImmediate()
  }
}

/** A head never stands before an event that was seen: then somebody put it back. */
async function retreat(store: Store, account: string, last: Link): Promise<number | null> {
  const { seq } = await findHead(store, account)
  return seq < last.seq ? seq + 1 : null
}

async function findHead(store: Store, account: string): Promise<Link> {
  const head: Kept<Head> | null = await store.get(account, 'heads', account)
  return head ?? START
}

async function findBeginning({ store, rings }: ChainDeps, account: string): Promise<Link> {
  return beginning(rings.anchors, await store.get(account, 'anchors', account))
}

/** The place in the list right behind that event, whatever its id. */
function behind({ seq }: Link): { at: number; id: string } {
  return { at: seq, id: '\uffff' }
}
