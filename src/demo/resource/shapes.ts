/** Parts of shapes that the operations of both namespaces use. */
import { z } from 'zod'
import type { Reply } from './operation.ts'
import { type Fault, notFound, ResourceRefusal } from './problems.ts'

/** One line for people: no control characters, no half surrogates. */
export function text(max: number) {
  const oneLine = /^[^\p{Cc}\p{Cs}]*$/u
  return z.string().trim().min(1).max(max).regex(oneLine, { error: 'must be one line without control characters' })
}

/** An id that the caller chooses, for writes that may be repeated. */
export function ownId(description: string) {
  const error = 'must be 1 to 100 letters, digits or . _ : -'
  return z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,100}$/, { error })
    .meta({ description })
}

export function idOf(prefix: string) {
  return z.string().regex(new RegExp(`^${prefix}_\\d{1,12}$`), { error: `must be an id like ${prefix}_1001` })
}

/** The `{id}` of a path; the example is one of account `acme`. */
export function byId(prefix: string, example: string) {
  return z.object({ id: idOf(prefix).meta({ param: { example } }) })
}

export const time = z.iso.datetime()

/** At most a minute ahead, for clocks that differ. */
export function checkPast(pointer: string, at: string | undefined, now: number): void {
  if (at !== undefined && Date.parse(at) > now + 60_000) throw fault(pointer, 'must not lie in the future.')
}

export const currency = z.string().regex(/^[A-Z]{3}$/, { error: 'must be a code like EUR' })

/** In the smallest unit of the currency, e.g. cents. */
export const amount = z.int().min(0).max(100_000_000).meta({ description: 'In the smallest unit, e.g. cents.' })

export function pageOf<Item extends z.ZodType>(item: Item, name: string) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id: name })
}

export function fault(pointer: string, detail: string): ResourceRefusal {
  const faults: Fault[] = [{ pointer, detail }]
  return new ResourceRefusal('invalid_request', 'The request is not valid. See errors.', { faults })
}

export function found<Row>(row: Row | undefined): Row {
  if (row === undefined) throw notFound()
  return row
}

/** A write that may be repeated: what it names is made once, and answered with 200 from then on. */
export function once<Row extends object>(known: Row | undefined, make: () => Row): Reply {
  return known === undefined ? { status: 201, body: make() } : { status: 200, body: known }
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Seeds speak of days before the start, so that the demo never looks old. */
export function daysBefore(now: number): (days: number) => string {
  return (days) => new Date(now - days * DAY_MS).toISOString()
}
