/** Public keys of clients (RFC 7517): which are taken, what of them is kept, and which could have signed. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { FieldFault } from '../errors.ts'

/** As stored and shown: public members alone. */
export type PublicJwk = Record<string, string>

/** The type of key, and the curve, that each algorithm of an assertion goes with (RFC 7518 §3.1, RFC 8037, RFC 9864). */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['ES256', 'EC P-256'],
  ['ES384', 'EC P-384'],
  ['ES512', 'EC P-521'],
  ['EdDSA', 'OKP Ed25519'],
  ['Ed25519', 'OKP Ed25519'],
  ['RS256', 'RSA'],
  ['PS256', 'RSA'],
])
/** What a client may sign its assertions with. */
export const CLIENT_ALGORITHMS: readonly string[] = [...ALGORITHMS.keys()]

/** Members that make a key of each type, and the length of each in bytes where it is fixed. */
const MEMBERS: ReadonlyMap<string, Readonly<Record<string, number | null>>> = new Map([
  ['EC P-256', { x: 32, y: 32 }],
  ['EC P-384', { x: 48, y: 48 }],
  ['EC P-521', { x: 66, y: 66 }],
  ['OKP Ed25519', { x: 32 }],
  ['RSA', { n: null, e: null }],
])
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192
/** 65537, and whatever else is odd and not so large that checking a signature becomes work. */
const MAX_RSA_EXPONENT = 2n ** 32n
const KID = /^[\x21-\x7e]{1,128}$/
const BASE64URL = /^[A-Za-z0-9_-]+$/

type Jwk = Readonly<Record<string, unknown>>

/** What is wrong with the keys of a set, with pointers below `at`; at most one fault a key. */
export function jwksFaults(keys: readonly Jwk[], at: string): FieldFault[] {
  const seen = new Set<unknown>()
  return keys.flatMap((jwk, i) => {
    const fault = jwkFault(jwk) ?? (seen.has(jwk.kid) ? { member: 'kid', detail: 'is the kid of two keys.' } : null)
    if (jwk.kid !== undefined) seen.add(jwk.kid)
    return fault === null
      ? []
      : [{ pointer: `${at}/${i}${fault.member === '' ? '' : `/${fault.member}`}`, detail: fault.detail }]
  })
}

/** Of a key without faults, what may be kept: its public members, nothing of where else keys might be found. */
export function publicJwk(jwk: Jwk): PublicJwk {
  const names = [
    'kty',
    ...(jwk.kty === 'RSA' ? [] : ['crv']),
    ...Object.keys(MEMBERS.get(typeOf(jwk)) ?? {}),
    'kid',
    'alg',
    'use',
  ]
  return Object.fromEntries(names.filter((name) => jwk[name] !== undefined).map((name) => [name, jwk[name] as string]))
}

/** A key that is ready to check signatures of exactly one algorithm. */
export interface ClientKey {
  kid: string | null
  /** The names of its one algorithm: EdDSA and Ed25519 are the same. */
  algs: readonly string[]
  key: KeyObject
}

/** The keys of a set that are fit for use; all others are passed over, whatever is wrong with them. */
export function clientKeys(keys: readonly unknown[]): ClientKey[] {
  return keys.filter((jwk) => isObject(jwk) && jwkFault(jwk) === null).map((jwk) => clientKey(jwk as Jwk))
}

/** At most so many keys are tried for one signature. */
export const MAX_CANDIDATES = 4

/** The keys that could have signed: of those that fit its algorithm, the one that it names, and all where a side names none. */
export function candidates(keys: readonly ClientKey[], kid: string | undefined, alg: string): KeyObject[] {
  return keys
    .filter((key) => key.algs.includes(alg) && (kid === undefined || key.kid === null || key.kid === kid))
    .slice(0, MAX_CANDIDATES)
    .map(({ key }) => key)
}

