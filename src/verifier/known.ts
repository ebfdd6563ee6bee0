import type { AccessToken } from './access.ts'
import type { VerificationKey } from './jwks.ts'
import type { Span } from './span.ts'

/** An access token whose signature and claims were found right, by which key, and how long its status stands. */
export interface KnownToken {
  kid: string
  key: VerificationKey
  access: AccessToken
  /** While it lasts, its status is known to be valid. */
  valid: Span
}

/**
 * Tokens seen before, so that their signatures are not checked again, nor their statuses until the list changes or must
 * be fetched again. Nothing else is remembered: whether the key is still the issuer's, the times, the proof and what a
 * route asks are looked at each time, so that a change of any of them counts at once. What was refused is not
 * remembered at all.
 */
export interface KnownTokens {
  find(token: string): KnownToken | undefined
  keep(token: string, known: KnownToken): void
}

const MAX_TOKENS = 5_000
/** So that it is at most 20 MiB of tokens, with their claims beside them; what is longer is checked each time. */
const MAX_CHARS = 4_096

/** By the whole text: the same claims under another signature are another token. The longest unused goes first. */
export function createKnownTokens(maxTokens = MAX_TOKENS): KnownTokens {
  const tokens = new Map<string, KnownToken>()
  return {
    find(token) {
      const known = tokens.get(token)
      if (known === undefined) return undefined
      tokens.delete(token)
      tokens.set(token, known)
      return known
    },
    keep(token, known) {
      if (token.length > MAX_CHARS) return
      tokens.delete(token)
      if (tokens.size >= maxTokens) tokens.delete(tokens.keys().next().value as string)
      tokens.set(token, known)
    },
  }
}
