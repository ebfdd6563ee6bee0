import { manage } from './manage.ts'
import { type JsonOption, print, printJson, remark, table, utc } from './output.ts'

export interface ListOptions extends JsonOption {
  account?: string
  type?: string
  subject?: string
  after?: number
  order: 'asc' | 'desc'
  limit: number
}

interface Page {
  items: ShownEvent[]
  nextCursor: string | null
}
interface ShownEvent {
  seq: number
  time: string
  type: string
  actor: { type: string; id: string | null; name: string }
  subject: { type: string; id: string; name: string }
}

const PAGE = 200
const HEAD = ['SEQ', 'TIME', 'TYPE', 'SUBJECT', 'ID', 'BY']

/** `latchkey events list`: as many pages as `--limit` takes. */
export async function listEvents({ account, limit, json, ...filters }: ListOptions): Promise<void> {
  const session = await manage(account)
  const items: ShownEvent[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE, limit - items.length)) })
    for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, String(value))
    if (cursor !== null) query.set('cursor', cursor)
    const page: Page = await session.call<Page>(`/events?${query}`)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < limit)
  if (json) return printJson({ items, nextCursor: cursor })
  if (items.length === 0) return print(`Account ${session.account} has no such events.`)
  print(table(HEAD, items.map(row)))
  if (cursor !== null) remark(`There are more: --after ${items.at(-1)?.seq}, or a higher --limit.`)
}

function row({ seq, time, type, subject, actor }: ShownEvent): string[] {
  return [String(seq), utc(time), type, subject.name, subject.id, actor.name]
}
