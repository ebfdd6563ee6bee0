import { STATUS_CODES } from 'node:http'
import { OUTCOMES, type VerifyError } from './errors.ts'

/** An answer that refuses a request. */
export interface Refusal {
  status: number
  headers: Record<string, string>
  /** Problem details (RFC 9457), as JSON text. */
  body: string
}

/** What every challenge of a resource server says about it. */
export interface Realm {
  realm: string
  issuer: string
  /** URL of the protected resource metadata (RFC 9728 §5.1). */
  resourceMetadata?: string | undefined
}

const DEFAULT_RETRY_SECONDS = 5

/** No credentials: the challenge names no error (RFC 6750 §3.1). */
export function refuseMissing(realm: Realm): Refusal {
  const detail = `Send an access token as Authorization: Bearer. Get one at POST ${realm.issuer}/jwts.`
  return refuse(401, 'missing_token', detail, { 'WWW-Authenticate': challenge(realm, {}) })
}

/** Credentials that cannot be told apart or read at all. */
export function refuseAmbiguous(realm: Realm): Refusal {
  const detail = 'Send exactly one Authorization header, with exactly one access token.'
  const attributes = { error: 'invalid_request', error_description: detail }
  return refuse(400, 'invalid_request', detail, { 'WWW-Authenticate': challenge(realm, attributes) })
}

export function refuseToken(realm: Realm, { code, message, scope, retryAfterSeconds }: VerifyError): Refusal {
  const { status, error } = OUTCOMES[code]
  if (error === null) {
    return refuse(status, code, message, { 'Retry-After': String(retryAfterSeconds ?? DEFAULT_RETRY_SECONDS) })
  }
  const attributes = { error, error_description: message, scope }
  return refuse(status, code, message, { 'WWW-Authenticate': challenge(realm, attributes) })
}

function refuse(status: number, code: string, detail: string, headers: Record<string, string>): Refusal {
  return {
    status,
    headers: { ...headers, 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json' },
    body: JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail, code }),
  }
}

function challenge({ realm, resourceMetadata }: Realm, attributes: Record<string, string | undefined>): string {
  const all = { realm, ...attributes, resource_metadata: resourceMetadata }
  const written = Object.entries(all).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return `Bearer ${written.map(([name, value]) => `${name}="${printable(value)}"`).join(', ')}`
}

/** The characters that RFC 6750 §3 allows; anything else could end the quoted string, or the header. */
function printable(value: string): string {
  return value.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?')
}
