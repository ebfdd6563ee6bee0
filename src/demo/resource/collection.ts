/** Rows of one kind, in memory: bounded, listed by pages in the order they were made. */
import { z } from 'zod'
import { full, ResourceRefusal } from './problems.ts'

const MAX_PAGE = 100
const DEFAULT_PAGE = 20

const limitText = `must be a whole number from 1 to ${MAX_PAGE}`

/** `?limit=&cursor=` of every list. */
export const paging = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, { error: limitText })
    .transform(Number)
    .refine((n) => n >= 1 && n <= MAX_PAGE, { error: limitText })
    .optional()
    .meta({ type: 'integer', minimum: 1, maximum: MAX_PAGE, description: `Rows a page; ${DEFAULT_PAGE} unless said.` }),
  cursor: z.string().min(1).max(100).optional().meta({ description: '`nextCursor` of the page before.' }),
}

export interface PageQuery {
  limit?: number | undefined
  cursor?: string | undefined
}

export interface Page<Row> {
  items: Row[]
  nextCursor: string | null
}

/** Ids are unique in the whole server: an id of one account names nothing in another. */
export interface Ids {
  next(prefix: string): string
}

export function createIds(): Ids {
  const last = new Map<string, number>()
  return {
    next(prefix) {
      const number = (last.get(prefix) ?? 1000) + 1
      last.set(prefix, number)
      return `${prefix}_${number}`
    },
  }
}

export class Collection<Row extends { id: string }> {
  readonly #rows = new Map<string, Row>()
  readonly #kind: { prefix: string; what: string; max: number }
  readonly #ids: Ids

  /** @param kind `what` it holds, in plural, and the most it holds */
  constructor(ids: Ids, kind: { prefix: string; what: string; max: number }) {
    this.#ids = ids
    this.#kind = kind
  }

  get size(): number {
    return this.#rows.size
  }

  all(): Row[] {
    return [...this.#rows.values()]
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id)
  }

  /** @throws ResourceRefusal `full` */
  add(fields: Omit<Row, 'id'>): Row {
    if (this.size >= this.#kind.max) throw full(this.#kind.what, this.#kind.max)
    const row = { id: this.#ids.next(this.#kind.prefix), ...fields } as Row
    this.#rows.set(row.id, row)
    return row
  }

  /** Members that are `undefined` stay as they are. */
  change(row: Row, fields: { [Name in keyof Row]?: Row[Name] | undefined }): Row {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
    const changed = { ...row, ...given }
    this.#rows.set(row.id, changed)
    return changed
  }

  remove(id: string): boolean {
    return this.#rows.delete(id)
  }

  /** The cursor is the id of the last row seen, so that rows which come and go shift no other. */
  page({ limit = DEFAULT_PAGE, cursor }: PageQuery, shown: (row: Row) => boolean = () => true): Page<Row> {
    const after = cursor === undefined ? 0 : this.#read(cursor)
    const rows = this.all().filter((row) => numberOf(row.id) > after && shown(row))
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items, nextCursor: rows.length > limit && last ? Buffer.from(last.id).toString('base64url') : null }
  }

  #read(cursor: string): number {
    const id = Buffer.from(cursor, 'base64url').toString('latin1')
    if (new RegExp(`^${this.#kind.prefix}_\\d{1,12}$`).test(id)) return numberOf(id)
    const faults = [{ pointer: '?cursor', detail: 'is not a cursor of this list. Start again without one.' }]
    throw new ResourceRefusal('invalid_request', 'The cursor is not of this list.', { faults })
  }
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('_') + 1))
}

const MAX_ACCOUNTS = 1000

/** Data per account: `seeded` accounts have their own, every other one starts empty; bounded by forgetting. */
export function perAccount<Data>(seeded: Record<string, Data>, empty: () => Data): (account: string) => Data {
  const fixed = new Map(Object.entries(seeded))
  const others = new Map<string, Data>()
  return (account) => {
    const known = fixed.get(account) ?? others.get(account)
    if (known !== undefined) return known
    const fresh = empty()
    others.set(account, fresh)
    if (others.size > MAX_ACCOUNTS) others.delete(others.keys().next().value as string)
    return fresh
  }
}
