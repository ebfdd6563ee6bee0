/** An account with a holder, a sub-account and a key, for one cause of the table. */
import { acceptTerms } from '../../../src/accounts/terms.ts'
import { ASSERTION_TYPE } from '../../../src/tokens/client.ts'
import { sign } from '../../verifier/issuer.ts'
import { createClient } from '../../verifier/proofs.ts'
import type { Bed } from '../bed.ts'
import { type Caller, callerOf } from '../manage/caller.ts'

export const ORIGIN = 'https://shop.example'
export const whole = (...scopes: string[]) => ({ subAccount: null, scopes })
export const shop = (...scopes: string[]) => ({ subAccount: 'shop', scopes })
export const GRANTS = [whole('links:read', 'links:write'), shop('orders:write')]

export interface Place {
  b: Bed
  operator: Caller
  /** Paths of the management API. */
  account: string
  holder: string
  other: string
  subAccount: string
  key: string
  secret: string
  /** Given before anything happens. */
  token: string
  exchange(): Promise<Exchanged>
}

export type Exchanged = { ok: true; token: string } | { ok: false; code: string }

/** What a client with a key pair signs with. */
const PAIR = await createClient()
export const OWN_PAIR = { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [PAIR.publicJwk] } }
export const OTHER_PAIR = { keys: [(await createClient()).publicJwk] }

export function idOf(path: string): string {
  return path.split('/').at(-1) as string
}

/** Beside what those of every place have. */
export interface Wishes {
  wish?: Record<string, unknown>
  ofHolder?: Record<string, unknown>
}

export async function makePlace(b: Bed, id: string, { wish, ofHolder }: Wishes = {}): Promise<Place> {
  const operator = await callerOf(b, 'operator-manage')
  const account = `/manage/accounts/${id}`
  const make = async (path: string, json: object): Promise<Record<string, unknown>> => {
    const answer = await operator.post(path, json)
    if (answer.status !== 201) throw new Error(`${path}: ${answer.text}`)
    return answer.json()
  }
  await make('/manage/accounts', { id, name: id, plan: 'agency' })
  await accept(b, id, 'online')
  const holder = await make(`${account}/holders`, { type: 'partner', name: 'Holder', ...ofHolder })
  const other = await make(`${account}/holders`, { type: 'partner', name: 'Other' })
  await make(`${account}/sub-accounts`, { id: 'shop', name: 'Shop', kind: 'shop' })
  const all = { name: 'Key', namespace: 'v2', grants: GRANTS, holderId: holder.id, ...wish }
  const { key, secret } = (await make(`${account}/keys`, all)) as { key: { id: string }; secret: string | null }
  const exchange = (): Promise<Exchanged> => (secret === null ? asClient(b, key.id) : asKey(b, secret))
  const given = await exchange()
  if (!given.ok) throw new Error(given.code)
  return {
    b,
    operator,
    account,
    holder: `${account}/holders/${holder.id}`,
    other: `${account}/holders/${other.id}`,
    subAccount: `${account}/sub-accounts/shop`,
    key: `${account}/keys/${key.id}`,
    secret: secret ?? '',
    token: given.token,
    exchange,
  }
}

async function asKey(b: Bed, apiKey: string): Promise<Exchanged> {
  const answer = await b.post('/v2/jwts', { json: { apiKey }, headers: { origin: ORIGIN } })
  if (answer.status !== 200) return { ok: false, code: answer.json().code as string }
  return { ok: true, token: answer.text }
}

let assertions = 0
async function asClient(b: Bed, id: string): Promise<Exchanged> {
  const iat = Math.floor(b.now() / 1000)
  const claims = { iss: id, sub: id, aud: `${b.url}/v2`, iat, exp: iat + 60, jti: `a${++assertions}` }
  const client_assertion = await sign(claims, { typ: 'JWT', kid: undefined }, { ...PAIR, kid: '' })
  const form = { grant_type: 'client_credentials', client_assertion, client_assertion_type: ASSERTION_TYPE }
  const answer = await b.post('/v2/oauth/token', { form })
  const { access_token: token, code, error } = answer.json() as Record<string, string>
  return token === undefined ? { ok: false, code: (code ?? error) as string } : { ok: true, token }
}

/** As a signed-in person would, by way of the act. */
export function accept(b: Bed, id: string, method: 'online' | 'paper') {
  const actor = { type: 'person', id: 'usr_ada', name: 'Ada' } as const
  const target = { account: id, id, asker: { actor, requestId: null } }
  const deps = { ...b.latchkey.keys, changes: b.latchkey.changes }
  return acceptTerms(deps, target, { version: '2026-11', method, reference: null })
}
