/** What people write into the members of a request. */
import { z } from 'zod'
import { HOLDS_A_KEY } from '../keys/grammar.rules.ts'

/** A key pasted into the wrong field must not end up in lists and events. */
export const prose = (max: number) =>
  z
    .string()
    .max(max)
    .refine((s) => !/[^\P{Cc}\n\t]|\p{Cs}/u.test(s), { error: 'must not hold control characters' })
    .refine((s) => !HOLDS_A_KEY.test(s), { error: 'holds an API key; keys do not belong here' })
export const oneLine = (max: number) =>
  prose(max)
    .refine((s) => !BLANK.test(s) && !/[\n\t]/.test(s), { error: 'must be one line, and not blank' })
    .refine((s) => !TURNS_WRITING.test(s), { error: 'must not hold characters that turn the direction of writing' })

/** Nothing that anybody could see: U+2800 is an empty pattern of Braille. */
const BLANK = /^[\s\p{Default_Ignorable_Code_Point}\u2800]*$/u
/** A name with one of these in it is read as another. */
const TURNS_WRITING = /[\u202a-\u202e\u2066-\u2069]/

export const customData = z
  .record(oneLine(64), z.unknown())
  .refine(
    (data) => depthAtMost(data, 8) && JSON.stringify(data).length <= 4096 && !HOLDS_A_KEY.test(JSON.stringify(data)),
    {
      error: 'must be at most 4 KiB as JSON, and at most 8 levels deep, without API keys in it',
    },
  )

/** Without recursion: what is checked may be nested deeper than the stack. */
function depthAtMost(value: unknown, levels: number): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return false
    level = level.flatMap((v) => (typeof v === 'object' && v !== null ? Object.values(v) : []))
  }
  return true
}

/** A chosen id that stands in paths and host names. */
export const slug = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,38})[a-z0-9]$/, {
  error: 'must be 2 to 40 lower-case letters, digits and hyphens, with no hyphen first or last',
})

/** A free id made from a name: what can be kept of it, and something random. */
export function slugFrom(name: string, random: (bytes: number) => Buffer): string {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 30)
    .replace(/-+$/, '')
  return [words, random(4).toString('hex')].filter((part) => part !== '').join('-')
}
