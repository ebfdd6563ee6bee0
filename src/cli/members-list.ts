import type { ShownMember } from '../people/member.rules.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson, table, utc } from './output.ts'
import { wholeList } from './pages.ts'

export interface ListOptions extends JsonOption {
  account?: string
  role?: string
  status?: string
}

const HEAD = ['NAME', 'E-MAIL', 'ID', 'ROLE', 'STATUS', 'LAST SIGN-IN']

/** `latchkey members list`: all pages as one. */
export async function listMembers({ account, json, ...filters }: ListOptions): Promise<void> {
  const session = await manage(account)
  const { items, nextCursor } = await wholeList<ShownMember>(session.call, '/members', { of: 'members', filters, json })
  if (json) return printJson({ items, nextCursor })
  if (items.length === 0) return print(`Account ${session.account} has no such members.`)
  print(table(HEAD, items.map(row)))
}

function row({ name, email, id, role, status, lastSignInAt }: ShownMember): string[] {
  return [name, email, id, role, status, lastSignInAt === null ? 'never' : utc(lastSignInAt)]
}
