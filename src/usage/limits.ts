/**
 * Rate limits of the exchange: by key and by account as the plan says, by address for refused exchanges, and a budget
 * of their own for publishable keys. Counted in memory, so that an exchange writes nothing but where several instances
 * come to the end of a limit.
 */
import type { Catalog, PlanEntry } from '../catalog.ts'
import { addressBucket } from '../keys/addresses.rules.ts'
import { ExactLimiter } from './exact.ts'
import { WINDOW_SECONDS } from './rules.ts'
import type { Tallies } from './tallies.ts'
import { type Counts, type LimitName, type LimitState, settle, WindowLimiter } from './window.ts'

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
  /** Counts one report of leaked keys; they have a budget of their own. */
  reported(address: string): Promise<LimitDecision>
}

type Purpose = 'key' | 'account' | 'publishable address' | 'publishable account' | 'refused' | 'reported'
/** Anybody can count in the others, by as many addresses as they have: these must not cost the store more. */
const EXACT: ReadonlySet<Purpose> = new Set(['key', 'account', 'publishable account'])

/** Reports a minute, each of many keys. */
const REPORTS_PER_ADDRESS = 60

export function createExchangeLimits(catalog: Catalog, now: () => number, tallies: Tallies): ExchangeLimits {
  const limiters = new Map<string, WindowLimiter>()
  const countsOf = new Map<Purpose, Counts>()
  const limiter = (purpose: Purpose, points: number): WindowLimiter => {
    const id = `${purpose}/${points}`
    const known = limiters.get(id)
    if (known !== undefined) return known
    const counts = countsOf.get(purpose) ?? { windows: new Map(), untold: new Set() }
    countsOf.set(purpose, counts)
    const what = { purpose, points, duration: WINDOW_SECONDS, counts }
    const made = EXACT.has(purpose) ? new ExactLimiter(what, { now, tallies }) : new WindowLimiter(what, now)
    limiters.set(id, made)
    tallies.share(made)
    return made
  }
  async function takeAll(
    wanted: { name: LimitName; purpose: Purpose; points: number | null; of: string }[],
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
    reported(address) {
      return takeAll([
        { name: 'address', purpose: 'reported', points: REPORTS_PER_ADDRESS, of: addressBucket(address) },
      ])
    },
  }
}
