/** Opaque places in a list: signed, and good only for the list that they came from. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { Refusal } from '../errors.ts'
import type { Position } from '../store/store.ts'

export const MAX_PAGE = 200
export const DEFAULT_PAGE = 50

/** `?limit=&cursor=` of every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, { error: `must be a whole number from 1 to ${MAX_PAGE}` })
    .transform(Number)
    .refine((n) => n >= 1 && n <= MAX_PAGE, { error: `must be a whole number from 1 to ${MAX_PAGE}` })
    .optional()
    .meta({ description: `Rows a page, 1 to ${MAX_PAGE}; ${DEFAULT_PAGE} unless said.`, type: 'integer' }),
  cursor: z.string().min(1).max(500).optional().meta({ description: '`nextCursor` of the page before.' }),
}

export function pageOf<T extends z.ZodType>(item: T, name: string) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id: name })
}

export interface Cursors {
  /** @param list what the cursor is good for: path and filters. */
  write(list: string, place: Position | null): string | null
  /** @throws Refusal `invalid_request` where it is not one of this list's. */
  read(list: string, cursor: string | undefined): Position | undefined
}

export function createCursors(key: Uint8Array): Cursors {
  const sign = (list: string, payload: string): Buffer =>
    createHmac('sha256', key).update(`${list}\n${payload}`).digest().subarray(0, 12)
  return {
    write(list, place) {
      if (place === null) return null
      const payload = Buffer.from(JSON.stringify([place.at, place.id])).toString('base64url')
      return `${payload}.${sign(list, payload).toString('base64url')}`
    },
    read(list, cursor) {
      if (cursor === undefined) return undefined
      const [payload = '', mac = ''] = cursor.split('.')
      const given = Buffer.from(mac, 'base64url')
      const wanted = sign(list, payload)
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
        throw new Refusal('invalid_request', {
          errors: [{ pointer: '?cursor', detail: 'is not a cursor of this list. Start again without one.' }],
        })
      }
      const [at, id] = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as [number, string]
      return { at, id }
    },
  }
}
