/** Keys of another system, presented here as they were there. */
import type { Code, Refusal } from '../errors.ts'
import type { Holder } from '../holders/rules.ts'
import { type KeyWish, type Made, newKey, PLAIN_WISH } from './create.rules.ts'
import type { Grant } from './rights.rules.ts'
import { type ApiKey, OWN_PREFIX, type Secret } from './rules.ts'

export const MAX_IMPORTED_AT_ONCE = 1_000
const LENGTHS = { min: 16, max: 512 }

/** Whether a text can be a key of another system: printable, long enough, and not of our own form. */
export function isImportable(text: string): boolean {
  const { length } = text
  if (length < LENGTHS.min || length > LENGTHS.max) return false
  return !text.startsWith(OWN_PREFIX) && /^[\x21-\x7e]+$/.test(text)
}

export interface ImportItem {
  /** Hex, of the key as it is presented. */
  sha256: string
  /** Its end, where the key itself was given. */
  last4: string
  name: string
  grants: Grant[]
  holderId: string | null
}

export function importWish({ name, grants, holderId }: ImportItem, namespace: string): KeyWish {
  return { ...PLAIN_WISH, name, grants, holderId, namespace }
}

export function importedKey(
  wish: KeyWish,
  account: string,
  holder: Holder | null,
  { secret: imported, ...made }: Omit<Made, 'secret'> & { secret: Pick<Secret, 'id' | 'pepper' | 'hash' | 'last4'> },
): ApiKey {
  const { now: createdAt, status } = made
  const secret: Secret = { ...imported, createdAt, expiresAt: null, status }
  const key = newKey(wish, account, holder, { ...made, secret: null })
  return { ...key, secrets: [secret], jwksStatus: null, importedHash: secret.hash }
}

/** Why one key of many was not imported, without stopping the others. */
export interface RefusedItem {
  code: Code
  detail: string
}

export function refusedItem({ code, message, facts }: Refusal): RefusedItem {
  const faults = facts.errors
    ?.map(({ pointer, detail }) => (pointer === '' ? detail : `${pointer}: ${detail}`))
    .join(' ')
  return { code, detail: faults ?? message }
}
