/** A limit counted in fixed windows: in memory, with what other instances have told of theirs. */
import { RateLimiterRes } from 'rate-limiter-flexible'
import RateLimiterStoreAbstract from 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js'
import type { Counted } from './tally.rules.ts'

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
  /** Counted here. */
  own: number
  /** Of that, what the others were told, or will have been by the tally under way. */
  told: number
  /** Counted by the others, as far as is known. */
  elsewhere: number
  endsAt: number
}

/** rate-limiter-flexible over a bounded map and the injected clock. Windows begin at the same instants everywhere. */
export class WindowLimiter extends RateLimiterStoreAbstract {
  readonly #windows = new Map<string, Window>()
  /** Counted in since others were told of it. */
  readonly #untold = new Set<string>()
  readonly #now: () => number
  /** What is limited; the same in every instance. */
  readonly purpose: string

  /** @param duration of a window, in seconds */
  constructor(purpose: string, points: number, duration: number, now: () => number) {
    super({ storeClient: null, points, duration, keyPrefix: '' })
    this.purpose = purpose
    this.#now = now
  }

  /** Counts one; `remaining` is -1 where it is over the limit. */
  async take(name: LimitName, of: string): Promise<LimitState> {
    await this.consume(of).catch((res: unknown) => {
      if (!(res instanceof RateLimiterRes)) throw res
    })
    return this.look(name, of)
  }

  /** Where the limit stands, without counting. */
  look(name: LimitName, of: string): LimitState {
    const now = this.#now()
    const { own, elsewhere, endsAt } = this.#current(of, this.duration * 1000)
    const remaining = Math.max(-1, this.points - own - elsewhere)
    return { name, limit: this.points, remaining, resetSeconds: Math.max(1, Math.ceil((endsAt - now) / 1000)) }
  }

  /** What the others have not been told of, at most `limit` windows of it; from now on it counts as told. */
  tell(limit: number): Counted[] {
    const counted: Counted[] = []
    for (const of of this.#untold) {
      if (counted.length === limit) break
      this.#untold.delete(of)
      const window = this.#windows.get(of)
      if (window === undefined || window.endsAt <= this.#now()) continue
      counted.push({ purpose: this.purpose, of, endsAt: window.endsAt, count: window.own - window.told })
      window.told = window.own
    }
    return counted
  }

  /** @param total of all instances, what was told from here included */
  learn({ of, endsAt }: Counted, total: number): void {
    const window = this.#windows.get(of)
    if (window?.endsAt === endsAt) window.elsewhere = Math.max(0, total - window.told)
  }

  async _upsert(key: string, points: number, msDuration: number): Promise<Window> {
    const window = this.#current(key, msDuration)
    window.own += points
    this.#untold.add(key)
    return window
  }

  async _get(key: string): Promise<Window | null> {
    return this.#windows.get(key) ?? null
  }

  async _delete(key: string): Promise<boolean> {
    return this.#windows.delete(key)
  }

  _getRateLimiterRes(_key: string, changed: number, { own, elsewhere, endsAt }: Window): RateLimiterRes {
    const remaining = Math.max(this.points - own - elsewhere, 0)
    return new RateLimiterRes(remaining, endsAt - this.#now(), own + elsewhere, own === changed)
  }

  #current(key: string, msDuration: number): Window {
    const now = this.#now()
    const endsAt = (Math.floor(now / msDuration) + 1) * msDuration
    const known = this.#windows.get(key)
    if (known?.endsAt === endsAt) return known
    if (this.#windows.size >= MAX_WINDOWS) this.#makeRoom(now)
    const fresh = { own: 0, told: 0, elsewhere: 0, endsAt }
    this.#windows.delete(key)
    this.#windows.set(key, fresh)
    return fresh
  }

  #makeRoom(now: number): void {
    // Insertion order is the order in which they end.
    for (const [key, window] of this.#windows) {
      if (window.endsAt > now && this.#windows.size < MAX_WINDOWS) break
      this.#windows.delete(key)
      this.#untold.delete(key)
    }
  }
}
