/**
 * What ends live tokens, as a table: a cause, what a verifier that has the list then says of a token given before, and
 * what the next exchange gives.
 */
import { closeOverlaps } from '../../../src/keys/end-rotation.ts'
import { accept, GRANTS, idOf, ORIGIN, OTHER_PAIR, OWN_PAIR, type Place, shop, type Wishes, whole } from './place.ts'

export interface Row extends Wishes {
  cause: string
  act: (place: Place) => Promise<unknown>
  live: 'valid' | 'revoked' | 'suspended'
  /** The next exchange gives the same scopes, fewer, more, or is refused with a code. */
  next: 'same' | 'narrower' | 'wider' | (string & {})
  /** Takes it back: what that token and the next exchange are then. */
  back?: Pick<Row, 'act' | 'live' | 'next'>
}

const FEWER = [whole('links:read'), shop('orders:write')]
const publishable = {
  kind: 'publishable',
  grants: [whole('conversions:write')],
  allowedOrigins: [ORIGIN, 'https://a.example'],
}

const post =
  (path: (place: Place) => string, json: unknown = {}): Row['act'] =>
  (place) =>
    place.operator.post(path(place), json)
const change =
  (path: (place: Place) => string, to: object | ((place: Place) => object)): Row['act'] =>
  async (place) => {
    const { version } = (await place.operator.get(path(place))).json() as { version: number }
    return place.operator.patch(path(place), typeof to === 'function' ? to(place) : to, version)
  }
const remove =
  (path: (place: Place) => string): Row['act'] =>
  (place) =>
    place.operator.delete(path(place))
const key =
  (more = '') =>
  (place: Place) =>
    place.key + more
const holder =
  (more = '') =>
  (place: Place) =>
    place.holder + more
const subAccount =
  (more = '') =>
  (place: Place) =>
    place.subAccount + more
const account =
  (more = '') =>
  (place: Place) =>
    place.account + more
/** Makes a second secret; from here on the key's first one is shown that is about to end. */
const rotated = post(key('/rotate'), { overlapSeconds: 60 })

export const ENDING: Row[] = [
  {
    cause: 'the key is revoked',
    act: post(key('/revoke'), { reason: 'exposed' }),
    live: 'revoked',
    next: 'invalid_api_key',
  },
  {
    cause: 'the key is revoked by whoever has it',
    act: ({ b, secret }) => b.post('/v2/oauth/revoke', { form: { token: secret } }),
    live: 'revoked',
    next: 'invalid_api_key',
  },
  {
    cause: 'one token is revoked',
    act: ({ b, key, secret, token }) => {
      const authorization = `Basic ${Buffer.from(`${idOf(key)}:${secret}`).toString('base64')}`
      return b.post('/v2/oauth/revoke', { form: { token }, headers: { authorization } })
    },
    live: 'revoked',
    next: 'same',
  },
  {
    cause: 'tokens of the account are revoked in bulk',
    act: post(account('/revocations'), { all: true }),
    live: 'revoked',
    next: 'same',
  },
  {
    cause: 'the key is suspended',
    act: post(key('/suspend')),
    live: 'suspended',
    next: 'key_suspended',
    back: { act: post(key('/resume')), live: 'valid', next: 'same' },
  },
  { cause: 'the key is deleted', act: remove(key()), live: 'revoked', next: 'invalid_api_key' },
  {
    cause: 'the overlap of a rotation is over',
    act: async (place) => {
      await rotated(place)
      place.b.pass(61_000)
      await closeOverlaps(place.b.latchkey.keys)
    },
    live: 'revoked',
    next: 'invalid_api_key',
  },
  {
    cause: 'a rotation is ended',
    act: async (place) => {
      await rotated(place)
      return place.operator.delete(`${place.key}/rotation`)
    },
    live: 'revoked',
    next: 'invalid_api_key',
  },
  {
    cause: 'a rotation without overlap',
    act: post(key('/rotate'), { overlapSeconds: 0 }),
    live: 'revoked',
    next: 'invalid_api_key',
  },
  {
    cause: 'the end of the key is brought forward',
    act: change(key(), ({ b }) => ({ expiresAt: new Date(b.now() + 3_600_000).toISOString() })),
    live: 'revoked',
    next: 'same',
  },
  { cause: 'a scope is taken', act: change(key(), { grants: FEWER }), live: 'revoked', next: 'narrower' },
  {
    cause: 'a scope of a sub-account is taken',
    act: change(key(), { grants: [whole('links:read', 'links:write')] }),
    live: 'revoked',
    next: 'narrower',
  },
  {
    cause: 'a scope is taken in the matrix',
    act: async ({ operator, account, key }) => {
      const row = { keyId: idOf(key), version: 1, grants: FEWER }
      return operator.put(`${account}/matrix?namespace=v2`, { rows: [row] })
    },
    live: 'revoked',
    next: 'narrower',
  },
  {
    cause: 'addresses are taken',
    act: change(key(), { allowedIps: ['203.0.113.0/24'] }),
    live: 'revoked',
    next: 'ip_not_allowed',
  },
  {
    cause: 'an origin is taken',
    wish: publishable,
    act: change(key(), { allowedOrigins: ['https://a.example'] }),
    live: 'revoked',
    next: 'origin_not_allowed',
  },
  {
    cause: 'DPoP is asked for',
    act: change(key(), { dpopBoundAccessTokens: true }),
    live: 'revoked',
    next: 'invalid_dpop_proof',
  },
  {
    cause: 'a client has another key pair',
    wish: OWN_PAIR,
    act: change(key(), { jwks: OTHER_PAIR }),
    live: 'revoked',
    next: 'invalid_client',
  },
  {
    cause: 'a client has its public keys elsewhere',
    wish: OWN_PAIR,
    act: change(key(), { jwks: null, jwksUri: 'http://127.0.0.1:1/' }),
    live: 'revoked',
    next: 'client_keys_unavailable',
  },
  {
    cause: 'the key is given to another holder',
    act: change(key(), ({ other }) => ({ holderId: idOf(other) })),
    live: 'revoked',
    next: 'same',
  },
  {
    cause: 'the holder is suspended',
    act: post(holder('/suspend')),
    live: 'suspended',
    next: 'holder_suspended',
    back: { act: post(holder('/resume')), live: 'valid', next: 'same' },
  },
  {
    cause: 'the holder gets a ceiling',
    act: change(holder(), { grants: FEWER }),
    live: 'revoked',
    next: 'narrower',
  },
  {
    cause: 'the holder gets another external id',
    ofHolder: { externalId: 'A-1' },
    act: change(holder(), { externalId: 'A-2' }),
    live: 'revoked',
    next: 'same',
  },
  {
    cause: 'the holder gives its external id up',
    ofHolder: { externalId: 'A-1' },
    act: change(holder(), { externalId: null, grants: null }),
    live: 'revoked',
    next: 'same',
  },
  {
    cause: 'the sub-account is suspended',
    act: post(subAccount('/suspend')),
    live: 'revoked',
    next: 'narrower',
    back: { act: post(subAccount('/resume')), live: 'revoked', next: 'same' },
  },
  {
    cause: 'the sub-account becomes of a kind that the scope does not fit',
    act: change(subAccount(), { kind: 'region' }),
    live: 'revoked',
    next: 'narrower',
  },
  {
    cause: 'the account is suspended',
    act: post(account('/suspend')),
    live: 'suspended',
    next: 'account_suspended',
    back: { act: post(account('/resume')), live: 'valid', next: 'same' },
  },
  {
    cause: 'the namespace is disabled',
    act: remove(account('/namespaces/v2')),
    live: 'suspended',
    next: 'namespace_not_enabled',
    back: { act: ({ operator, account }) => operator.put(`${account}/namespaces/v2`, {}), live: 'valid', next: 'same' },
  },
  {
    cause: 'the plan has fewer scopes',
    act: change(account(), { plan: 'starter' }),
    live: 'revoked',
    next: 'narrower',
  },
  {
    cause: 'the plan has lower entitlements',
    act: change(account(), { plan: 'frugal' }),
    live: 'revoked',
    next: 'same',
  },
  {
    cause: 'the plan does not have the namespace',
    act: change(account(), { plan: 'other' }),
    live: 'revoked',
    next: 'namespace_not_enabled',
  },
]

