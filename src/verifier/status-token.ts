import type { KeySource } from './jwks.ts'
import { checkSignature, parseJws } from './jws.ts'
import type { Remote } from './remote.ts'
import { decodeStatusArray, type StatusArray } from './status-list.ts'

/** A fetched and verified list. Times are ms. */
export interface StatusList {
  statuses: StatusArray
  /** Ids of tokens denied one by one. */
  denied: ReadonlySet<string>
  /** 0 where the issuer counts none. */
  version: number
  etag: string | undefined
  /** Its `iat`. */
  issuedAt: number
  fetchedAt: number
  /** Fetch time + `ttl`, at most `expiresAt`; HTTP caching headers have no say (Token Status List §8.3). */
  freshUntil: number
  expiresAt: number
  ttlSeconds: number
}

export interface StatusRequest {
  uri: string
  issuer: string
  remote: Remote
  keys: KeySource
  now: () => number
  last: StatusList | null
}

const TYPE = 'statuslist+jwt'
const MAX_BYTES = 4 * 1024 * 1024
/** How far the `iat` may be ahead. */
export const MAX_AHEAD_SECONDS = 60
const DEFAULT_TTL_SECONDS = 60
const MAX_TTL_SECONDS = 3600

/**
 * Fetches and verifies one list (Token Status List §8.1, §8.3).
 *
 * @returns `gone` where the issuer answers 404 or 410
 * @throws Error or VerifyError where there is no valid answer
 */
export async function fetchStatusList(request: StatusRequest): Promise<StatusList | 'gone'> {
  const { uri, remote, now, last } = request
  const fetchedAt = now()
  const etag = last !== null && fetchedAt < last.expiresAt ? last.etag : undefined
  const answer = await remote.get(uri, { accept: `application/${TYPE}`, maxBytes: MAX_BYTES, etag })
  if (answer.status === 404 || answer.status === 410) return 'gone'
  // Unchanged means the same signed token: it stays fresh for another ttl, but never beyond its own exp.
  if (answer.status === 304 && last !== null && etag !== undefined) {
    return { ...last, fetchedAt, freshUntil: Math.min(fetchedAt + last.ttlSeconds * 1000, last.expiresAt) }
  }
  if (answer.status !== 200) throw new Error(`${uri} answered ${answer.status}`)
  const mediaType = answer.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (mediaType !== `application/${TYPE}`) throw new Error(`${uri} answered another content type`)
  const claims = await verifyClaims(answer.text.trim(), request)
  return { ...readClaims(claims, fetchedAt), etag: answer.headers.get('etag') ?? undefined }
}

async function verifyClaims(text: string, { uri, issuer, keys, now }: StatusRequest): Promise<Record<string, unknown>> {
  const jws = parseJws(text, TYPE, MAX_BYTES)
  await checkSignature(jws, keys)
  const { iss, sub, iat, exp } = jws.payload
  if (iss !== undefined && iss !== issuer) throw new Error(`${uri} comes from another issuer`)
  if (sub !== uri) throw new Error(`${uri} answered the list of another address`)
  if (!isSeconds(iat) || iat * 1000 > now() + MAX_AHEAD_SECONDS * 1000) throw new Error(`${uri} has no usable iat`)
  if (exp !== undefined && (!isSeconds(exp) || exp * 1000 <= now())) throw new Error(`${uri} has expired`)
  return jws.payload
}

function readClaims(claims: Record<string, unknown>, fetchedAt: number): Omit<StatusList, 'etag'> {
  const { iat, exp, ttl, version = 0, denied_jti: denied = [] } = claims
  if (!isSeconds(version)) throw new TypeError('version is not a whole number')
  if (!Array.isArray(denied)) throw new TypeError('denied_jti is no list')
  const asked = typeof ttl === 'number' && ttl > 0 ? ttl : DEFAULT_TTL_SECONDS
  const ttlSeconds = Math.min(Math.max(asked, 1), MAX_TTL_SECONDS)
  const expiresAt = isSeconds(exp) ? exp * 1000 : Number.POSITIVE_INFINITY
  return {
    statuses: decodeStatusArray(claims.status_list),
    denied: new Set(denied.map(jtiOf)),
    version,
    issuedAt: (iat as number) * 1000,
    fetchedAt,
    freshUntil: Math.min(fetchedAt + ttlSeconds * 1000, expiresAt),
    expiresAt,
    ttlSeconds,
  }
}

/** Its `exp` is that of the token, which is refused by then anyway: nothing to keep. */
function jtiOf(entry: { jti?: unknown } | null): string {
  if (typeof entry?.jti !== 'string') throw new TypeError('an entry of denied_jti has no jti')
  return entry.jti
}

/** A whole number of seconds, small enough to be exact. */
function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
