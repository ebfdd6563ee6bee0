import type { ShownMember } from '../people/member.rules.ts'
import { CliFault, EXIT } from './exit.ts'
import { manage } from './manage.ts'
import { type JsonOption, plain, print, printJson } from './output.ts'

export interface EditOptions extends JsonOption {
  account?: string
  name?: string
  role?: string
  holder?: string
  status?: string
  customData?: Record<string, unknown>
}

/** `latchkey members edit <id>` */
export async function editMember(id: string, { account, json, holder, ...same }: EditOptions): Promise<void> {
  const change = { ...same, ...(holder === undefined ? {} : { holderId: holder }) }
  if (Object.keys(change).length === 0) {
    throw new CliFault(EXIT.usage, 'usage', 'Say what to change: --name, --role, --holder, --status or --custom-data.')
  }
  const session = await manage(account)
  const path = `/members/${encodeURIComponent(id)}`
  const { version } = await session.call<ShownMember>(path)
  const member = await session.call<ShownMember>(path, { method: 'PATCH', json: change, ifMatch: version })
  if (json) printJson(member)
  else print(`Changed ${member.id} "${plain(member.name)}": ${member.role}, ${member.status}.`)
}
