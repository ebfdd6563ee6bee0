import { Refusal, type RefusalFacts } from '../errors.ts'
import type { LimitDecision } from './limits.ts'
import { WINDOW_SECONDS } from './rules.ts'
import type { LimitState } from './window.ts'

/** 429, telling whose limit it was: where it is the account's, another key will not help. */
export function rateLimited(decision: LimitDecision & { ok: false }): Refusal {
  const { hit, states } = decision
  const whose = { key: 'this key', account: 'the whole account; another key will not help', address: 'your address' }[
    hit.name
  ]
  const facts: RefusalFacts = {
    detail: `The limit of ${hit.limit} a minute for ${whose} is used up. Wait ${hit.resetSeconds} s.`,
    limit: hit.name,
    retryAfterSeconds: hit.resetSeconds,
    headers: limitHeaders(states),
  }
  return new Refusal('rate_limited', facts)
}

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11). */
export function limitHeaders(states: readonly LimitState[]): Record<string, string> {
  if (states.length === 0) return {}
  return {
    'RateLimit-Policy': states.map((s) => `"${s.name}";q=${s.limit};w=${WINDOW_SECONDS}`).join(', '),
    RateLimit: states.map((s) => `"${s.name}";r=${s.remaining};t=${s.resetSeconds}`).join(', '),
  }
}
