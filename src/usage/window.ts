/** A limit counted in fixed windows, in memory. */
import { RateLimiterRes } from 'rate-limiter-flexible'
import RateLimiterStoreAbstract from 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js'

/** Windows kept per limit before the oldest are given up. */
const MAX_WINDOWS = 100_000

export type LimitName = 'key' | 'account' | 'address'

/** Where one limit stands: `limit` per window, `remaining` of it, and the seconds until the window ends. */
export interface LimitState {
  name: LimitName
  limit: number
  remaining: number
  resetSeconds: number
}

export function settle(state: LimitState): LimitState {
  return { ...state, remaining: Math.max(0, state.remaining) }
}

interface Window {
  count: number
  endsAt: number
}

/** rate-limiter-flexible over a bounded map and the injected clock. */
export class WindowLimiter extends RateLimiterStoreAbstract {
  readonly #windows = new Map<string, Window>()
  readonly #now: () => number

  /** @param duration of a window, in seconds */
  constructor(points: number, duration: number, now: () => number) {
    super({ storeClient: null, points, duration, keyPrefix: '' })
    this.#now = now
  }

  /** `remaining` is -1 where this one is over the limit. */
  async take(name: LimitName, of: string): Promise<LimitState> {
    const over = await this.consume(of).then(
      (res) => ({ res, over: false }),
      (res: unknown) => {
        if (res instanceof RateLimiterRes) return { res, over: true }
        throw res
      },
    )
    return {
      name,
      limit: this.points,
      remaining: over.over ? -1 : over.res.remainingPoints,
      resetSeconds: Math.max(1, Math.ceil(over.res.msBeforeNext / 1000)),
    }
  }

  async _upsert(key: string, points: number, msDuration: number): Promise<Window> {
    const now = this.#now()
    const known = this.#windows.get(key)
    // A window that ends too far ahead was opened before the clock was set back.
    if (known !== undefined && known.endsAt > now && known.endsAt - now <= msDuration) {
      known.count += points
      return known
    }
    if (this.#windows.size >= MAX_WINDOWS) this.#makeRoom(now)
    const fresh = { count: points, endsAt: now + msDuration }
    this.#windows.delete(key)
    this.#windows.set(key, fresh)
    return fresh
  }

  async _get(key: string): Promise<Window | null> {
    return this.#windows.get(key) ?? null
  }

  async _delete(key: string): Promise<boolean> {
    return this.#windows.delete(key)
  }

  _getRateLimiterRes(_key: string, changed: number, window: Window): RateLimiterRes {
    const remaining = Math.max(this.points - window.count, 0)
    return new RateLimiterRes(remaining, window.endsAt - this.#now(), window.count, window.count === changed)
  }

  #makeRoom(now: number): void {
    // Insertion order is the order in which they end.
    for (const [key, window] of this.#windows) {
      if (window.endsAt > now && this.#windows.size < MAX_WINDOWS) break
      this.#windows.delete(key)
    }
  }
}
