import { manage } from './manage.ts'
import { type JsonOption, print, printJson, remark, table, utc } from './output.ts'
import { wholeList } from './pages.ts'

export interface ListOptions extends JsonOption {
  account?: string
  type?: string
  subject?: string
  after?: number
  order: 'asc' | 'desc'
  limit: number
}

interface ShownEvent {
  seq: number
  time: string
  type: string
  actor: { type: string; id: string | null; name: string }
  subject: { type: string; id: string; name: string }
}

const HEAD = ['SEQ', 'TIME', 'TYPE', 'SUBJECT', 'ID', 'BY']

/** `latchkey events list`: as many pages as `--limit` takes. */
export async function listEvents({ account, limit, json, ...filters }: ListOptions): Promise<void> {
  const session = await manage(account)
  const how = { of: 'events', filters, most: limit, json }
  const { items, nextCursor } = await wholeList<ShownEvent>(session.call, '/events', how)
  if (json) return printJson({ items, nextCursor })
  if (items.length === 0) return print(`Account ${session.account} has no such events.`)
  print(table(HEAD, items.map(row)))
  if (nextCursor !== null) remark(`There are more: --after ${items.at(-1)?.seq}, or a higher --limit.`)
}

function row({ seq, time, type, subject, actor }: ShownEvent): string[] {
  return [String(seq), utc(time), type, subject.name, subject.id, actor.name]
}
