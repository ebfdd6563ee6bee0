import type { ShownKey } from '../keys/shape.ts'
import type { Grant } from './input.ts'
import { keyText } from './keys-show.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson, remark } from './output.ts'

export interface CreateOptions extends JsonOption {
  account?: string
  name: string
  namespace: string
  grant: Grant[]
  kind?: 'secret' | 'publishable'
  description?: string
  holder?: string
  allowIp?: string[]
  allowOrigin?: string[]
  /** RFC 3339. */
  expires?: string
  confirm?: boolean
}

/** `latchkey keys create`: the secret stands alone on the last line of stdout. */
export async function createKey(options: CreateOptions): Promise<void> {
  const {
    account,
    json,
    grant: grants,
    holder: holderId,
    allowIp: allowedIps,
    allowOrigin: allowedOrigins,
    expires: expiresAt,
    ...same
  } = options
  const session = await manage(account)
  const wish = { ...same, grants, holderId, allowedIps, allowedOrigins, expiresAt }
  const made = await session.call<{ key: ShownKey; secret: string }>('/keys', { method: 'POST', json: wish })
  if (json) return printJson(made)
  print(`${keyText(made.key)}\n\n${made.secret}`)
  remark('The last line is the secret, shown once: keep it now.')
}
