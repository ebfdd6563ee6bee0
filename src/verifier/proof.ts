import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, compactVerify, type JWK } from 'jose'
import { VerifyError } from './errors.ts'
import { ALGORITHMS, fits, importPublic, type KeyType } from './jwks.ts'
import { hasExtensions, type JsonObject, takeApart } from './jws.ts'

/** The request that a proof came with. */
export interface ProofExpectations {
  /** HTTP method of the request, as sent. */
  method: string
  /** Absolute URL of the request as the client knows it: from configuration, never from `Host`. */
  url: string
  /** The access token it comes with; its hash must be `ath`. Left out at the token endpoint, where `ath` is ignored. */
  accessToken?: string
  /** ms since 1970 */
  now: number
}

/** What a good proof says. */
export interface Proof {
  /** SHA-256 thumbprint of its key (RFC 7638), as in `cnf.jkt`. */
  jkt: string
  /** At most 256 characters. Whether it was seen before is the caller's to ask. */
  jti: string
  /** Seconds since 1970. */
  iat: number
  nonce: string | undefined
}

const KEY_TYPES: ReadonlyMap<string, KeyType> = new Map([
  ...ALGORITHMS,
  ['ES384', { kty: 'EC', crv: 'P-384' }],
  ['ES512', { kty: 'EC', crv: 'P-521' }],
  ['PS256', { kty: 'RSA' }],
])

/** For `dpop_signing_alg_values_supported` and the `algs` of a challenge; all are asymmetric. */
export const PROOF_ALGORITHMS: readonly string[] = [...KEY_TYPES.keys()]

/** How old a proof may be, and how far ahead its clock, in seconds. */
export const PROOF_WINDOW_SECONDS = { past: 60, future: 10 }

const TYPE = 'dpop+jwt'
const MAX_CHARS = 8192
const MAX_JTI_CHARS = 256
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Checks one DPoP proof against the request that it came with (RFC 9449 §4.3), but for replay and nonce.
 *
 * Of the header only `typ`, `alg` and `jwk` count: `kid`, `jku`, `x5u`, `x5c` are ignored, `crit` is refused. `iat` may
 * be 60 s old and 10 s ahead.
 *
 * @param proof value of the only `DPoP` header
 * @throws VerifyError `invalid_proof` with a public message that says which check failed
 */
export async function checkProof(proof: unknown, expected: ProofExpectations): Promise<Proof> {
  const parts = takeApart(proof, MAX_CHARS)
  if (parts === null) throw refusal('is not one JWT in compact form. Send exactly one DPoP header.')
  const { header, payload } = parts
  if (header.typ !== TYPE) throw refusal(`has another typ than ${TYPE}.`)
  if (hasExtensions(header)) throw refusal('has critical header parameters, none of which is understood here.')
  const claims = checkClaims(payload, expected)
  const jwk = readKey(header)
  await checkSignature(proof as string, header.alg as string, jwk)
  return { ...claims, jkt: await calculateJwkThumbprint(jwk) }
}

function checkClaims(payload: JsonObject, { method, url, accessToken, now }: ProofExpectations): Omit<Proof, 'jkt'> {
  const { jti, htm, htu, iat, ath, nonce } = payload
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_CHARS) {
    throw refusal(`has no jti of 1 to ${MAX_JTI_CHARS} characters.`)
  }
  if (htm !== method) throw refusal('was made for another method: its htm must be the method of the request.')
  if (!isSameUrl(htu, url)) throw refusal('was made for another URL: its htu must be the URL of the request.')
  if (!Number.isSafeInteger(iat)) throw refusal('has no iat in whole seconds since 1970.')
  const age = now / 1000 - (iat as number)
  if (age > PROOF_WINDOW_SECONDS.past || age < -PROOF_WINDOW_SECONDS.future) {
    throw refusal('is too old, or from the future. Make a new one for each request, and check the clock.')
  }
  if (accessToken !== undefined && ath !== hashOf(accessToken)) {
    throw refusal('was made for another access token: its ath must be the hash of the one sent.')
  }
  if (nonce !== undefined && typeof nonce !== 'string') throw refusal('has a nonce that is no string.')
  return { jti, iat: iat as number, nonce }
}

/** Only the members that make the key, so that nothing else in it has a say. */
function readKey({ alg, jwk }: JsonObject): JWK {
  if (typeof alg !== 'string' || !KEY_TYPES.has(alg)) {
    throw refusal(`has another alg than ${PROOF_ALGORITHMS.join(', ')}.`)
  }
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw refusal('has no jwk in its header.')
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) {
    throw refusal('shows a private key. Do not use this key again: send the public members alone.')
  }
  const key = jwk as JWK
  if (!fits(KEY_TYPES, alg, key) || (key.alg !== undefined && key.alg !== alg)) {
    throw refusal('has a jwk that does not go with its alg.')
  }
  return key
}

async function checkSignature(proof: string, alg: string, jwk: JWK): Promise<void> {
  const key = await importPublic({ ...jwk, alg })
  if (key === null) throw refusal('has a jwk that is no usable key. RSA needs 2048 to 8192 bits.')
  try {
    await compactVerify(proof, key, { algorithms: [alg] })
  } catch (cause) {
    throw refusal('is not signed with the key in its header.', cause)
  }
}

function isSameUrl(claimed: unknown, wanted: string): boolean {
  const [theirs, ours] = [normalise(claimed), normalise(wanted)]
  return theirs !== null && theirs === ours
}

/** Without query and fragment, as RFC 3986 §6.2.2 and §6.2.3 have it; null where it is no http URL. */
function normalise(text: unknown): string | null {
  // A parser for browsers forgives spaces, line breaks and backslashes; a URI has none.
  if (typeof text !== 'string' || !/^https?:\/\/[!-[\]-~]+$/i.test(text) || !URL.canParse(text)) return null
  const { origin, pathname, username, password } = new URL(text)
  return username === '' && password === '' ? origin + pathname.replace(/%[0-9a-f]{2}/gi, normaliseOctet) : null
}

function normaliseOctet(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return /[A-Za-z0-9._~-]/.test(character) ? character : encoded.toUpperCase()
}

function hashOf(accessToken: string): string {
  return createHash('sha256').update(accessToken, 'ascii').digest('base64url')
}

function refusal(why: string, cause?: unknown): VerifyError {
  return new VerifyError('invalid_proof', { message: `The DPoP proof ${why}`, cause })
}
