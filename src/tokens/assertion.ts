/** `private_key_jwt`: a client shows itself by a JWT that it signed (RFC 7523 §3 and its successor 7523bis). */
import type { KeyObject } from 'node:crypto'
import { compactVerify } from 'jose'
import type { NamespaceEntry } from '../catalog.ts'
import type { ApiKey } from '../keys/rules.ts'
import type { Store } from '../store/store.ts'
import { useOnce } from '../store/use-once.ts'
import { hasExtensions, takeApart } from '../verifier/jws.ts'

/** A signature is checked only below this. */
const MAX_ASSERTION_CHARS = 8 * 1024
/** Furthest that `exp` may lie ahead: what a library writes that was told nothing, which is an hour. */
const MAX_LIFETIME_SECONDS = 3600
/** Clocks that differ: `exp` may be as long past, `nbf` and `iat` as far ahead. */
const LEEWAY_SECONDS = 10
const MAX_JTI_CHARS = 256

/** What the assertion says of itself, before anything of it is known to be true. */
export interface ReadAssertion {
  jwt: string
  alg: string
  kid: string | undefined
  claims: Record<string, unknown>
  /** `sub`, and `iss` too. */
  clientId: string
}

/** Null for what cannot be the assertion of any client. */
export function readAssertion(jwt: string, clientId: string | undefined): ReadAssertion | null {
  const parts = takeApart(jwt, MAX_ASSERTION_CHARS)
  if (parts === null || hasExtensions(parts.header)) return null
  const { alg, kid, typ } = parts.header
  if (typeof alg !== 'string' || !isAssertionType(typ)) return null
  if (kid !== undefined && typeof kid !== 'string') return null
  const { sub, iss } = parts.payload
  if (typeof sub !== 'string' || iss !== sub || (clientId !== undefined && clientId !== sub)) return null
  return { jwt, alg, kid, claims: parts.payload, clientId: sub }
}

/** Other kinds of JWT name themselves, and are no assertion (7523bis, RFC 8725 §3.11). */
function isAssertionType(typ: unknown): boolean {
  if (typ === undefined) return true
  if (typeof typ !== 'string') return false
  return ['jwt', 'client-authentication+jwt'].includes(typ.toLowerCase().replace(/^application\//, ''))
}

export interface AssertionDeps {
  store: Store
  clientKeys: {
    /** Public keys of the client that may have made such a signature. */
    find(key: ApiKey, kid: string | undefined, alg: string): Promise<readonly KeyObject[]>
  }
}

/** Whether `key` signed the assertion, for this issuer, at this time, and uses it for the first time. */
export async function isAuthenticAssertion(
  deps: AssertionDeps,
  read: ReadAssertion,
  key: ApiKey,
  namespace: NamespaceEntry,
  now: number,
): Promise<boolean> {
  const { claims } = read
  const { jti } = claims
  // What costs nothing first: the client's keys may have to be fetched.
  if (!isFor(claims.aud, namespace, key) || !isCurrent(claims, now)) return false
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_CHARS) return false
  if (!(await isSigned(deps, read, key))) return false
  // Last, so that nobody but the client itself can use up a jti of its.
  const expiresAt = ((claims.exp as number) + LEEWAY_SECONDS) * 1000
  return useOnce(deps.store, ['client assertion', key.id, jti], expiresAt)
}

async function isSigned(deps: AssertionDeps, read: ReadAssertion, key: ApiKey): Promise<boolean> {
  for (const candidate of await deps.clientKeys.find(key, read.kid, read.alg)) {
    const verified = await compactVerify(read.jwt, candidate, { algorithms: [read.alg] }).catch(() => null)
    if (verified !== null) return true
  }
  return false
}

/** The issuer and nobody else; for a key that was told to, the token endpoint too, as older libraries have it. */
function isFor(aud: unknown, namespace: NamespaceEntry, key: ApiKey): boolean {
  const sole = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  if (sole === namespace.issuer) return true
  return key.tokenEndpointAuthAudience === 'token_endpoint' && sole === `${namespace.issuer}/oauth/token`
}

function isCurrent({ exp, nbf, iat }: Record<string, unknown>, now: number): boolean {
  const seconds = now / 1000
  const ahead = (time: unknown): boolean => typeof time === 'number' && time - LEEWAY_SECONDS <= seconds
  if (!Number.isSafeInteger(exp)) return false
  const end = exp as number
  if (end + LEEWAY_SECONDS <= seconds || end > seconds + MAX_LIFETIME_SECONDS + LEEWAY_SECONDS) return false
  return (nbf === undefined || ahead(nbf)) && (iat === undefined || ahead(iat))
}