function clientKey(jwk: Jwk): ClientKey {
  const { kid = null, alg = defaultAlg(typeOf(jwk)) } = jwk as { kid?: string; alg?: string }
  const key = createPublicKey({ key: publicJwk(jwk) as JsonWebKey, format: 'jwk' })
  return { kid, algs: alg === 'EdDSA' || alg === 'Ed25519' ? ['EdDSA', 'Ed25519'] : [alg], key }
}

/** One key, one algorithm: a key that names none gets the first that goes with its type. */
function defaultAlg(type: string): string {
  return CLIENT_ALGORITHMS.find((alg) => ALGORITHMS.get(alg) === type) as string
}

interface Fault {
  /** '' for the key as such. */
  member: string
  detail: string
}

function jwkFault(jwk: Jwk): Fault | null {
  const secret = PRIVATE_MEMBERS.find((member) => jwk[member] !== undefined)
  if (secret !== undefined) {
    return {
      member: secret,
      detail: 'belongs to a private or shared key. Send public keys only, and replace this one.',
    }
  }
  const type = typeOf(jwk)
  const members = MEMBERS.get(type)
  if (members === undefined)
    return { member: '', detail: 'must be EC on P-256, P-384 or P-521, OKP on Ed25519, or RSA.' }
  return labelFault(jwk, type) ?? materialFault(jwk, members)
}

function labelFault({ kid, alg, use, key_ops: operations }: Jwk, type: string): Fault | null {
  if (kid !== undefined && !(typeof kid === 'string' && KID.test(kid)))
    return { member: 'kid', detail: 'must be 1 to 128 printable characters without spaces.' }
  if (alg !== undefined && !(typeof alg === 'string' && ALGORITHMS.get(alg) === type)) {
    const fit = CLIENT_ALGORITHMS.filter((name) => ALGORITHMS.get(name) === type)
    return { member: 'alg', detail: `must be ${fit.join(' or ')} for this key, or left out.` }
  }
  if (use !== undefined && use !== 'sig') return { member: 'use', detail: 'must be sig, or left out.' }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return { member: 'key_ops', detail: 'must hold verify, or be left out.' }
  return null
}

function materialFault(jwk: Jwk, members: Readonly<Record<string, number | null>>): Fault | null {
  for (const [member, bytes] of Object.entries(members)) {
    const value = jwk[member]
    if (typeof value !== 'string' || !BASE64URL.test(value) || (bytes !== null && lengthOf(value) !== bytes))
      return { member, detail: `must be ${bytes === null ? '' : `${bytes} bytes of `}base64url.` }
  }
  try {
    const { modulusLength, publicExponent } = createPublicKey({ key: publicJwk(jwk) as JsonWebKey, format: 'jwk' })
      .asymmetricKeyDetails as { modulusLength?: number; publicExponent?: bigint }
    if (modulusLength !== undefined && (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS))
      return { member: 'n', detail: `must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits.` }
    if (publicExponent !== undefined && !isExponent(publicExponent))
      return { member: 'e', detail: 'must be an odd number from 3 to 2^32, such as AQAB.' }
    return null
  } catch {
    return { member: '', detail: 'is no public key: its numbers do not belong together.' }
  }
}

/** With an exponent of 1 every text would be its own signature. */
function isExponent(exponent: bigint): boolean {
  return exponent >= 3n && exponent < MAX_RSA_EXPONENT && exponent % 2n === 1n
}

function lengthOf(base64url: string): number {
  const bytes = Buffer.from(base64url, 'base64url')
  // Only the one canonical spelling: unused bits could otherwise spell one key in several ways.
  return bytes.toString('base64url') === base64url ? bytes.length : -1
}

/** '' where the members are no text at all: `["EC"]` would read like `EC` in a template. */
function typeOf({ kty, crv }: Jwk): string {
  if (kty === 'RSA') return kty
  return typeof kty === 'string' && typeof crv === 'string' ? `${kty} ${crv}` : ''
}

function isObject(value: unknown): value is Jwk {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
