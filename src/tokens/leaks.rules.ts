/** Reports of keys that were found in public, in the shape of GitHub's secret scanning. */
import { createHash, verify } from 'node:crypto'

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

const KEYS_IN_TEXT = /lk_[a-z][a-z0-9]{0,15}_[sp]k_[0-9A-Za-z]*/g

/** What the report says besides, fit to be kept: no key stands in it, and a URL is one. */
export function keepable({ url, source }: Pick<Find, 'url' | 'source'>): { url: string | null; source: string | null } {
  const clean = (text: string): string => text.replaceAll(KEYS_IN_TEXT, 'lk_…').replaceAll(/\p{C}/gu, '')
  const isUrl = url !== null && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
  return { url: isUrl ? clean(url) : null, source: source === null ? null : clean(source) }
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
