/** Keys and JWTs as written: what they say of themselves, and what is wrong with how they are written. No network. */
import { type ParsedKey, parseKey } from '../keys/grammar.rules.ts'
import { CliFault, EXIT } from './exit.ts'

const SHAPE = /^lk_([a-z][a-z0-9]{0,15})_(sk|pk)_(.*)$/s
const AFTER_PREFIX = 50

/** Null where `text` is a well-formed key with a matching checksum; else what to do about it, without the key. */
export function keyFault(text: string): string | null {
  if (parseKey(text) !== null) return null
  if (/\s/.test(text)) return 'There is white space in the key. Copy it in one piece.'
  if (/^["'`]|["'`]$/.test(text)) return 'There are quotation marks around the key. Leave them out.'
  if (/^key_[0-9A-Za-z]{12}$/.test(text))
    return 'This is the id of a key. The key itself begins with lk_ and was shown once.'
  const [, , , rest] = SHAPE.exec(text) ?? []
  if (rest === undefined) return 'This is no API key: a key begins with lk_, a namespace, and sk_ or pk_.'
  const odd = /[^0-9A-Za-z]/.exec(rest)
  if (odd !== null) return 'Behind its last underscore the key holds more than letters and digits. Copy it again.'
  if (rest.length !== AFTER_PREFIX) {
    const how = rest.length < AFTER_PREFIX ? 'It was cut short' : 'Something was added to it'
    return `Behind its last underscore the key has ${rest.length} characters, not ${AFTER_PREFIX}. ${how}: copy it again.`
  }
  return 'The checksum does not match: one character or more is mistyped. Copy the key again.'
}

/** @throws CliFault exit 6, before any network */
export function readKey(text: string): ParsedKey {
  const fault = keyFault(text)
  if (fault !== null) throw new CliFault(EXIT.invalid, 'malformed_key', fault)
  return parseKey(text) as ParsedKey
}

/** The id of a key, from the id or from the key itself, which must not end up in a URL. @throws CliFault */
export function keyIdOf(text: string): string {
  return text.startsWith('lk_') ? readKey(text).id : text
}

export function looksLikeKey(text: string): boolean {
  return /^["'`]?(lk|key)_/.test(text)
}

export interface DecodedJwt {
  header: Record<string, unknown>
  claims: Record<string, unknown>
}

/** Header and claims of a JWT as anybody can read them; null where it is none. Nothing of it is verified. */
export function decodeJwt(text: string): DecodedJwt | null {
  const parts = text.split('.')
  if (parts.length !== 3 || parts.some((part) => !/^[\w-]*$/.test(part))) return null
  const [header, claims] = parts.slice(0, 2).map(jsonObject)
  return header && claims ? { header, claims } : null
}

function jsonObject(part: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
