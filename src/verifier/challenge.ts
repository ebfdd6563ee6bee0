import { STATUS_CODES } from 'node:http'
import { OUTCOMES, type VerifyError } from './errors.ts'
import { PROOF_ALGORITHMS } from './proof.ts'

/** An answer that refuses a request. */
export interface Refusal {
  status: number
  headers: Record<string, string>
  /** Problem details (RFC 9457), as JSON text. */
  body: string
}

/** How an access token is sent: as the bearer of it (RFC 6750), or with a proof of its key (RFC 9449). */
export type Scheme = 'Bearer' | 'DPoP'

/** What every challenge of a resource server says about it. */
export interface Realm {
  realm: string
  issuer: string
  /** In the order in which they are offered. */
  schemes: readonly Scheme[]
  /** URL of the protected resource metadata (RFC 9728 §5.1). */
  resourceMetadata?: string | undefined
}

type Attributes = Record<string, string | undefined>

const DEFAULT_RETRY_SECONDS = 5

/** No credentials, or of a scheme not taken here: the challenges name no error (RFC 6750 §3.1, RFC 9449 §7.2). */
export function refuseMissing(realm: Realm): Refusal {
  const bound = realm.schemes.includes('DPoP') ? ', or as Authorization: DPoP if it is bound to a key' : ''
  const detail = `Send an access token as Authorization: Bearer${bound}. Get one at POST ${realm.issuer}/jwts.`
  return refuse(401, 'missing_token', detail, challenge(realm, realm.schemes, {}))
}

/** Credentials that cannot be told apart or read at all. */
export function refuseAmbiguous(realm: Realm): Refusal {
  const proof = realm.schemes.includes('DPoP') ? ' and at most one DPoP header' : ''
  const detail = `Send exactly one Authorization header, with exactly one access token${proof}.`
  const attributes = { error: 'invalid_request', error_description: detail }
  return refuse(400, 'invalid_request', detail, challenge(realm, realm.schemes, attributes))
}

/** @param sentAs how the token came; the challenge is of the same scheme, unless it is the scheme that was wrong */
export function refuseToken(realm: Realm, sentAs: Scheme, refused: VerifyError): Refusal {
  const { code, message, scope, retryAfterSeconds } = refused
  const { status, error } = OUTCOMES[code]
  if (error === null) {
    return refuse(status, code, message, { 'Retry-After': String(retryAfterSeconds ?? DEFAULT_RETRY_SECONDS) })
  }
  const wanted = code === 'proof_required' && realm.schemes.includes('DPoP') ? 'DPoP' : sentAs
  return refuse(status, code, message, challenge(realm, [wanted], { error, error_description: message, scope }))
}

function refuse(status: number, code: string, detail: string, headers: Record<string, string>): Refusal {
  return {
    status,
    headers: { ...headers, 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json' },
    body: JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail, code }),
  }
}

/** One header with a challenge for each scheme (RFC 9110 §11.6.1). */
function challenge({ realm, resourceMetadata }: Realm, schemes: readonly Scheme[], attributes: Attributes) {
  const challenges = schemes.map((scheme) => {
    const algs = scheme === 'DPoP' ? PROOF_ALGORITHMS.join(' ') : undefined
    const all: Attributes = { realm, ...attributes, algs, resource_metadata: resourceMetadata }
    const written = Object.entries(all).filter((entry): entry is [string, string] => Boolean(entry[1]))
    return `${scheme} ${written.map(([name, value]) => `${name}="${printable(value)}"`).join(', ')}`
  })
  return { 'WWW-Authenticate': challenges.join(', ') }
}

/** The characters that RFC 6750 §3 allows; anything else could end the quoted string, or the header. */
function printable(value: string): string {
  return value.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?')
}
