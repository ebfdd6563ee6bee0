import type { ShownMember } from '../people/member.rules.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson, table, utc } from './output.ts'

export interface ListOptions extends JsonOption {
  account?: string
  role?: string
  status?: string
}

interface Page {
  items: ShownMember[]
  nextCursor: string | null
}

const HEAD = ['NAME', 'E-MAIL', 'ID', 'ROLE', 'STATUS', 'LAST SIGN-IN']

/** `latchkey members list`: all pages as one. */
export async function listMembers({ account, json, ...filters }: ListOptions): Promise<void> {
  const session = await manage(account)
  const items: ShownMember[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ limit: '200', ...filters, ...(cursor === null ? {} : { cursor }) })
    const page: Page = await session.call<Page>(`/members?${query}`)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  if (json) return printJson({ items, nextCursor: null })
  if (items.length === 0) return print(`Account ${session.account} has no such members.`)
  print(table(HEAD, items.map(row)))
}

function row({ name, email, id, role, status, lastSignInAt }: ShownMember): string[] {
  return [name, email, id, role, status, lastSignInAt === null ? 'never' : utc(lastSignInAt)]
}
