/** One status list: its last good signed copy, what the stream has told since, and when it must be fetched again. */
import { VerifyError } from './errors.ts'
import type { KeySource } from './jwks.ts'
import { createRefresh, PAUSE_MS } from './refresh.ts'
import type { Remote } from './remote.ts'
import { isWithin, NEVER, type Span } from './span.ts'
import { STATUS, statusAt } from './status-list.ts'
import { fetchStatusList, MAX_AHEAD_SECONDS, type StatusList } from './status-token.ts'
import { createTightening, type StatusEvent } from './tightening.ts'

export interface StatusRules {
  /** What becomes of tokens whose status cannot be told: `closed` refuses them, `open` accepts them. */
  failure: 'closed' | 'open'
  /** How long a list is gone by after it was fetched, or after its `ttl` since it was signed, if that was before. */
  maxStaleSeconds: number
}

/** How well one status list is known. */
export interface ListFreshness {
  uri: string
  /** The highest version known, be it fetched or told by the stream; 0 where there is none. */
  version: number
  /** When it was last fetched, or found unchanged; null where it never was. */
  checkedAt: Date | null
  /** Seconds since it was signed. */
  ageSeconds: number | null
  /**
   * `fresh` within its `ttl`; `stale` beyond it; `behind` where the stream speaks of a later version than is known: both
   * end when a token next names the list and it can be fetched, and until then the last good list stands in.
   * `unavailable` where it cannot: tokens are refused, or with `failure: 'open'` accepted.
   */
  state: 'fresh' | 'stale' | 'behind' | 'unavailable'
}

export interface FoundStatus {
  /** One of `STATUS`, or another value of the list. */
  value: number
  /** For so long the same would be found again, without a request; any change ends it. */
  span: Span
}

export interface HeldList {
  /**
   * @param jtis ids of the token and of those it was exchanged from
   * @throws VerifyError `status_unavailable`
   */
  read(idx: number, jtis: readonly string[]): Promise<FoundStatus>
  /** The stream tells of a change. */
  tell(event: StatusEvent): void
  /** The stream speaks of this version: whoever knows less has missed something. */
  demand(version: number): void
  /** The stream cannot say what was missed. */
  doubt(): void
  /** It is told nothing any more: whoever reads it must read it anew each time. */
  forget(): void
  freshness(): ListFreshness
}

export interface StatusSources {
  issuer: string
  remote: Remote
  keys: KeySource
  /** ms since 1970 */
  now: () => number
  /** From 0 up to 1. */
  random: () => number
}

/** A loosening is no emergency: all who follow the stream fetch the list within this time, and not at once. */
const SPREAD_MS = 2_000

