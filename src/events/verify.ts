import { setImmediate } from 'node:timers/promises'
import type { Store } from '../store/store.ts'
import { type Break, beginning, follow, headBreak, type Link } from './proof.rules.ts'
import type { EventRings, Place } from './rules.ts'

export interface Verification {
  ok: boolean
  /** Events that hold, from the first that is kept. */
  checked: number
  /** The first seq that is changed, missing or out of its place. */
  firstBad: number | null
  /** Where what is from there on was sealed under master keys that this server was not given: their ids. */
  missingMasterKeys?: string[]
}

export interface ChainDeps {
  store: Store
  /** Old keys too. */
  rings: EventRings
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
    const head = await store.get(account, 'heads', account)
    const page = await store.page(account, 'events', { after: behind(at), limit: EVENTS_AT_ONCE })
    const { last, broken } = follow(rings, at, page.items)
    const isLast = page.next === null
    const bad =
      broken ??
      (isLast
        ? (headBreak(rings, head, { before: at, page: page.items, last }) ?? (await retreat(store, account, last)))
        : null)
    if (bad !== null) {
      // Or the events that come next were removed after their time, since we looked where the log begins.
      const begins = await findBeginning(deps, account)
      if (begins.seq <= at.seq) {
        const missing = await missingKeys(deps, account, at, bad)
        const found = { ok: false, checked: checked + Math.max(0, bad.seq - at.seq - 1), firstBad: bad.seq }
        return missing.length === 0 ? found : { ...found, missingMasterKeys: missing }
      }
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
async function retreat(store: Store, account: string, last: Place): Promise<Break | null> {
  const seq = (await store.get(account, 'heads', account))?.seq ?? 0
  return seq < last.seq ? { seq: seq + 1, missingKey: null } : null
}

/** Ids of the keys without which nobody can tell whether the log holds from `bad` on; none where that is not why. */
async function missingKeys({ store, rings }: ChainDeps, account: string, at: Link, bad: Break): Promise<string[]> {
  const anchor = await store.get(account, 'anchors', account)
  const ofAnchor = at.seq === 0 && anchor !== null && !rings.anchors.all.has(anchor.sealKey) ? anchor.sealKey : null
  const first = bad.missingKey ?? ofAnchor
  if (first === null) return []
  const missing = new Set([first])
  let after = behind(at)
  for (;;) {
    const page = await store.page(account, 'events', { after, limit: EVENTS_AT_ONCE })
    for (const { macKey } of page.items) if (!rings.chain.all.has(macKey)) missing.add(macKey)
    if (page.next === null) return [...missing]
    after = page.next
    await setImmediate()
  }
}

async function findBeginning({ store, rings }: ChainDeps, account: string): Promise<Link> {
  return beginning(rings.anchors, await store.get(account, 'anchors', account))
}

/** The place in the list right behind that event, whatever its id. */
function behind({ seq }: Place): { at: number; id: string } {
  return { at: seq, id: '\uffff' }
}
