import { VerifyError } from './errors.ts'

/** One entry of `authorization_details` (RFC 9396 §2). Latchkey's own are of type `sub_account`. */
export interface AuthorizationDetail {
  readonly type: string
  /** Id of the sub-account. */
  readonly identifier?: string
  /** Scopes granted on it. */
  readonly actions?: readonly string[]
  readonly [member: string]: unknown
}

/** The claims of an access token (RFC 9068 §2.2), named as on the wire. Times are seconds since 1970. */
export interface AccessTokenClaims {
  readonly iss: string
  /** Id of the API key, as `client_id`. */
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf?: number
  readonly jti: string
  readonly client_id: string
  /** Scopes for the whole account, parted by spaces; left out where there are none. */
  readonly scope?: string
  /** Id of the account that the API key belongs to. */
  readonly account?: string
  readonly plan?: string
  readonly entitlements?: Readonly<Record<string, unknown>>
  /** The partner, vendor … that holds the API key. */
  readonly holder?: { readonly id: string; readonly type: string; readonly externalId?: string | null }
  readonly authorization_details?: readonly AuthorizationDetail[]
  readonly cnf?: Readonly<Record<string, unknown>>
  /** `jti` of the tokens that this one was exchanged from, at most 4: denied with any of them. */
  readonly parents?: readonly string[]
  readonly status?: { readonly status_list: { readonly idx: number; readonly uri: string } }
  readonly [claim: string]: unknown
}

/** Tolerances for clocks that differ, in seconds. */
const EXP_LEEWAY = 5
const NBF_LEEWAY = 10
const IAT_LEEWAY = 60

const MAX_PARENTS = 4

type Check = (value: unknown) => boolean
const isText: Check = (value) => typeof value === 'string' && value !== ''
const isTextList: Check = (value) => Array.isArray(value) && value.every(isText)
const isSeconds: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const member = (value: unknown, name: string) => (value as Record<string, unknown>)[name]

const isHolder: Check = (value) => isObject(value) && isText(member(value, 'id')) && isText(member(value, 'type'))
const isDetail: Check = (value) =>
  isObject(value) &&
  isText(member(value, 'type')) &&
  (member(value, 'type') !== 'sub_account' ||
    (isText(member(value, 'identifier')) && isTextList(member(value, 'actions'))))
const isStatus: Check = (value) => {
  const list = isObject(value) ? member(value, 'status_list') : null
  return isObject(list) && isSeconds(member(list, 'idx')) && isText(member(list, 'uri'))
}

const REQUIRED: Record<string, Check> = {
  iss: isText,
  sub: isText,
  aud: (value) => isText(value) || (isTextList(value) && (value as string[]).length > 0),
  exp: isSeconds,
  iat: isSeconds,
  jti: isText,
  client_id: isText,
}
const OPTIONAL: Record<string, Check> = {
  nbf: isSeconds,
  scope: (value) => typeof value === 'string',
  account: isText,
  holder: isHolder,
  authorization_details: (value) => Array.isArray(value) && value.every(isDetail),
  parents: (value) => isTextList(value) && (value as string[]).length <= MAX_PARENTS,
  status: isStatus,
}

/** @throws VerifyError `missing_claim`, `wrong_issuer` */
export function checkIssuer(payload: Record<string, unknown>, issuer: string): void {
  requireShape(payload, 'iss', isText)
  if (payload.iss !== issuer) throw new VerifyError('wrong_issuer')
}

/**
 * Checks who issued the token, for whom, its shape and its times (RFC 9068 §4).
 *
 * `exp` is honoured with 5 s of leeway; `nbf` may be 10 s ahead, `iat` 60 s.
 *
 * @param now ms since 1970
 * @throws VerifyError `missing_claim` (absent, or not of the right shape), `wrong_issuer`, `wrong_audience`,
 * `expired`, `not_yet_valid`
 */
export function checkClaims(
  payload: Record<string, unknown>,
  expected: { issuer: string; audience: string },
  now: number,
): AccessTokenClaims {
  checkIssuer(payload, expected.issuer)
  requireShape(payload, 'aud', REQUIRED.aud as Check)
  if (![payload.aud].flat().includes(expected.audience)) throw new VerifyError('wrong_audience')
  for (const [name, check] of Object.entries(REQUIRED)) requireShape(payload, name, check)
  for (const [name, check] of Object.entries(OPTIONAL)) {
    if (Object.hasOwn(payload, name)) requireShape(payload, name, check)
  }
  const claims = payload as unknown as AccessTokenClaims
  checkTimes(claims, now)
  return claims
}

/**
 * @param now ms since 1970
 * @throws VerifyError `expired`, `not_yet_valid`
 */
export function checkTimes(claims: AccessTokenClaims, now: number): void {
  const seconds = now / 1000
  if (claims.exp + EXP_LEEWAY <= seconds) throw new VerifyError('expired')
  if (claims.iat - IAT_LEEWAY > seconds || (claims.nbf ?? 0) - NBF_LEEWAY > seconds) {
    throw new VerifyError('not_yet_valid')
  }
}

function requireShape(payload: Record<string, unknown>, name: string, check: Check): void {
  if (Object.hasOwn(payload, name) && check(payload[name])) return
  const message = `The access token has no ${name} claim, or one of the wrong shape. Get a new one from the issuer.`
  throw new VerifyError('missing_claim', { message })
}
