import type { ShownKey } from '../keys/shape.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson, table, utc } from './output.ts'
import { wholeList } from './pages.ts'

export interface ListOptions extends JsonOption {
  account?: string
  namespace?: string
  holderType?: string
  holder?: string
  status?: string
  search?: string
  limit?: number
}

const HEAD = ['NAME', 'ID', 'LAST4', 'RIGHTS', 'HOLDER', 'STATUS', 'LAST USED']

/** `latchkey keys list`: all pages as one. With --json `{items, nextCursor}`, as the API answers a single page. */
export async function listKeys({ account, limit, json, ...filters }: ListOptions): Promise<void> {
  const { holder: holderId, search: q, ...same } = filters
  const where = { ...same, holderId, q }
  const session = await manage(account)
  const how = { of: 'keys', filters: where, most: limit, json }
  const { items, nextCursor } = await wholeList<ShownKey>(session.call, '/keys', how)
  if (json) return printJson({ items, nextCursor })
  if (items.length === 0) return print(`Account ${session.account} has no such keys.`)
  print(table(HEAD, items.map(row)))
}

function row(key: ShownKey): string[] {
  const used = key.lastUsedAt === null ? 'never' : utc(key.lastUsedAt)
  return [
    key.name,
    key.id,
    key.secrets.at(-1)?.last4 ?? '-',
    rightsInShort(key.grants),
    key.holder?.name ?? '-',
    key.status,
    used,
  ]
}

const SHOWN = 2

/** The first two scopes, with their sub-account, and how many more there are. */
export function rightsInShort(grants: ShownKey['grants']): string {
  const all = grants.flatMap(({ subAccount, scopes }) =>
    scopes.map((s) => (subAccount === null ? s : `${subAccount}=${s}`)),
  )
  const more = all.length - SHOWN
  return [...all.slice(0, SHOWN), ...(more > 0 ? [`+${more}`] : [])].join(' ')
}
