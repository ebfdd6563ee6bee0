import type { ShownMember } from '../people/member.rules.ts'
import { CliFault, EXIT } from './exit.ts'
import { confirm } from './input.ts'
import { manage } from './manage.ts'
import { plain, print } from './output.ts'

export interface RemoveOptions {
  account?: string
  yes?: boolean
}

/** `latchkey members remove <id>`: people are asked first and scripts must say --yes. */
export async function removeMember(id: string, { account, yes = false }: RemoveOptions): Promise<void> {
  if (!yes && !process.stdin.isTTY) {
    throw new CliFault(EXIT.usage, 'usage', 'Removing ends their access at once. Without a terminal, say --yes.')
  }
  const session = await manage(account)
  const path = `/members/${encodeURIComponent(id)}`
  if (!yes) {
    const { name, email, role } = await session.call<ShownMember>(path)
    const sure = await confirm(`Remove ${role} "${plain(name)}" <${plain(email)}> from ${session.account}?`)
    if (!sure) throw new CliFault(EXIT.failed, 'cancelled', 'Nothing was changed.')
  }
  await session.call(path, { method: 'DELETE' })
  print(`Removed ${id} from account ${session.account}.`)
}
