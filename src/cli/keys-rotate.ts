import type { CreatedKey } from '../keys/create.ts'
import { keyText } from './keys-show.ts'
import { manage } from './manage.ts'
import { type JsonOption, plain, print, printJson, remark, utc } from './output.ts'
import { keyIdOf } from './written.ts'

export interface RotateOptions extends JsonOption {
  account?: string
  /** Seconds. */
  overlap?: number
  end?: boolean
}

/** `latchkey keys rotate <id>`: the new secret stands alone on the last line of stdout; with --end there is none. */
export async function rotateKey(argument: string, { account, overlap, end, json }: RotateOptions): Promise<void> {
  const id = keyIdOf(argument)
  const session = await manage(account)
  const path = `/keys/${encodeURIComponent(id)}`
  if (end) {
    await session.call(`${path}/rotation`, { method: 'DELETE' })
    if (json) printJson({})
    else print(`Ended the old secret of ${id}, and its tokens.`)
    return
  }
  const made = await session.call<CreatedKey>(`${path}/rotate`, { method: 'POST', json: { overlapSeconds: overlap } })
  if (json) return printJson(made)
  print(`${keyText(made.key)}\n\n${made.secret}`)
  remark('The last line is the new secret, shown once: keep it now.')
  const { rotation, name } = made.key
  remark(
    rotation === null
      ? `The old secret of "${plain(name)}" has ended.`
      : `The old secret of "${plain(name)}" is good until ${utc(rotation.endsAt)}.`,
  )
}
