/**
 * Rate limits of the exchange: by key and by account as the plan says, by address for refused exchanges, and a budget
 * of their own for publishable keys. Counted in memory, so that an exchange writes nothing.
 */
import { RateLimiterRes } from 'rate-limiter-flexible'
import RateLimiterStoreAbstract from 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js'
import type { Catalog, PlanEntry } from '../catalog.ts'
import { addressBucket } from '../keys/addresses.rules.ts'
import { WINDOW_SECONDS } from './rules.ts'

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

export type LimitDecision = { ok: true; states: LimitState[] } | { ok: false; states: LimitState[]; hit: LimitState }

export interface ExchangeLimits {
  /** Counts one exchange of an authentic key. */
  take(
    key: { id: string; account: string; publishable: boolean },
    plan: PlanEntry | undefined,
    address: string,
  ): Promise<LimitDecision>
  /** Counts one refused exchange of an address; `ok: false` once it has had its share. */
  refused(address: string): Promise<LimitDecision>
}

export function createExchangeLimits(catalog: Catalog, now: () => number): ExchangeLimits {
  const limiters = new Map<string, WindowLimiter>()
  const limiter = (purpose: string, points: number): WindowLimiter => {
    const id = `${purpose}/${points}`
    const known = limiters.get(id) ?? new WindowLimiter(points, now)
    limiters.set(id, known)
    return known
  }
  async function takeAll(
    wanted: { name: LimitName; purpose: string; points: number | null; of: string }[],
  ): Promise<LimitDecision> {
    const states: LimitState[] = []
    for (const { name, purpose, points, of } of wanted) {
      if (points === null) continue
      const state = await limiter(purpose, points).take(name, of)
      states.push(state)
      if (state.remaining < 0) return { ok: false, states: states.map(settle), hit: settle(state) }
    }
    return { ok: true, states }
  }
  return {
    take(key, plan, address) {
      if (key.publishable) {
        const { publishablePerMinute, publishablePerMinutePerAddress } = catalog.limits
        return takeAll([
          {
            name: 'address',
            purpose: 'publishable address',
            points: publishablePerMinutePerAddress,
            of: `${key.id} ${addressBucket(address)}`,
          },
          { name: 'account', purpose: 'publishable account', points: publishablePerMinute, of: key.account },
        ])
      }
      return takeAll([
        { name: 'key', purpose: 'key', points: plan?.limits.exchangesPerMinutePerKey ?? null, of: key.id },
        { name: 'account', purpose: 'account', points: plan?.limits.exchangesPerMinute ?? null, of: key.account },
      ])
    },
    refused(address) {
      return takeAll([
        {
          name: 'address',
          purpose: 'refused',
          points: catalog.limits.refusedPerMinutePerAddress,
          of: addressBucket(address),
        },
      ])
    },
  }
}

function settle(state: LimitState): LimitState {
  return { ...state, remaining: Math.max(0, state.remaining) }
}

interface Window {
  count: number
  endsAt: number
}

/** rate-limiter-flexible over a bounded map and the injected clock. */
class WindowLimiter extends RateLimiterStoreAbstract {
  readonly #windows = new Map<string, Window>()
  readonly #now: () => number

  constructor(points: number, now: () => number) {
    super({ storeClient: null, points, duration: WINDOW_SECONDS, keyPrefix: '' })
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
