import { manage } from './manage.ts'
import { type JsonOption, print, printJson, remark, utc } from './output.ts'
import { keyIdOf } from './written.ts'

export interface ShareOptions extends JsonOption {
  account?: string
  /** Seconds. */
  expiresIn?: number
  /** Seconds. */
  overlap?: number
  cancel?: boolean
}

/** `latchkey keys share <id>`: the link stands alone on stdout; with --cancel there is none any more. */
export async function shareKey(argument: string, options: ShareOptions): Promise<void> {
  const { account, expiresIn: expiresInSeconds, overlap: overlapSeconds, cancel, json } = options
  const id = keyIdOf(argument)
  const session = await manage(account)
  const path = `/keys/${encodeURIComponent(id)}/share`
  if (cancel) {
    await session.call(path, { method: 'DELETE' })
    if (json) printJson({})
    else print(`The open link of ${id} is good for nothing any more.`)
    return
  }
  const wish = { expiresInSeconds, overlapSeconds }
  const link = await session.call<{ url: string; expiresAt: string }>(path, { method: 'POST', json: wish })
  if (json) return printJson(link)
  print(link.url)
  remark(`Good once, until ${utc(link.expiresAt)}. Whoever opens it gets a fresh secret.`)
}