export function createHeldList(uri: string, sources: StatusSources, rules: StatusRules): HeldList {
  const { now, random } = sources
  const tightening = createTightening()
  let list: StatusList | null = null
  /** Of the newest list ever seen. */
  let version = 0
  /** Up to here nothing is missing in what the stream has told. */
  let told = 0
  let demanded = 0
  let loosened: { version: number; dueAt: number } | null = null
  /** The issuer says there is no such list: not an outage, so no failure rule helps. */
  let gone = false
  /** Given out with what was found valid; null where none was since the last change. */
  let span: { from: number; until: number } | null = null
  let forgotten = false

  const known = (): number => Math.max(version, told)
  const refresh = createRefresh(fetchAgain, now, () => {
    if (isBehind()) return PAUSE_MS.behind
    return stands(list) ? PAUSE_MS.withLastGood : PAUSE_MS.withNothing
  })

  async function fetchAgain(): Promise<void> {
    const answer = await fetchStatusList({ ...sources, uri, last: list })
    change()
    gone = answer === 'gone'
    if (answer === 'gone') {
      list = null
      throw new Error(`${uri} does not exist`)
    }
    if (answer.version < version) throw new Error(`${uri} went back from version ${version}`)
    if (!isYoung(answer)) throw new Error(`${uri} was signed too long ago`)
    list = answer
    version = answer.version
    tightening.settle(version)
    if (loosened !== null && loosened.version <= version) loosened = null
    if (isBehind()) throw new Error(`${uri} is still at version ${version}`)
  }

  /** What was found before must be looked at again. */
  function change(): void {
    if (span !== null) span.until = NEVER.until
    span = null
  }

  function isBehind(): boolean {
    return known() < demanded || tightening.full || (loosened !== null && loosened.dueAt <= now())
  }

  function isYoung(one: StatusList): boolean {
    return youngFrom(one) <= now() && now() <= lastYoungAt(one) && now() < one.expiresAt
  }

  function youngFrom({ issuedAt }: StatusList): number {
    return issuedAt - MAX_AHEAD_SECONDS * 1000
  }

  function lastYoungAt({ issuedAt, fetchedAt, ttlSeconds }: StatusList): number {
    // Good for its ttl when it was signed: an instance that is cut off answers on, and cannot make it younger.
    return Math.min(fetchedAt, issuedAt + ttlSeconds * 1000) + rules.maxStaleSeconds * 1000
  }

  /** Whether a token that the list does not refuse may be accepted by it. */
  function stands(one: StatusList | null): one is StatusList {
    return one !== null && isYoung(one) && !tightening.full
  }

  function isFresh({ fetchedAt, freshUntil }: StatusList): boolean {
    return isWithin({ from: fetchedAt, until: freshUntil }, now())
  }

  function isCurrent(): boolean {
    return stands(list) && isFresh(list) && !isBehind()
  }

  /** As long as `isCurrent` cannot change with the time alone. */
  function currentSpan(one: StatusList): Span {
    if (forgotten || !isCurrent()) return NEVER
    span ??= {
      from: Math.max(one.fetchedAt, youngFrom(one)),
      until: Math.min(one.freshUntil, lastYoungAt(one), loosened?.dueAt ?? Number.POSITIVE_INFINITY),
    }
    return span
  }

  function look(idx: number, jtis: readonly string[]): number | null {
    if (jtis.some((jti) => list?.denied.has(jti) || tightening.denies(jti))) return STATUS.invalid
    return tightening.value(idx, list === null ? null : statusAt(list.statuses, idx))
  }

  const unavailable = (cause: unknown) =>
    new VerifyError('status_unavailable', { cause, retryAfterSeconds: refresh.waitSeconds })

  return {
    async read(idx, jtis) {
      if (!isCurrent()) await refresh.run()
      const value = look(idx, jtis)
      // However old: what was refused is not accepted for want of news.
      if (value !== null && value !== STATUS.valid) return { value, span: NEVER }
      if (!stands(list)) {
        if (rules.failure === 'open' && !gone) return { value: STATUS.valid, span: NEVER }
        throw unavailable(refresh.failure)
      }
      if (value === null) throw unavailable(new RangeError(`index ${idx} is outside of ${uri}`))
      return { value, span: currentSpan(list) }
    },
    tell(event) {
      if (event.version <= version) return
      change()
      const follows = event.since <= known()
      tightening.apply(event)
      if (follows) told = Math.max(told, event.version)
      else demanded = Math.max(demanded, event.version)
      if (!tightens(event)) {
        loosened = { version: event.version, dueAt: loosened?.dueAt ?? now() + random() * SPREAD_MS }
      }
    },
    demand(asked) {
      change()
      demanded = Math.max(demanded, asked)
    },
    doubt() {
      change()
      if (list !== null) list = { ...list, freshUntil: list.fetchedAt }
      demanded = Math.max(demanded, told)
      told = 0
    },
    forget() {
      change()
      forgotten = true
    },
    freshness() {
      if (list === null) return { uri, version: known(), checkedAt: null, ageSeconds: null, state: 'unavailable' }
      const current = isFresh(list) ? 'fresh' : 'stale'
      const usable = isBehind() ? 'behind' : current
      return {
        uri,
        version: known(),
        checkedAt: new Date(list.fetchedAt),
        ageSeconds: Math.max(0, now() - list.issuedAt) / 1000,
        state: stands(list) ? usable : 'unavailable',
      }
    },
  }
}

/** A version that makes nothing stricter has made something less strict, which only the signed list may tell. */
function tightens({ changed, denied }: StatusEvent): boolean {
  return denied.length > 0 || changed.some(({ value }) => value !== STATUS.valid)
}
