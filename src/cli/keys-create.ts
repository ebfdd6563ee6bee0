import { readFileSync } from 'node:fs'
import type { CreatedKey, SharedKey } from '../keys/create.ts'
import { jwksFaults } from '../keys/jwks.rules.ts'
import { CliFault, EXIT } from './exit.ts'
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
  /** A file with a JWK Set of public keys. */
  jwks?: string
  jwksUri?: string
  dpop?: boolean
  deliver?: 'answer' | 'share'
  customData?: Record<string, unknown>
  confirm?: boolean
}

/** `latchkey keys create`: the secret, or the link to it, if there is one, stands alone on the last line of stdout. */
export async function createKey(options: CreateOptions): Promise<void> {
  const {
    account,
    json,
    grant: grants,
    holder: holderId,
    allowIp: allowedIps,
    allowOrigin: allowedOrigins,
    expires: expiresAt,
    jwks: file,
    dpop: dpopBoundAccessTokens,
    ...same
  } = options
  const ownKeys = file === undefined ? {} : { jwks: readJwks(file) }
  const pair = file === undefined && same.jwksUri === undefined ? {} : { tokenEndpointAuthMethod: 'private_key_jwt' }
  const session = await manage(account)
  const wish = {
    ...same,
    ...ownKeys,
    ...pair,
    dpopBoundAccessTokens,
    grants,
    holderId,
    allowedIps,
    allowedOrigins,
    expiresAt,
  }
  const made = await session.call<CreatedKey | SharedKey>('/keys', { method: 'POST', json: wish })
  if (json) return printJson(made)
  if ('shareUrl' in made) {
    print(`${keyText(made.key)}\n\n${made.shareUrl}`)
    return remark('The last line is a link to the secret: good once, for seven days. Nobody has seen the secret yet.')
  }
  if (made.secret === null) return print(keyText(made.key))
  print(`${keyText(made.key)}\n\n${made.secret}`)
  remark('The last line is the secret, shown once: keep it now.')
}

/** Looked at before anything is sent: what should have stayed private still can. */
function readJwks(file: string): { keys: Record<string, unknown>[] } {
  let jwks: { keys?: unknown } | null
  try {
    jwks = JSON.parse(readFileSync(file, 'utf8')) as { keys?: unknown } | null
  } catch {
    throw new CliFault(EXIT.usage, 'usage', `${file} cannot be read, or is not JSON.`)
  }
  if (!Array.isArray(jwks?.keys) || jwks.keys.some((key) => typeof key !== 'object' || key === null))
    throw new CliFault(EXIT.usage, 'usage', `${file} is no JWK Set: {"keys": [...]}.`)
  const [fault] = jwksFaults(jwks.keys, '/keys')
  if (fault !== undefined) throw new CliFault(EXIT.usage, 'usage', `${file}: ${fault.pointer} ${fault.detail}`)
  return { keys: jwks.keys }
}
