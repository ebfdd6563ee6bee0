import { compactVerify } from 'jose'
import { VerifyError } from './errors.ts'
import { ALGORITHMS, type KeySource, KID, type VerificationKey } from './jwks.ts'

/** A JWT taken apart. Nothing in it can be trusted before `checkSignature`. */
export interface ParsedJws {
  text: string
  alg: string
  kid: string
  payload: JsonObject
}

export type JsonObject = Record<string, unknown>

const MAX_HEADER_CHARS = 4096
/** Braces, quotes, line breaks, a fourth or a second part: all fall here, before anything is decoded (RFC 8725 §3). */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/**
 * Takes a JWT in compact form apart (RFC 7515 §7.1) and checks its header; no I/O.
 *
 * @param type media type without `application/` that its `typ` must name (RFC 8725 §3.11)
 * @throws VerifyError `malformed_token`, `unsupported_type`, `unsupported_algorithm`
 */
export function parseJws(text: string, type: string, maxChars: number): ParsedJws {
  const parts = takeApart(text, maxChars)
  if (parts === null) throw new VerifyError('malformed_token')
  const { header, payload } = parts
  if (!isType(header.typ, type)) throw new VerifyError('unsupported_type')
  const alg = header.alg
  if (typeof alg !== 'string' || !ALGORITHMS.has(alg)) throw new VerifyError('unsupported_algorithm')
  if (hasExtensions(header)) throw new VerifyError('malformed_token')
  const kid = header.kid
  if (typeof kid !== 'string' || !KID.test(kid)) throw new VerifyError('malformed_token')
  return { text, alg, kid, payload }
}

/** Header and payload of a compact JWS, of which nothing is checked but the form; null where it has another. */
export function takeApart(text: unknown, maxChars: number): { header: JsonObject; payload: JsonObject } | null {
  if (typeof text !== 'string' || text.length > maxChars || !COMPACT.test(text)) return null
  const [header64, payload64, signature64] = text.split('.') as [string, string, string]
  if (header64.length > MAX_HEADER_CHARS || decode(signature64) === null) return null
  const [header, payload] = [parseObject(header64), parseObject(payload64)]
  return header === null || payload === null ? null : { header, payload }
}

/** No extension is understood here, so any critical one must be refused (RFC 7515 §4.1.11). */
export function hasExtensions(header: JsonObject): boolean {
  return Object.hasOwn(header, 'crit') || (header.b64 !== undefined && header.b64 !== true)
}

/**
 * @returns the key that it was signed with
 * @throws VerifyError `unknown_key`, `unsupported_algorithm`, `invalid_signature`, and what the source throws
 */
export async function checkSignature(jws: ParsedJws, keys: KeySource): Promise<VerificationKey> {
  const key = await keys.find(jws.kid)
  if (key === null) throw new VerifyError('unknown_key')
  if (key.alg !== jws.alg) throw new VerifyError('unsupported_algorithm')
  try {
    await compactVerify(jws.text, key.key, { algorithms: [key.alg] })
  } catch (cause) {
    throw new VerifyError('invalid_signature', { cause })
  }
  return key
}

function isType(typ: unknown, expected: string): boolean {
  return typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === expected
}

function parseObject(part: string): JsonObject | null {
  const bytes = decode(part)
  if (bytes === null) return null
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}

/** Only the one canonical spelling of the bytes: unused bits could otherwise spell one signature in several ways. */
function decode(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : null
}
