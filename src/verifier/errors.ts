/** What a refusal means over HTTP (RFC 6750 §3.1, RFC 9449 §7.1), and the sentence told to the caller. */
export interface Outcome {
  status: 401 | 403 | 503
  /** Null where the token is not at fault, so that no challenge is due. */
  error: 'invalid_token' | 'invalid_dpop_proof' | 'insufficient_scope' | null
  message: string
}

const invalid = (message: string) => ({ status: 401, error: 'invalid_token', message }) as const
const badProof = (message: string) => ({ status: 401, error: 'invalid_dpop_proof', message }) as const
const forbidden = (message: string) => ({ status: 403, error: 'insufficient_scope', message }) as const
const unavailable = (message: string) => ({ status: 503, error: null, message }) as const

export const OUTCOMES = {
  malformed_token: invalid('This is not a well-formed access token. Send it exactly as the issuer answered it.'),
  unsupported_type: invalid('This JWT is not an access token: its typ is not at+jwt. Send an access token.'),
  unsupported_algorithm: invalid('The access token is signed with an algorithm not accepted here. Get a new one.'),
  unknown_key: invalid('The access token is signed with a key its issuer does not publish. Get a new one.'),
  invalid_signature: invalid('The signature of the access token is wrong. Get a new one from the issuer.'),
  wrong_issuer: invalid('The access token comes from another issuer than the one trusted here.'),
  wrong_audience: invalid('The access token is meant for another API. Get one for this API.'),
  missing_claim: invalid('The access token lacks a required claim.'),
  expired: invalid('The access token has expired. Get a new one.'),
  not_yet_valid: invalid('The access token is not valid yet. Check the clocks, then try again.'),
  revoked: invalid('The access token has been revoked.'),
  suspended: invalid('The access token is suspended. Ask the owner of its API key to resume it.'),
  proof_required: invalid('The access token is bound to a key. Send it as Authorization: DPoP, with its proof.'),
  invalid_proof: badProof('The proof of possession does not fit the request and the access token.'),
  insufficient_scope: forbidden('The access token does not allow this.'),
  wrong_account: forbidden('The access token belongs to another account.'),
  wrong_holder: forbidden('The access token belongs to another holder.'),
  keys_unavailable: unavailable('The signing keys of the issuer cannot be fetched now. Try again shortly.'),
  status_unavailable: unavailable('It cannot be told now whether the access token is revoked. Try again shortly.'),
} as const satisfies Record<string, Outcome>

/** Why a token was refused. Stable: new codes may come, none changes its meaning. */
export type VerifyErrorCode = keyof typeof OUTCOMES

export interface VerifyErrorDetails {
  message?: string
  cause?: unknown
  /** Scopes the caller would need, parted by spaces. */
  scope?: string
  retryAfterSeconds?: number
}

/**
 * The only error that `verify` rejects with.
 *
 * `message` is a public sentence that says what to do and never quotes the token; `cause` is for logs only.
 */
export class VerifyError extends Error {
  override readonly name = 'VerifyError'
  readonly code: VerifyErrorCode
  /** The scopes that would have been needed, parted by spaces; only with `insufficient_scope`. */
  readonly scope: string | undefined
  /** When to try again, in seconds; only with `keys_unavailable` and `status_unavailable`. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: VerifyErrorCode, details: VerifyErrorDetails = {}) {
    super(details.message ?? OUTCOMES[code].message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.scope = details.scope
    this.retryAfterSeconds = details.retryAfterSeconds
  }
}
