/** Who is sure of what was used: every instance holds up to a second of uses that nobody else knows of. */

/** A running server, as the others see it. */
export interface Instance {
  id: string
  account: ''
  /** Flushes that others asked for. */
  asked: number
  /** Of those, the last that was answered by a flush begun after it was asked for. */
  answered: number
  /** Rewritten now and then, UTC ms. Left behind by an instance that was killed. */
  seenAt: number
}

/** How often an instance says that it is there. */
export const SEEN_EVERY_MS = 15_000
/** An instance that has not been seen for this long is gone: it used nothing since. */
export const GONE_AFTER_MS = 60_000
/** What became of an instance is remembered for 31 days; of a time before, nothing can be said. */
const REMEMBERED_MS = 30 * 86_400_000

/** Whether what the instance may hold can concern something made at `since`. */
export function concerns({ seenAt }: Pick<Instance, 'seenAt'>, since: number): boolean {
  return seenAt + GONE_AFTER_MS >= since
}

/** Whether instances that are gone may all have been forgotten since. */
export function forgotten(since: number, now: number): boolean {
  return since < now - REMEMBERED_MS
}
