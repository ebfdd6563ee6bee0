/** Limits that hold over all instances: each counts in memory, and the flush adds up (docs/decisions/0003). */
import type { Store } from '../store/store.ts'
import { type Counted, type Tally, tallyId, tallyMerge } from './tally.rules.ts'
import type { WindowLimiter } from './window.ts'

export interface Tallies {
  /** From now on what the limiter counts is told to others, and what they count is told to it. */
  share(limiter: WindowLimiter): void
  /**
   * Tells what was counted before this call, and learns what the others have counted of the same. What the store would
   * not take is told with the next call.
   */
  flush(): Promise<void>
}

/** As many as the store sweeps with each merge, so that what is added goes again. */
const TOLD_AT_ONCE = 100
/** Of each limit in a flush; what is beyond waits for the next, so that made-up addresses cannot keep the store busy. */
const TOLD_A_FLUSH = 2_000

export function createTallies({ store, batchId }: { store: Store; batchId: () => string }): Tallies {
  const limiters: WindowLimiter[] = []
  /** Taken from the limiters, and perhaps not written. */
  let batches: { id: string; told: { limiter: WindowLimiter; counted: Counted }[] }[] = []
  let flushing: Promise<void> | null = null

  function take(): typeof batches {
    const told = limiters.flatMap((limiter) => limiter.tell(TOLD_A_FLUSH).map((counted) => ({ limiter, counted })))
    const starts = Array.from({ length: Math.ceil(told.length / TOLD_AT_ONCE) }, (_, i) => i * TOLD_AT_ONCE)
    return starts.map((start) => ({ id: batchId(), told: told.slice(start, start + TOLD_AT_ONCE) }))
  }

  async function run(): Promise<void> {
    // What the store would not take the last time goes first.
    await write()
    batches = take()
    await write()
  }

  async function write(): Promise<void> {
    for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
      const { id, told } = batch
      const counted = told.map((one) => one.counted)
      await store.merge(id, counted.map(tallyMerge))
      const refs = counted.map((one) => ({ collection: 'tallies', id: tallyId(one) }) as const)
      const totals = (await store.getMany('', refs)) as (Tally | null)[]
      for (const [i, { limiter, counted }] of told.entries()) limiter.learn(counted, totals[i]?.count ?? 0)
      batches.shift()
    }
  }

  return {
    share(limiter) {
      limiters.push(limiter)
    },
    async flush() {
      if (flushing !== null) await flushing.catch(() => {})
      flushing ??= run().finally(() => {
        flushing = null
      })
      await flushing
    },
  }
}