const KEPT: (Pick<Row, 'cause' | 'act'> & Partial<Row>)[] = [
  {
    cause: 'the key is renamed and described',
    act: change(key(), { name: 'B', description: 'c', customData: { d: 1 } }),
  },
  { cause: 'a scope is added', act: change(key(), { grants: [...GRANTS, whole('tags:read')] }), next: 'wider' },
  {
    cause: 'the key may end later, or never',
    act: change(key(), { expiresAt: null }),
    wish: { expiresAt: '2027-11-21T00:00:00Z' },
  },
  {
    cause: 'addresses are added',
    act: change(key(), { allowedIps: ['127.0.0.0/8', '10.0.0.0/8'] }),
    wish: { allowedIps: ['127.0.0.1'] },
  },
  {
    cause: 'an origin is added',
    act: change(key(), { allowedOrigins: [...publishable.allowedOrigins, 'https://b.example'] }),
    wish: publishable,
  },
  { cause: 'a rotation begins', act: rotated },
  {
    cause: 'the holder is renamed and flagged',
    act: change(holder(), { name: 'B', flags: ['late'], email: 'b@example.com' }),
  },
  {
    cause: 'the holder gets a ceiling that takes nothing',
    act: change(holder(), { grants: [whole('links:read', 'links:write', 'tags:read'), shop('orders:write')] }),
  },
  { cause: 'the holder gets its first external id', act: change(holder(), { externalId: 'A-1' }) },
  {
    cause: 'the holder keeps its external id',
    ofHolder: { externalId: 'A-1' },
    act: change(holder(), { externalId: 'A-1', name: 'B' }),
  },
  { cause: 'the sub-account is renamed', act: change(subAccount(), { name: 'B', customData: { c: 1 } }) },
  { cause: 'the account is renamed', act: change(account(), { name: 'B', hosts: { v2: 'https://b.example/v2' } }) },
  { cause: 'the plan has other rates', act: change(account(), { plan: 'slow' }) },
  {
    cause: 'another namespace is enabled',
    act: ({ operator, account }) => operator.put(`${account}/namespaces/v3`, {}),
  },
  {
    cause: 'another key is suspended',
    act: async ({ operator, account }) => {
      const made = await operator.post(`${account}/keys`, { name: 'B', namespace: 'v2', grants: [whole('links:read')] })
      return operator.post(`${account}/keys/${(made.json().key as { id: string }).id}/suspend`)
    },
  },
  { cause: 'the terms are accepted again', act: ({ b, account }) => accept(b, idOf(account), 'paper') },
]
export const KEEPING: Row[] = KEPT.map((row) => ({ live: 'valid', next: 'same', ...row }))
