/** Reports of keys that were found in public, in the shape of GitHub's secret scanning. */
import { createHash, verify } from 'node:crypto'
import { parseKey } from '../keys/grammar.rules.ts'
import { hashesOf, type KeyHashes } from '../keys/rules.ts'
import type { Document } from '../store/store.ts'

/** One find, as whoever found it tells. None of it is to be believed but the token, and that only once it verifies. */
export interface Find {
  token: string
  type: string
  url: string | null
  source: string | null
}

export interface Feedback {
  /** SHA-256 of the token, base64: which one is meant, without saying it. */
  token_hash: string
  token_type: string
  label: 'true_positive' | 'false_positive'
}

export function feedbackOn({ token, type }: Find, isKey: boolean): Feedback {
  return {
    token_hash: createHash('sha256').update(token).digest('base64'),
    token_type: type,
    label: isKey ? 'true_positive' : 'false_positive',
  }
}

/** A find as it may be kept until it is worked off. */
export interface NotedFind extends Pick<Find, 'url' | 'source'> {
  /** Of a key made here, by its form. */
  keyId: string | null
  hashes: KeyHashes
}

/** A report that was taken and is not worked off yet. */
export interface LeakReport extends Document {
  requestId: string
  finds: NotedFind[]
  createdAt: number
}

/** Without the key itself, and in the same form whatever the token is. */
export function noted(find: Find, peppers: ReadonlyMap<string, Uint8Array>): NotedFind {
  return { keyId: parseKey(find.token)?.id ?? null, hashes: hashesOf(find.token, peppers), ...keepable(find) }
}

/**
 * What the report says besides, fit to be kept: no key stands in it, and a URL is one. Of a token that is not of our
 * form nobody knows how it may be written, so its URL is kept without what stands behind the path.
 */
export function keepable({ token, url, source }: Find): { url: string | null; source: string | null } {
  const clean = (text: string): string => withoutSecret(text, token)
  const isUrl = url !== null && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
  const ofOurs = parseKey(token) !== null
  return {
    url: isUrl ? clean(ofOurs ? url : url.replace(/[?#].*$/s, '')) : null,
    source: source === null ? null : clean(source),
  }
}

const KEYS_IN_TEXT = /lk_[a-z][a-z0-9]{0,15}_[sp]k_[0-9A-Za-z]*/g
const HIDDEN = 'lk_…'

/** What cannot be seen goes first, since a key may be parted by it; then any part that decodes to a key, and keys. */
function withoutSecret(text: string, token: string): string {
  const holdsIt = (plain: string): boolean => plain.search(KEYS_IN_TEXT) >= 0 || plain.includes(token)
  const clean = visible(text)
    .replaceAll(/[^\s/?#&=;,:@]+/g, (part) => {
      const plain = decoded(part)
      return plain !== part && holdsIt(plain) ? HIDDEN : part
    })
    .replaceAll(KEYS_IN_TEXT, HIDDEN)
    .replaceAll(token, HIDDEN)
  // Half encoded, and parted by what parts a URL.
  return holdsIt(decoded(clean)) ? HIDDEN : clean
}

/** However often it was percent-encoded; sequences that are none are left. */
function decoded(text: string): string {
  const plain = visible(
    text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  )
  return plain === text ? plain : decoded(plain)
}

function visible(text: string): string {
  return text.replaceAll(/\p{C}/gu, '')
}

export interface SignedReport {
  body: string
  keyId: string | undefined
  /** ECDSA with P-256 and SHA-256, DER, base64. */
  signature: string | undefined
}

/** Whether one of the trusted keys signed the report. @param keys PEM by identifier */
export function isSigned({ body, keyId, signature }: SignedReport, keys: Readonly<Record<string, string>>): boolean {
  if (keyId === undefined || signature === undefined || !Object.hasOwn(keys, keyId)) return false
  return verify('sha256', Buffer.from(body), keys[keyId] as string, Buffer.from(signature, 'base64'))
}
