import type { ShownKey } from '../keys/shape.ts'
import { CliFault, EXIT } from './exit.ts'
import { confirm } from './input.ts'
import { manage } from './manage.ts'
import { type JsonOption, plain, print, printJson } from './output.ts'
import { keyIdOf } from './written.ts'

export interface RevokeOptions extends JsonOption {
  account?: string
  reason: string
  note?: string
  yes?: boolean
}

/** `latchkey keys revoke <id>`: final, so people are asked first and scripts must say --yes. */
export async function revokeKey(
  argument: string,
  { account, reason, note, yes = false, json }: RevokeOptions,
): Promise<void> {
  if (!yes && !process.stdin.isTTY) {
    throw new CliFault(EXIT.usage, 'usage', 'Revoking is final. Without a terminal to ask at, say --yes.')
  }
  const id = keyIdOf(argument)
  const session = await manage(account)
  const path = `/keys/${encodeURIComponent(id)}`
  if (!yes) {
    const { name, namespace } = await session.call<ShownKey>(path)
    const sure = await confirm(`Revoke "${plain(name)}" (${namespace}, ${id}) for good? All its tokens end now.`)
    if (!sure) throw new CliFault(EXIT.failed, 'cancelled', 'Nothing was changed.')
  }
  const key = await session.call<ShownKey>(`${path}/revoke`, { method: 'POST', json: { reason, note } })
  if (json) printJson(key)
  else print(`Revoked ${key.id} "${plain(key.name)}". All its tokens are ended.`)
}
