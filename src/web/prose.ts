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
  prose(max).refine((s) => s.trim() !== '' && !/[\n\t]/.test(s), { error: 'must be one line, and not blank' })

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
