/** Any list as CSV (RFC 4180): all of its pages, streamed, and harmless to a spreadsheet. */
import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { MAX_PAGE } from './cursor.ts'
import type { RequestFacts } from './request.ts'
import type { Reply, Route } from './route.ts'

export const CSV = 'text/csv'

/** What a list has for columns; null where the route answers no list. */
export function columnsOf(route: Route): readonly string[] | null {
  if (route.csvColumns !== undefined) return route.csvColumns
  const page = route.answers[200]?.content?.['application/json']
  if (route.method !== 'get' || !(page instanceof z.ZodObject) || !(page.shape.items instanceof z.ZodArray)) return null
  const { element } = page.shape.items as unknown as z.ZodArray<z.ZodObject>
  return Object.keys(element.shape)
}

type Query = Record<string, string | string[] | undefined>

/** Whether CSV is asked for, by `?format=csv` or else by Accept; and what else is asked. */
export function splitFormat({ format, ...query }: Query, request: RequestFacts): { csv: boolean; query: Query } {
  if (format !== undefined && format !== 'csv' && format !== 'json') throw invalid('?format', 'must be json or csv.')
  const csv = format === undefined ? request.accepts('application/json', CSV) === CSV : format === 'csv'
  const paged = ['limit', 'cursor'].find((name) => query[name] !== undefined)
  if (csv && paged !== undefined)
    throw invalid(`?${paged}`, 'is not for CSV, which holds the whole list; leave it out.')
  return { csv, query }
}

function invalid(pointer: string, detail: string): Refusal {
  return new Refusal('invalid_request', { errors: [{ pointer, detail }] })
}

/**
 * The first page is read before anything is answered, so that a refusal is still one.
 *
 * @param handle the route's own, for a page
 */
export async function csvReply(
  name: string,
  columns: readonly string[],
  handle: (page: { limit: number; cursor?: string }) => Promise<Reply>,
): Promise<Reply> {
  const read = async (asked: { limit: number; cursor?: string }): Promise<Page> => {
    const { body, csvRows } = await handle(asked)
    const page = body as { items: Page['rows']; nextCursor?: string | null }
    return { rows: csvRows ?? page.items, nextCursor: page.nextCursor ?? null }
  }
  const first = await read({ limit: MAX_PAGE })
  async function* rows(): AsyncGenerator<string> {
    yield csvLine(columns)
    for (let page = first; ; page = await read({ limit: MAX_PAGE, cursor: page.nextCursor as string })) {
      if (page.rows.length > 0) yield page.rows.map((row) => csvLine(columns.map((column) => row[column]))).join('')
      if (page.nextCursor === null) return
    }
  }
  return {
    status: 200,
    type: `${CSV}; charset=utf-8`,
    headers: { 'Content-Disposition': `attachment; filename="${name}.csv"` },
    body: rows(),
  }
}

interface Page {
  rows: readonly Readonly<Record<string, unknown>>[]
  nextCursor: string | null
}

export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

/** What a spreadsheet would run: also in full and small width, and behind what it or an import of text trims. */
const FORMULA = /^(?:[\t\r\n]|[\p{C}\p{Z}]*[=+\-@＝＋－＠﹦﹢﹣﹫])/u

/** Lists of words are parted by spaces; what has members of its own is JSON. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const words = Array.isArray(value) && value.every((one) => typeof one === 'string')
  const text = typeof value === 'string' ? value : words ? value.join(' ') : JSON.stringify(value)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
