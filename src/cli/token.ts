import { call, serverUrl } from './http.ts'
import { argumentOrStdin } from './input.ts'
import { type JsonOption, print, printJson } from './output.ts'
import { readKey } from './written.ts'

export interface TokenOptions extends JsonOption {
  scope?: string
  subAccount?: string
  ttl?: number
}

/** As the exchange answers it with `Accept: application/json`. */
export interface TokenAnswer {
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  scope: string
}

/** `latchkey token <key>`: exchanges a key at the namespace that stands in it. */
export async function token(argument: string, { scope, subAccount, ttl, json }: TokenOptions): Promise<void> {
  const url = serverUrl()
  const apiKey = await argumentOrStdin(argument, 'key')
  const answer = await exchange(url, apiKey, { scope, subAccount, ttlSeconds: ttl })
  if (json) printJson(answer)
  else print(answer.access_token)
}

interface Narrowing {
  scope?: string | undefined
  subAccount?: string | undefined
  ttlSeconds?: number | undefined
}

/** @throws CliFault; for a mistyped key without any network */
export function exchange(url: string, apiKey: string, wish: Narrowing = {}): Promise<TokenAnswer> {
  const { namespace } = readKey(apiKey)
  return call<TokenAnswer>(`${url}/${namespace}/jwts`, { method: 'POST', json: { apiKey, ...wish } })
}
