import type { CreatedKey } from '../keys/create.ts'
import type { ShownKey } from '../keys/shape.ts'
import { keyText } from './keys-show.ts'
import { manage } from './manage.ts'
import { type JsonOption, plain, print, printJson, remark, utc } from './output.ts'
import { keyIdOf } from './written.ts'

export interface RotateOptions extends JsonOption {
  account?: string
  /** Seconds. */
  overlap?: number
  /** Seconds. */
  extend?: number
  end?: boolean
}

/** `latchkey keys rotate <id>`: the new secret stands alone on the last line of stdout; with --extend and --end there is none. */
export async function rotateKey(
  argument: string,
  { account, overlap, extend, end, json: asJson }: RotateOptions,
): Promise<void> {
  const id = keyIdOf(argument)
  const session = await manage(account)
  const path = `/keys/${encodeURIComponent(id)}`
  if (end) {
    await session.call(`${path}/rotation`, { method: 'DELETE' })
    if (asJson) printJson({})
    else print(`Ended the old secret of ${id}, and its tokens.`)
    return
  }
  if (extend !== undefined) {
    const json = { overlapSeconds: extend }
    const key = await session.call<ShownKey>(`${path}/rotation`, { method: 'PATCH', json })
    return tellMoved(key, asJson)
  }
  const made = await session.call<CreatedKey>(`${path}/rotate`, { method: 'POST', json: { overlapSeconds: overlap } })
  if (asJson) return printJson(made)
  print(`${keyText(made.key)}\n\n${made.secret}`)
  remark('The last line is the new secret, shown once: keep it now.')
  remark(fateOfTheOld(made.key))
}

function tellMoved(key: ShownKey, asJson: boolean | undefined): void {
  if (asJson) printJson(key)
  else print(fateOfTheOld(key))
}

function fateOfTheOld({ rotation, name }: ShownKey): string {
  return rotation === null
    ? `The old secret of "${plain(name)}" has ended.`
    : `The old secret of "${plain(name)}" is good until ${utc(rotation.endsAt)}.`
}
