import { generateKeyPairSync } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { expect } from 'chai'
import { formatKey } from '../../../src/keys/grammar.rules.ts'
import type { ApiKey } from '../../../src/keys/rules.ts'
import { type Bed, onBothStores } from '../bed.ts'

const KEYS = '/manage/accounts/acme/keys'
const WISH = { name: 'Nightly job', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PUBLIC = pair.publicKey.export({ format: 'jwk' })
const PRIVATE = pair.privateKey.export({ format: 'jwk' })
const OWN_PAIR = { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [{ ...PUBLIC, kid: 'k1' }] } }
const BY_URI = { tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'https://partner.example/jwks.json' }
const BROWSER = {
  kind: 'publishable',
  allowedOrigins: ['https://a.example'],
  grants: [{ subAccount: null, scopes: ['conversions:write'] }],
}

async function make(b: Bed, wish: Record<string, unknown>) {
  const headers = { authorization: `Bearer ${await b.token('acme-manage')}` }
  const answer = await b.post(KEYS, { json: { ...WISH, ...wish }, headers })
  return { answer, headers, ...(answer.json() as { key: Record<string, unknown>; secret: string | null }) }
}
const kept = async (b: Bed, id: unknown) => (await b.latchkey.store.get('acme', 'keys', id as string)) as ApiKey

