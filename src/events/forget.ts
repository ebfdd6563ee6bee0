import { EVERY_ACCOUNT, type Position } from '../store/store.ts'
import { beginning, follow, sealAnchor } from './proof.rules.ts'
import type { ChainDeps } from './verify.ts'

const ACCOUNTS_A_RUN = 200
const EVENTS_A_COMMIT = 200
const DAY_MS = 86_400_000

/**
 * Removes events older than `keepDays`, with each call from the next few accounts, a few from each; null: none is ever
 * removed. What is removed leaves an anchor, so the rest can still be proven.
 */
export function createForgetEvents(
  deps: ChainDeps & { keepDays: number | null; now: () => number },
): () => Promise<void> {
  const { store, keepDays, now } = deps
  let after: Position | null = null
  return async () => {
    if (keepDays === null) return
    const page = await store.page(EVERY_ACCOUNT, 'heads', { limit: ACCOUNTS_A_RUN, ...(after && { after }) })
    after = page.next
    const broken: string[] = []
    for (const { account } of page.items) {
      if (!(await forget(deps, account, now() - keepDays * DAY_MS))) broken.push(account)
    }
    if (broken.length === 0) return
    throw new Error(`the event log does not hold, so nothing was removed from it: ${broken.join(', ')}`)
  }
}

/** False where the events do not follow from what stands before them: an anchor on them would hide that. */
async function forget({ store, rings }: ChainDeps, account: string, before: number): Promise<boolean> {
  const anchor = await store.get(account, 'anchors', account)
  const { items } = await store.page(account, 'events', { limit: EVENTS_A_COMMIT })
  const kept = items.findIndex(({ time }) => time >= before)
  const old = kept < 0 ? items : items.slice(0, kept)
  if (old.length === 0) return true
  const { last, broken } = follow(rings, beginning(rings.anchors, anchor), old)
  if (broken !== null) {
    // Or another instance was faster.
    return (await store.get(account, 'anchors', account))?.rev !== anchor?.rev
  }
  const document = sealAnchor(rings.anchors, account, last)
  await store.commit(account, {
    remove: old.map((event) => ({ collection: 'events', document: event }) as const),
    ...(anchor === null
      ? { insert: [{ collection: 'anchors', document }] }
      : { replace: [{ collection: 'anchors', document: { ...document, rev: anchor.rev } }] }),
  })
  return true
}
