import { expect } from 'chai'
import { sign } from '../../verifier/issuer.ts'
import { type Bed, claimsOf, onBothStores } from '../bed.ts'
import { aToken, type Client, createClient } from './asking.ts'

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
let count = 0

onBothStores('private_key_jwt (RFC 7523, 7523bis)', (bed) => {
  let client: Client
  let id: string
  before(async () => {
    client = await createClient()
    id = await makeKey({ jwks: { keys: [{ ...client.publicJwk, kid: 'one' }] } })
  })

  async function makeKey(more: Record<string, unknown>): Promise<string> {
    const headers = { authorization: `Bearer ${await bed().token('acme-manage')}` }
    const json = {
      name: 'signs for itself',
      namespace: 'v2',
      grants: [{ subAccount: null, scopes: ['links:read'] }],
      tokenEndpointAuthMethod: 'private_key_jwt',
      ...more,
    }
    const answer = await bed().post('/manage/accounts/acme/keys', { json, headers })
    expect(answer.status, answer.text).to.equal(201)
    expect(answer.json().secret).to.equal(null)
    return (answer.json().key as { id: string }).id
  }
  const seconds = (b: Bed) => Math.floor(b.now() / 1000)
  const assertion = (
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    by: Client = client,
  ) => {
    const now = seconds(bed())
    const good = { iss: id, sub: id, aud: `${bed().url}/v2`, iat: now, exp: now + 60, jti: `assertion-${++count}` }
    return sign({ ...good, ...claims }, { typ: undefined, ...header }, { ...by, kid: 'one' })
  }
  const present = (client_assertion: string, more: Record<string, string> = {}, ns = 'v2') =>
    bed().post(`/${ns}/oauth/token`, {
      form: { grant_type: 'client_credentials', client_assertion_type: TYPE, client_assertion, ...more },
    })

  it('a client that signs for itself gets a token, and needs no secret', async () => {
    const answer = await present(await assertion())
    expect(answer.json()).to.include({ token_type: 'Bearer', scope: 'links:read' })
    const claims = claimsOf(answer.json().access_token as string)
    expect(claims).to.include({ sub: id, client_id: id })
    expect(claims.status).to.have.nested.property('status_list.idx')
  })

  it('typ: none, JWT and client-authentication+jwt; kid: of the set, or none', async () => {
    for (const header of [
      { typ: 'JWT' },
      { typ: 'client-authentication+jwt' },
      { kid: undefined },
      { typ: 'application/client-authentication+jwt' },
    ])
      expect((await present(await assertion({}, header))).status, JSON.stringify(header)).to.equal(200)
    expect((await present(await assertion({ aud: [`${bed().url}/v2`] }), { client_id: id })).status).to.equal(200)
  })

  const wrong: Record<string, () => Promise<string>> = {
    'the token endpoint as audience': () => assertion({ aud: `${bed().url}/v2/oauth/token` }),
    'two audiences': () => assertion({ aud: [`${bed().url}/v2`, 'https://evil.example'] }),
    'a slash behind the issuer': () => assertion({ aud: `${bed().url}/v2/` }),
    'another namespace’s issuer': () => assertion({ aud: `${bed().url}/v3` }),
    'no audience': () => assertion({ aud: undefined }),
    'another iss': () => assertion({ iss: 'key_000000000000' }),
    'another sub': () => assertion({ sub: 'key_000000000000', iss: 'key_000000000000' }),
    'a key that has a secret': () =>
      assertion({ sub: bed().keyId('acme-v2-server'), iss: bed().keyId('acme-v2-server') }),
    'no exp': () => assertion({ exp: undefined }),
    'an exp in the past': () => assertion({ exp: seconds(bed()) - 11 }),
    'an exp that is text': () => assertion({ exp: String(seconds(bed()) + 60) }),
    'an exp beyond an hour': () => assertion({ exp: seconds(bed()) + 3700 }),
    'an iat ahead': () => assertion({ iat: seconds(bed()) + 60 }),
    'an nbf ahead': () => assertion({ nbf: seconds(bed()) + 60 }),
    'no jti': () => assertion({ jti: undefined }),
    'a jti that is no text': () => assertion({ jti: 7 }),
    'a jti of 10 kB': () => assertion({ jti: 'x'.repeat(10_000) }),
    'another typ': () => assertion({}, { typ: 'at+jwt' }),
    'the typ of a proof': () => assertion({}, { typ: 'dpop+jwt' }),
    'a critical extension': () => assertion({}, { crit: ['b64'], b64: true }),
    'an unknown kid': () => assertion({}, { kid: 'two' }),
    'another’s signature': async () => assertion({}, {}, await createClient()),
    'a key of its own in the header': async () => {
      const other = await createClient()
      return assertion({}, { jwk: other.publicJwk, kid: undefined }, other)
    },
    'alg none': async () => {
      const [, payload] = (await assertion()).split('.')
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    },
    'no JWT': async () => 'nonsense',
    'an access token': () => bed().token('acme-v2-readonly'),
    'a status list': async () => (await bed().get('/v2/status/0')).text,
  }
  it('a wrong one is 401 invalid_client, whatever is wrong', async () => {
    const seen = new Set<string>()
    for (const [what, make] of Object.entries(wrong)) {
      const answer = await present(await make())
      expect(answer.status, what).to.equal(401)
      seen.add(answer.text)
      // By address they count; so the next one is not to be the thirtieth.
      bed().pass(3_000)
    }
    expect([...seen]).to.have.length(1)
    expect(JSON.parse([...seen][0] as string).error).to.equal('invalid_client')
  }).timeout(20_000)

  it('at another namespace it is no client', async () => {
    expect((await present(await assertion({ aud: `${bed().url}/v3` }), {}, 'v3')).json().error).to.equal(
      'invalid_client',
    )
  })

  it('one way to authenticate, and whole (RFC 6749 §2.3, RFC 7521 §4.2)', async () => {
    const jwt = await assertion()
    const basic = `Basic ${Buffer.from(`${bed().keyId('acme-v2-server')}:${bed().secret('acme-v2-server')}`).toString('base64')}`
    const form = { grant_type: 'client_credentials', client_assertion_type: TYPE, client_assertion: jwt }
    const attempts = [
      { form, headers: { authorization: basic } },
      { form: { ...form, client_secret: bed().secret('acme-v2-server') } },
      { form: { ...form, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' } },
      { form: { ...form, client_assertion_type: '' } },
      { form: { ...form, client_assertion: '' } },
    ]
    for (const attempt of attempts) {
      const answer = await bed().post('/v2/oauth/token', attempt)
      expect([answer.status, answer.json().error], JSON.stringify(attempt)).to.deep.equal([400, 'invalid_request'])
    }
    expect((await present(jwt, { client_id: 'key_000000000000' })).status).to.equal(401)
    expect((await present(jwt)).status).to.equal(200)
  })

  it('is good once', async () => {
    const jwt = await assertion()
    expect((await present(jwt)).status).to.equal(200)
    const again = await present(jwt)
    expect([again.status, again.json().error]).to.deep.equal([401, 'invalid_client'])
    bed().pass(65_000)
  })

  it('a hundred at once: one token', async () => {
    const jwt = await assertion()
    const answers = await Promise.all(Array.from({ length: 100 }, () => present(jwt)))
    expect(answers.filter((a) => a.status === 200)).to.have.length(1)
    bed().pass(65_000)
  }).timeout(30_000)

  it('introspects and revokes as it exchanges', async () => {
    const token = await aToken(present(await assertion()))
    const call = async (endpoint: string) =>
      bed().post(`/v2/oauth/${endpoint}`, {
        form: { token, client_assertion_type: TYPE, client_assertion: await assertion() },
      })
    expect((await call('introspect')).json()).to.include({ active: true, client_id: id })
    expect((await call('revoke')).status).to.equal(200)
    expect((await call('introspect')).json()).to.deep.equal({ active: false })
  })
})