onBothStores('Management: keys with a key pair of their own', (bed) => {
  it('are made without a secret, and show their public keys', async () => {
    const b = bed()
    const given = { keys: [{ ...PUBLIC, kid: 'k1', x5u: 'https://a.example/x', ext: true, key_ops: ['verify'] }] }
    const wish = { ...OWN_PAIR, jwks: given, dpopBoundAccessTokens: true, tokenEndpointAuthAudience: 'token_endpoint' }
    const { answer, headers, key, secret } = await make(b, wish)
    expect(answer.status, answer.text).to.equal(201)
    expect(secret).to.equal(null)
    expect(key).to.deep.include({
      secrets: [],
      status: 'active',
      tokenEndpointAuthMethod: 'private_key_jwt',
      tokenEndpointAuthAudience: 'token_endpoint',
      jwks: OWN_PAIR.jwks,
      jwksUri: null,
      dpopBoundAccessTokens: true,
    })
    expect((await b.get(`${KEYS}/${key.id}`, headers)).json()).to.deep.equal(key)
    expect((await kept(b, key.id)).jwksStatus).to.have.all.keys('list', 'index')
  })

  it('may name an address instead, which is not asked now', async () => {
    const { answer, key, secret } = await make(bed(), BY_URI)
    expect([answer.status, secret, key.jwks, key.jwksUri]).to.deep.equal([201, null, null, BY_URI.jwksUri])
  })

  it('may ask for bound tokens with a secret too', async () => {
    const b = bed()
    const { key, secret } = await make(b, { dpopBoundAccessTokens: true })
    expect(secret).to.match(/^lk_v2_sk_/)
    expect(key).to.include({ dpopBoundAccessTokens: true, tokenEndpointAuthMethod: 'client_secret_basic' })
    expect((await kept(b, key.id)).jwksStatus).to.equal(null)
  })

  const jwks = (...keys: unknown[]) => ({ ...OWN_PAIR, jwks: { keys } })
  const wrong: [string, Record<string, unknown>, string][] = [
    ['neither keys nor an address', { tokenEndpointAuthMethod: 'private_key_jwt' }, '/jwks'],
    ['keys and an address', { ...OWN_PAIR, ...BY_URI }, '/jwksUri'],
    ['no key', jwks(), '/jwks/keys'],
    ['11 keys', jwks(...Array(11).fill(PUBLIC)), '/jwks/keys'],
    ['a private key', jwks(PUBLIC, PRIVATE), '/jwks/keys/1/d'],
    ['a shared key', jwks({ kty: 'oct', k: 'AAAA' }), '/jwks/keys/0/k'],
    ['one kid twice', jwks({ ...PUBLIC, kid: 'a' }, { ...PUBLIC, kid: 'a' }), '/jwks/keys/1/kid'],
    ['an API key for a kid', jwks({ ...PUBLIC, kid: `lk_v2_sk_${'a'.repeat(50)}` }), '/jwks'],
    ['an operator for a key', jwks({ $ne: null }), '/jwks/keys/0'],
    ['a list for a key', jwks([]), '/jwks/keys/0'],
    ['an operator for an address', { ...BY_URI, jwksUri: { $ne: null } }, '/jwksUri'],
    ['an unknown method', { tokenEndpointAuthMethod: 'none' }, '/tokenEndpointAuthMethod'],
    ['an unknown audience', { ...OWN_PAIR, tokenEndpointAuthAudience: 'any' }, '/tokenEndpointAuthAudience'],
    ['keys beside a secret', { jwks: OWN_PAIR.jwks }, '/jwks'],
    ['an address beside a secret', { jwksUri: BY_URI.jwksUri }, '/jwksUri'],
    ['an audience beside a secret', { tokenEndpointAuthAudience: 'token_endpoint' }, '/tokenEndpointAuthAudience'],
    ['a publishable key with keys', { ...BROWSER, ...OWN_PAIR }, '/tokenEndpointAuthMethod'],
    ['a publishable key with bound tokens', { ...BROWSER, dpopBoundAccessTokens: true }, '/dpopBoundAccessTokens'],
    ...[
      'http://partner.example/jwks.json',
      'https://localhost./',
      'https://10.0.0.1/',
      'https://[::ffff:a9fe:a9fe]/',
      'https://0xa9fea9fe/latest/meta-data',
      'https://user:secret@partner.example/',
      'https://partner.example:22/',
      'file:///etc/passwd',
      'x',
    ].map((jwksUri): [string, Record<string, unknown>, string] => [jwksUri, { ...BY_URI, jwksUri }, '/jwksUri']),
  ]
  for (const [what, change, pointer] of wrong) {
    it(`refuses ${what}`, async () => {
      const { answer } = await make(bed(), change)
      expect([answer.status, answer.json().code], answer.text).to.deep.equal([400, 'invalid_request'])
      expect((answer.json().errors as { pointer: string }[])[0]?.pointer).to.equal(pointer)
      expect(answer.text).to.not.include(PRIVATE.d as string)
    })
  }

  it('are opened by no text: whatever is presented with their id is the one 401', async () => {
    const b = bed()
    const { key } = await make(b, OWN_PAIR)
    const apiKey = formatKey('v2', 'secret', key.id as string, 'a'.repeat(32))
    const nobody = formatKey('v2', 'secret', 'key_000000000000', 'a'.repeat(32))
    const [own, unknown] = await Promise.all([apiKey, nobody].map((k) => b.post('/v2/jwts', { json: { apiKey: k } })))
    expect([own?.status, own?.json().code]).to.deep.equal([401, 'invalid_api_key'])
    expect({ ...own?.json(), requestId: '' }).to.deep.equal({ ...unknown?.json(), requestId: '' })
    const form = { grant_type: 'client_credentials', client_id: key.id as string, client_secret: apiKey }
    const client = await b.post('/v2/oauth/token', { form })
    expect([client.status, client.json().error]).to.deep.equal([401, 'invalid_client'])
  })

  it('end with every token when they are revoked: the status of the key pair flips', async () => {
    const b = bed()
    const { key, headers } = await make(b, OWN_PAIR)
    const { list, index } = (await kept(b, key.id)).jwksStatus as { list: string; index: number }
    const uri = `/${list.replace('/', '/status/')}`
    const status = async () => {
      const { text } = await b.get(uri, { accept: 'application/statuslist+jwt' })
      const claims = JSON.parse(Buffer.from(text.split('.')[1] as string, 'base64url').toString())
      const packed = inflateSync(Buffer.from(claims.status_list.lst, 'base64url'))
      return ((packed[index >> 2] as number) >> ((index & 3) * 2)) & 3
    }
    expect(await status()).to.equal(0)
    const revoked = await b.post(`${KEYS}/${key.id}/revoke`, { json: { reason: 'exposed' }, headers })
    expect([revoked.status, revoked.json().status]).to.deep.equal([200, 'revoked'])
    expect(await status()).to.equal(1)
  })
})

onBothStores(
  'Management: keys with a key pair, where nothing is allowed beside public hosts',
  (bed) => {
    it('refuses loopback by any spelling, saying what would be right', async () => {
      for (const jwksUri of ['http://127.0.0.1/', 'https://2130706433/', 'https://localhost/', 'https://[::1]/']) {
        const { answer } = await make(bed(), { ...BY_URI, jwksUri })
        expect(answer.json().errors, jwksUri).to.deep.equal([
          {
            pointer: '/jwksUri',
            detail:
              'must be https on port 443 or 8443 of a public host. Other networks must be allowed by LATCHKEY_OUTBOUND_ALLOW.',
          },
        ])
      }
    })
  },
  { env: { LATCHKEY_OUTBOUND_ALLOW: '192.0.2.0/24' } },
)
