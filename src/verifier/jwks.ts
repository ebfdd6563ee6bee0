import { type CryptoKey, importJWK, type JWK } from 'jose'

/** A key that checks signatures of exactly one algorithm. */
export interface VerificationKey {
  alg: string
  key: CryptoKey
}

/** Where the signing keys of the issuer come from. */
export interface KeySource {
  /**
   * Null where the issuer has no such key.
   * @throws VerifyError `keys_unavailable` where that cannot be told
   */
  find(kid: string): Promise<VerificationKey | null>
}

/** Key ids are never used as a path or in a query; the narrow form keeps it so for whoever logs them. */
export const KID = /^[A-Za-z0-9_-]{1,64}$/

export interface KeyType {
  kty: string
  crv?: string
}

/** The accepted algorithms, and the one type of key that each goes with (RFC 7518 §3.1, RFC 8037, RFC 9864). */
export const ALGORITHMS: ReadonlyMap<string, KeyType> = new Map([
  ['ES256', { kty: 'EC', crv: 'P-256' }],
  ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
  ['Ed25519', { kty: 'OKP', crv: 'Ed25519' }],
  ['RS256', { kty: 'RSA' }],
])

const MAX_KEYS = 100
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192

/**
 * Reads a JWK Set (RFC 7517 §5). Keys that this verifier has no use for are skipped, private members never read.
 *
 * @throws TypeError where it is no JWK Set, or holds no usable key
 */
export async function importKeys(jwks: unknown): Promise<Map<string, VerificationKey>> {
  const members = (jwks as { keys?: unknown } | null)?.keys
  if (!Array.isArray(members)) throw new TypeError('the answer is no JWK Set')
  const keys = new Map<string, VerificationKey>()
  for (const jwk of members.slice(0, MAX_KEYS)) {
    if (!isUsable(jwk) || keys.has(jwk.kid)) continue
    const key = await importPublic(jwk)
    if (key !== null) keys.set(jwk.kid, { alg: jwk.alg, key })
  }
  if (keys.size === 0) throw new TypeError('the JWK Set holds no usable key')
  return keys
}

/** Whether an algorithm of the table goes with a key of this type. */
export function fits(algorithms: ReadonlyMap<string, KeyType>, alg: string, { kty, crv }: JWK): boolean {
  const fit = algorithms.get(alg)
  return fit !== undefined && fit.kty === kty && (fit.crv === undefined || fit.crv === crv)
}

function isUsable(jwk: JWK | null): jwk is JWK & { kid: string; alg: string } {
  if (typeof jwk !== 'object' || jwk === null) return false
  const { kid, alg, use, key_ops: operations } = jwk
  if (typeof kid !== 'string' || !KID.test(kid) || typeof alg !== 'string') return false
  if (use !== undefined && use !== 'sig') return false
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return false
  return fits(ALGORITHMS, alg, jwk)
}

/** The public members alone; null where they make no key, or a weak one: RSA below 2048 bits, or above 8192. */
export async function importPublic({ kty, alg, crv, x, y, n, e }: JWK): Promise<CryptoKey | null> {
  const members = Object.entries({ kty, alg, crv, x, y, n, e }).filter(([, value]) => value !== undefined)
  try {
    const key = await importJWK(Object.fromEntries(members) as JWK, alg)
    return key instanceof Uint8Array || !isStrong(key) ? null : key
  } catch {
    return null
  }
}

function isStrong(key: CryptoKey): boolean {
  const bits = (key.algorithm as { modulusLength?: number }).modulusLength
  return bits === undefined || (bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS)
}
