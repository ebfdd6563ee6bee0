/** A key of account acme, made for one test. */
import type { Answer, Bed } from '../bed.ts'
import type { Caller } from '../manage/caller.ts'

export const KEYS = '/manage/accounts/acme/keys'
export const whole = (...scopes: string[]) => [{ subAccount: null as string | null, scopes }]

export interface MadeKey {
  id: string
  path: string
  secret: string
  exchange(headers?: Record<string, string>): Promise<Answer>
  /** @throws where it is refused */
  token(): Promise<string>
  shown(): Promise<Record<string, unknown> & { version: number }>
}

export async function makeKey(b: Bed, caller: Caller, wish: Record<string, unknown> = {}): Promise<MadeKey> {
  const all = { name: 'Made', namespace: 'v2', grants: whole('links:read', 'links:write'), ...wish }
  const made = await caller.post(KEYS, all)
  if (made.status !== 201) throw new Error(made.text)
  const { key, secret } = made.json() as { key: { id: string }; secret: string }
  const path = `${KEYS}/${key.id}`
  const exchange = (headers: Record<string, string> = {}) =>
    b.post(`/${all.namespace}/jwts`, { json: { apiKey: secret }, headers })
  return {
    id: key.id,
    path,
    secret,
    exchange,
    async token() {
      const { status, text } = await exchange()
      if (status !== 200) throw new Error(text)
      return text
    },
    shown: async () => (await caller.get(path)).json() as Record<string, unknown> & { version: number },
  }
}
