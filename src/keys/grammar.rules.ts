/**
 * The written form of an API key: `lk_{ns}_{kind}_{id}{secret}{crc}`.
 *
 * The checksum tells typing errors and random strings from keys before any I/O. It is no security check.
 */
import { crc32 } from 'node:zlib'

export type KeyKind = 'secret' | 'publishable'
export interface ParsedKey {
  namespace: string
  kind: KeyKind
  /** `key_{id}` */
  id: string
  secret: string
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ID_LENGTH = 12
const SECRET_LENGTH = 32
const CRC_LENGTH = 6
/** Longest a key can be: a namespace id has at most 16 characters. */
export const MAX_KEY_LENGTH = 'lk_'.length + 16 + '_sk_'.length + ID_LENGTH + SECRET_LENGTH + CRC_LENGTH

/** For scanners too: every key matches, and little else does. */
export const KEY_PATTERN = /^lk_([a-z][a-z0-9]{0,15})_(sk|pk)_([0-9A-Za-z]{12})([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/

/** Something in a text that is, or was, a key: to keep keys out of where they do not belong. */
export const HOLDS_A_KEY = /lk_[a-z][a-z0-9]{0,15}_[sp]k_[0-9A-Za-z]{20}/

const KINDS = { sk: 'secret', pk: 'publishable' } as const

/** Null where the text is no well-formed key with a matching checksum. */
export function parseKey(text: string): ParsedKey | null {
  if (text.length > MAX_KEY_LENGTH) return null
  const match = KEY_PATTERN.exec(text)
  if (match === null || text.endsWith('\n')) return null
  const [, namespace, kind, id, secret, crc] = match as unknown as [string, string, 'sk' | 'pk', string, string, string]
  if (checksum(text.slice(0, -CRC_LENGTH)) !== crc) return null
  return { namespace, kind: KINDS[kind], id: `key_${id}`, secret }
}

/** @param random bytes enough for id and secret: call with a source of cryptographic quality. */
export function formatKey(namespace: string, kind: KeyKind, id: string, secret: string): string {
  const body = `lk_${namespace}_${kind === 'secret' ? 'sk' : 'pk'}_${id.replace(/^key_/, '')}${secret}`
  return body + checksum(body)
}

export function newKeyId(random: (bytes: number) => Buffer): string {
  return `key_${base62(ID_LENGTH, random)}`
}

export function newSecret(random: (bytes: number) => Buffer): string {
  return base62(SECRET_LENGTH, random)
}

/** Uniform base62 text: bytes of 248 and above are thrown away, so that no character is likelier than another. */
export function base62(length: number, random: (bytes: number) => Buffer): string {
  let text = ''
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62]
    }
  }
  return text
}

function checksum(text: string): string {
  let value = crc32(text)
  let digits = ''
  for (let i = 0; i < CRC_LENGTH; i++) {
    digits = ALPHABET[value % 62] + digits
    value = Math.floor(value / 62)
  }
  return digits
}
