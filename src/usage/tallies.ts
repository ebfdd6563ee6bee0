/** Limits that hold over all instances: each counts in memory, and the store adds up (docs/decisions/0003). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../store/store.ts'
import { AskedWindows } from './asked.ts'
import type { Crowd } from './crowd.ts'
import { type Counted, type Tally, tallyId, tallyMerge } from './tally.rules.ts'
import type { WindowLimiter } from './window.ts'

export interface Tallies {
  /** From now on what the limiter counts is told to others, and what they count is told to it. */
  share(limiter: WindowLimiter): void
  /**
   * Tells what was counted before this call, and learns what the others have counted of the same. What the store would
   * not take is told with the next call.
   *
   * @throws StoreUnavailable
   */
  flush(): Promise<void>
  /** What of `points` may be used here, in a window that began at `startsAt` (UTC ms), before the others are asked. */
  portion(points: number, startsAt: number): number
  /** Has all instances tell what they used of a window, and from then on each use before it is given. */
  ask(id: string, endsAt: number): void
  /** Flushes until no limiter has anything that waits. */
  hurry(): void
  isAsked(id: string): boolean
  anyAsked(): boolean
  /** Whether all have answered. */
  isSettled(id: string): boolean
}

/** In one merge. */
const TOLD_AT_ONCE = 100
/** Of each limit in a flush; what is beyond waits for the next, so that made-up addresses cannot keep the store busy. */
const TOLD_A_FLUSH = 2_000
const BETWEEN_LOOKS_MS = 25

interface Telling {
  id: string
  endsAt: number
  count: number
  answers: boolean
  /** Null for a window that nothing was counted in here. */
  told: { limiter: WindowLimiter; counted: Counted } | null
}

interface Deps {
  store: Store
  crowd: Crowd
  /** The id of this instance. */
  instance: string
  batchId: () => string
  /** UTC ms */
  now: () => number
}

export function createTallies(deps: Deps): Tallies {
  const { store, crowd, instance, batchId } = deps
  const limiters: WindowLimiter[] = []
  const asked = new AskedWindows(deps)
  /** Taken from the limiters, and perhaps not written. */
  let batches: { id: string; tellings: Telling[] }[] = []
  let flushing: Promise<void> | null = null
  let hurrying = false

  function take(): typeof batches {
    const due = asked.answer()
    const ids = new Set(due.keys())
    const tellings = limiters.flatMap((limiter) =>
      limiter.tell(TOLD_A_FLUSH, ids).map((counted): Telling => {
        const { endsAt, count } = counted
        const id = tallyId(counted)
        return { id, endsAt, count, answers: due.delete(id), told: { limiter, counted } }
      }),
    )
    for (const [id, { endsAt }] of due) tellings.push({ id, endsAt, count: 0, answers: true, told: null })
    const starts = Array.from({ length: Math.ceil(tellings.length / TOLD_AT_ONCE) }, (_, i) => i * TOLD_AT_ONCE)
    return starts.map((start) => ({ id: batchId(), tellings: tellings.slice(start, start + TOLD_AT_ONCE) }))
  }

  async function run(): Promise<void> {
    // What the store would not take the last time goes first.
    await write()
    await asked.look()
    batches = take()
    await write()
  }

  async function write(): Promise<void> {
    for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
      const { id, tellings } = batch
      const merges = tellings.map((one) => tallyMerge(one, one.answers ? instance : null))
      const tallies = (await store.merge(id, merges)) as (Tally | null)[]
      for (const [i, tally] of tallies.entries()) {
        if (tally !== null) asked.hear(tally)
        const told = tellings[i]?.told
        // One that is gone was of a window long over.
        told?.limiter.learn(told.counted, tally?.count ?? Number.POSITIVE_INFINITY)
      }
      batches.shift()
    }
  }

  async function flush(): Promise<void> {
    if (flushing !== null) await flushing.catch(() => {})
    flushing ??= run().finally(() => {
      flushing = null
    })
    await flushing
  }

  async function hurry(): Promise<void> {
    if (hurrying) return
    hurrying = true
    try {
      for (;;) {
        await flush()
        if (!limiters.some((limiter) => limiter.waits)) return
        if (!limiters.some((limiter) => limiter.canTell)) await sleep(BETWEEN_LOOKS_MS)
      }
    } catch (error) {
      for (const limiter of limiters) limiter.giveUp(error)
    } finally {
      hurrying = false
    }
  }

  return {
    share(limiter) {
      limiters.push(limiter)
    },
    flush,
    hurry: () => void hurry(),
    portion: crowd.portion,
    ask: (id, endsAt) => asked.ask(id, endsAt),
    isAsked: (id) => asked.has(id),
    anyAsked: () => asked.size > 0,
    isSettled: (id) => asked.isSettled(id),
  }
}
