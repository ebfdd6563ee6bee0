/** Work that goes on beside the requests. */

/**
 * Runs again and again with a pause between; a failure is for the next run to mend, and stop waits for the one under
 * way.
 *
 * @param tell called with the error when work begins to fail, and with null when it does not any more
 */
export function every(
  ms: number,
  work: () => Promise<void>,
  tell: (error: Error | null) => void,
): { stop: () => Promise<void> } {
  let stopped = false
  let failing = false
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  const turn = (error: Error | null): void => {
    if (failing !== (error !== null)) tell(error)
    failing = error !== null
  }
  const again = (): void => {
    timer = setTimeout(() => {
      running = work()
        .then(() => turn(null), turn)
        .finally(() => {
          if (!stopped) again()
        })
    }, ms)
  }
  again()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/** However often it is asked for, it happens once. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | null = null
  return () => {
    done ??= work()
    return done
  }
}

/** Waits that end with a beat, so that when one ends says nothing about when it was asked for. */
export interface Waits {
  /** The instant that a wait is counted from; ms of a clock of its own. */
  now: () => number
  /** Ends with the first beat at or after that instant. */
  until: (instant: number) => Promise<void>
}

const BEAT_MS = 5
/** Beats with nobody waiting before they stop. */
const QUIET_BEATS = 1000

/** The beats begin with the first `now` and not with a wait: their phase must not follow from what was waited for. */
export function createWaits(): Waits {
  let timer: NodeJS.Timeout | undefined
  let quiet = 0
  let waiting: { until: number; end: () => void }[] = []
  const beat = (): void => {
    const now = performance.now()
    const over = waiting.filter((one) => one.until <= now)
    waiting = waiting.filter((one) => one.until > now)
    for (const one of over) one.end()
    quiet = waiting.length > 0 ? 0 : quiet + 1
    if (quiet < QUIET_BEATS) return
    clearInterval(timer)
    timer = undefined
  }
  return {
    now() {
      quiet = 0
      timer ??= setInterval(beat, BEAT_MS).unref()
      return performance.now()
    },
    until: (instant) => new Promise((end) => waiting.push({ until: instant, end })),
  }
}
