/**
 * The checks of one access token, in order, from sources that the caller chooses.
 *
 * Not a published entry: `createVerifier` gives it remote sources, the Latchkey server its own keys and statuses.
 */
import { type AccessToken, checkExpectations, createAccessToken, type Expectations } from './access.ts'
import { checkBinding } from './binding.ts'
import { type AccessTokenClaims, checkClaims, checkIssuer, checkTimes } from './claims.ts'
import { VerifyError } from './errors.ts'
import type { KeySource } from './jwks.ts'
import { checkSignature, type ParsedJws, parseJws } from './jws.ts'
import type { KnownToken, KnownTokens } from './known.ts'
import type { ReplayGuard } from './replay.ts'
import { ALWAYS, isWithin, NEVER, type Span } from './span.ts'
import type { StatusSource } from './status.ts'
import { STATUS } from './status-list.ts'

/** Whom a token is trusted from, and where what is needed to check it comes from. */
export interface TrustSources {
  issuer: string
  audience: string
  keys: KeySource
  /** Null: revocation is not checked. */
  status: StatusSource | null
  requireStatus: boolean
  /** ms since 1970 */
  now: () => number
}

const MAX_TOKEN_CHARS = 16 * 1024
/** Cut or mistyped keys too, so that their owner gets the same good advice. */
const API_KEY = /^lk_[a-z][a-z0-9]{0,15}_(?:sk|pk)_/
const LIST_ID = /^[A-Za-z0-9_-]{1,64}$/

/**
 * Verifies an access token (RFC 9068 §4).
 *
 * Keys are asked for only once the header and the issuer named in the payload fit, a status only once everything
 * else about the token is known to be right (Token Status List §8.3).
 *
 * @throws VerifyError and nothing else
 */
export async function verifyToken(
  trust: TrustSources & { replay: ReplayGuard; known: KnownTokens },
  token: string,
  expect: Expectations = {},
): Promise<AccessToken> {
  const known = (await recall(trust, token)) ?? (await readNew(trust, token))
  const { access } = known
  const proof = await checkBinding(token, access.claims, expect.dpop, trust.now())
  if (!isWithin(known.valid, trust.now())) known.valid = await checkStatus(access.claims, trust)
  checkExpectations(access, expect)
  if (proof !== null) trust.replay.use(proof)
  return access
}

/**
 * As {@link verifyToken}, but for the binding, which is `judgeBinding`'s; for an issuer that reads its own tokens.
 */
export async function verifyIssued(
  trust: TrustSources,
  token: string,
  judgeBinding: (claims: AccessTokenClaims) => Promise<void> = async () => {},
): Promise<AccessTokenClaims> {
  const { claims } = await readSigned(trust, token)
  await judgeBinding(claims)
  await checkStatus(claims, trust)
  return claims
}

/** A token seen before whose key is still the very one that it was checked with. */
async function recall(
  { keys, known, now }: TrustSources & { known: KnownTokens },
  token: string,
): Promise<KnownToken | null> {
  const found = known.find(token)
  if (found === undefined || (await keys.find(found.kid)) !== found.key) return null
  checkTimes(found.access.claims, now())
  return found
}

async function readNew(trust: TrustSources & { known: KnownTokens }, token: string): Promise<KnownToken> {
  const { claims, kid, key } = await readSigned(trust, token)
  const read = { kid, key, access: createAccessToken(claims), valid: NEVER }
  trust.known.keep(token, read)
  return read
}

async function readSigned(trust: TrustSources, token: string) {
  const jws = parseAccessToken(token, trust.issuer)
  checkIssuer(jws.payload, trust.issuer)
  const key = await checkSignature(jws, trust.keys)
  return { claims: checkClaims(jws.payload, trust, trust.now()), kid: jws.kid, key }
}

function parseAccessToken(token: unknown, issuer: string): ParsedJws {
  if (typeof token !== 'string') throw new VerifyError('malformed_token')
  if (API_KEY.test(token)) {
    const message = `This is an API key, not an access token. Exchange it at POST ${issuer}/jwts and send what that answers.`
    throw new VerifyError('malformed_token', { message })
  }
  return parseJws(token, 'at+jwt', MAX_TOKEN_CHARS)
}

/** @returns for how long it need not be asked again */
async function checkStatus(claims: AccessTokenClaims, { issuer, status, requireStatus }: TrustSources): Promise<Span> {
  const reference = claims.status?.status_list
  if (reference === undefined) {
    if (!requireStatus) return ALWAYS
    throw new VerifyError('missing_claim', { message: 'The access token has no status claim, which is needed here.' })
  }
  if (status === null) return ALWAYS
  const { uri, idx } = reference
  // One plain segment below the issuer's own route: the token may not send the verifier anywhere else.
  const list = uri.startsWith(`${issuer}/status/`) ? uri.slice(`${issuer}/status/`.length) : ''
  if (!LIST_ID.test(list)) throw new VerifyError('status_unavailable', { cause: new Error(`foreign list ${uri}`) })
  const { value, span } = await status.read({ uri, idx, jtis: [claims.jti, ...(claims.parents ?? [])] })
  if (value === STATUS.valid) return span
  throw new VerifyError(value === STATUS.suspended ? 'suspended' : 'revoked')
}
