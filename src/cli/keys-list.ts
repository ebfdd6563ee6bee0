import type { ShownKey } from '../keys/shape.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson, table, utc } from './output.ts'

export interface ListOptions extends JsonOption {
  account?: string
  namespace?: string
  holderType?: string
  holder?: string
  limit?: number
}

interface Page {
  items: ShownKey[]
  nextCursor: string | null
}

const PAGE = 200
const HEAD = ['NAME', 'ID', 'LAST4', 'RIGHTS', 'HOLDER', 'STATUS', 'LAST USED']

/** `latchkey keys list`: all pages as one. With --json `{items, nextCursor}`, as the API answers a single page. */
export async function listKeys({ account, limit, json, ...filters }: ListOptions): Promise<void> {
  const where = { namespace: filters.namespace, holderType: filters.holderType, holderId: filters.holder }
  const session = await manage(account)
  const most = limit ?? Number.POSITIVE_INFINITY
  const items: ShownKey[] = []
  let cursor: string | null = null
  do {
    const size = String(Math.min(PAGE, most - items.length))
    const page: Page = await session.call<Page>(`/keys?${queryOf({ ...where, limit: size, cursor })}`)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < most)
  if (json) return printJson({ items, nextCursor: cursor })
  if (items.length === 0) return print(`Account ${session.account} has no such keys.`)
  print(table(HEAD, items.map(row)))
}

function queryOf(members: Record<string, string | null | undefined>): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(members)) if (value != null) query.set(name, value)
  return query
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
