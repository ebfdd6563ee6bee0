import { isWithin, NEVER, type Span } from './span.ts'

/** One attempt at a time, and a pause after each failed one: an outage must not slow, or be fed by, every request. */
export interface Refresh {
  /** True when the attempt, or the one already under way, succeeded; false when it failed or it is too early. */
  run(): Promise<boolean>
  readonly running: boolean
  /** Why the latest attempt failed; null after a success and before the first. */
  readonly failure: unknown
  /** Seconds, at least 1, until the next attempt may be made. */
  readonly waitSeconds: number
}

/**
 * Pauses after a failed attempt, in ms: shorter where nothing is at hand and every request is refused meanwhile, and
 * shortest where it is known that there is something newer, which another instance of the issuer has already.
 */
export const PAUSE_MS = { withLastGood: 5000, withNothing: 1000, behind: 300 }

export function createRefresh(attempt: () => Promise<void>, now: () => number, pauseMs: () => number): Refresh {
  let flight: Promise<boolean> | null = null
  let pause: Span = NEVER
  let failure: unknown = null

  async function once(): Promise<boolean> {
    try {
      await attempt()
      failure = null
      return true
    } catch (error) {
      failure = error
      const failedAt = now()
      pause = { from: failedAt, until: failedAt + pauseMs() }
      return false
    } finally {
      flight = null
    }
  }

  return {
    run() {
      if (flight === null && failure !== null && isWithin(pause, now())) return Promise.resolve(false)
      flight ??= once()
      return flight
    },
    get running() {
      return flight !== null
    },
    get failure() {
      return failure
    },
    get waitSeconds() {
      return Math.max(1, Math.ceil((pause.until - now()) / 1000))
    },
  }
}
