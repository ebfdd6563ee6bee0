import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import { formatKey } from '../../../src/keys/grammar.rules.ts'
import { type Bed, claimsOf, onBothStores, type PostInit } from '../bed.ts'

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})
const CC = { grant_type: 'client_credentials' }

onBothStores('POST /{ns}/oauth/token', (bed) => {
  const client = (name: string) => ({ id: bed().keyId(name), secret: bed().secret(name) })

  it('client_secret_basic and client_secret_post answer RFC 6749 §5.1', async () => {
    const { id, secret } = client('acme-v2-readonly')
    const ways: PostInit[] = [
      { form: CC, headers: basic(id, secret) },
      { form: { ...CC, client_id: id }, headers: basic(id, secret) },
      { form: { ...CC, client_id: id, client_secret: secret } },
    ]
    for (const way of ways) {
      const answer = await bed().post('/v2/oauth/token', way)
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      expect(answer.headers.get('content-type')).to.equal('application/json')
      const { access_token, ...rest } = answer.json()
      expect(rest).to.deep.equal({ token_type: 'Bearer', expires_in: 300, scope: 'analytics:read links:read' })
      expect(claimsOf(access_token as string)).to.include({ client_id: id, sub: id })
    }
  })

  it('decodes both parts of Basic as a form (RFC 6749 app. B)', async () => {
    const { id, secret } = client('acme-v2-readonly')
    const every = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')
    const send = (pair: string) =>
      bed().post('/v2/oauth/token', {
        form: CC,
        headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
      })
    expect((await send(`${every(id)}:${every(secret)}`)).status).to.equal(200)
    for (const pair of [
      `${id}:${secret}+`,
      `${id}:%zz`,
      `${id}%20:${secret}`,
      `${id}${secret}`,
      `:${secret}`,
      `${id}:`,
    ]) {
      const answer = await send(pair)
      expect([answer.status, answer.json().error], pair.slice(0, 30)).to.deep.equal([401, 'invalid_client'])
    }
  })

  it('a malformed scope is invalid_scope (§5.2)', async () => {
    const { id, secret } = client('acme-v2-server')
    for (const scope of ['a"b', 'links:read\tlinks:write', 'a\\b', 'é']) {
      const answer = await bed().post('/v2/oauth/token', { form: { ...CC, scope }, headers: basic(id, secret) })
      expect([answer.status, answer.json().error], scope).to.deep.equal([400, 'invalid_scope'])
    }
  })

  it('narrows by scope, ignores what it does not know, and takes resource for what it is', async () => {
    const { id, secret } = client('acme-v2-server')
    const form = {
      ...CC,
      scope: 'tags:read links:read',
      resource: 'https://api.example.com/v2',
      unknown: 'x',
      empty: '',
    }
    const answer = await bed().post('/v2/oauth/token', { form, headers: basic(id, secret) })
    expect(answer.json()).to.include({ scope: 'links:read tags:read' })
  })

  it('narrows by sub-account and lifetime too, though RFC 6749 does not know them', async () => {
    const { id, secret } = client('acme-v2-server')
    const form = { ...CC, scope: 'links:read', subAccount: 'acme-eu', ttlSeconds: '60' }
    const answer = await bed().post('/v2/oauth/token', { form, headers: basic(id, secret) })
    expect(answer.json()).to.deep.include({
      scope: '',
      expires_in: 60,
      authorization_details: [{ type: 'sub_account', identifier: 'acme-eu', actions: ['links:read'] }],
    })
    const none = await bed().post('/v2/oauth/token', {
      form: { ...CC, subAccount: '', ttlSeconds: '' },
      headers: basic(id, secret),
    })
    expect(none.json()).to.include({ expires_in: 300 })
  })

  it('answers scope "" and authorization_details for sub-account rights', async () => {
    const { id, secret } = client('acme-v2-orders')
    const answer = await bed().post('/v2/oauth/token', { form: CC, headers: basic(id, secret) })
    expect(answer.json()).to.deep.include({
      scope: '',
      authorization_details: [{ type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read', 'orders:write'] }],
    })
  })

  it('an unknown client, a wrong secret, another namespace’s key and a publishable key are one 401', async () => {
    const b = bed()
    const attempts: [string, string][] = [
      ['key_000000000000', formatKey('v2', 'secret', 'key_000000000000', 'a'.repeat(32))],
      [b.keyId('acme-v2-server'), formatKey('v2', 'secret', b.keyId('acme-v2-server'), 'a'.repeat(32))],
      [b.keyId('acme-v3-server'), b.secret('acme-v3-server')],
      [b.keyId('acme-v2-browser'), b.secret('acme-v2-browser')],
      [b.keyId('acme-v2-readonly'), b.secret('acme-v2-server')],
      ['nobody', 'nothing'],
    ]
    const seen = new Set<string>()
    for (const [id, secret] of attempts) {
      const answer = await b.post('/v2/oauth/token', { form: CC, headers: { ...basic(id, secret), origin: b.url } })
      expect(answer.status, id).to.equal(401)
      expect(answer.headers.get('www-authenticate')).to.equal('Basic realm="latchkey"')
      seen.add(answer.text)
    }
    expect([...seen]).to.deep.equal([
      JSON.stringify({
        error: 'invalid_client',
        error_description: 'Client authentication failed. client_id is the key id and client_secret is the key itself.',
      }),
    ])
  })

  const wrong: [string, (b: Bed) => PostInit, number, Record<string, string>][] = [
    ['no grant_type', (b) => ({ form: { scope: 'x' }, headers: auth(b) }), 400, { error: 'invalid_request' }],
    [
      'another grant',
      (b) => ({ form: { grant_type: 'password' }, headers: auth(b) }),
      400,
      { error: 'unsupported_grant_type' },
    ],
    [
      'another grant, wrong client: the client comes first',
      () => ({ form: { grant_type: 'password' }, headers: basic('a', 'b') }),
      401,
      { error: 'invalid_client' },
    ],
    ['no client', () => ({ form: CC }), 401, { error: 'invalid_client' }],
    [
      'Bearer in place of Basic',
      (b) => ({ form: CC, headers: { authorization: `Bearer ${b.secret('acme-v2-server')}` } }),
      401,
      { error: 'invalid_client' },
    ],
    [
      'two authentications',
      (b) => ({ form: { ...CC, client_secret: b.secret('acme-v2-server') }, headers: auth(b) }),
      400,
      { error: 'invalid_request' },
    ],
    [
      'two client ids',
      (b) => ({ form: { ...CC, client_id: 'key_other' }, headers: auth(b) }),
      400,
      { error: 'invalid_request' },
    ],
    [
      'a parameter twice',
      (b) => ({
        form: [
          ['grant_type', 'client_credentials'],
          ['scope', 'a'],
          ['scope', 'b'],
        ],
        headers: auth(b),
      }),
      400,
      { error: 'invalid_request' },
    ],
    ['JSON', (b) => ({ json: CC, headers: auth(b) }), 400, { error: 'invalid_request' }],
    [
      'too much',
      (b) => ({ form: { ...CC, scope: 'x'.repeat(70_000) }, headers: auth(b) }),
      413,
      { error: 'invalid_request' },
    ],
    [
      'more scope than there is',
      (b) => ({ form: { ...CC, scope: 'links:write' }, headers: auth(b, 'acme-v2-readonly') }),
      400,
      { error: 'invalid_scope' },
    ],
    [
      'another resource',
      (b) => ({ form: { ...CC, resource: 'https://evil.example/' }, headers: auth(b) }),
      400,
      { error: 'invalid_target' },
    ],
    [
      'V3 not enabled',
      (b) => ({ form: CC, headers: auth(b, 'globex-v3-server') }),
      400,
      { error: 'unauthorized_client', code: 'namespace_not_enabled' },
    ],
  ]
  const auth = (b: Bed, name = 'acme-v2-server') => basic(b.keyId(name), b.secret(name))
  for (const [what, init, status, members] of wrong) {
    it(`${what}: ${status} ${members.error}`, async () => {
      const path = what.startsWith('V3') ? '/v3/oauth/token' : '/v2/oauth/token'
      const answer = await bed().post(path, init(bed()))
      expect(answer.status, answer.text).to.equal(status)
      expect(answer.headers.get('content-type')).to.equal('application/json')
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      expect(answer.json()).to.include(members)
      expect(answer.json().error_description).to.match(/^[\x20\x21\x23-\x5b\x5d-\x7e]{10,}$/)
      expect(answer.text).to.not.match(/lk_v2_sk/)
    })
  }

  it('GET: 405 in OAuth’s own shape', async () => {
    const answer = await bed().get('/v2/oauth/token')
    expect([answer.status, answer.headers.get('allow'), answer.json().error]).to.deep.equal([
      405,
      'POST',
      'invalid_request',
    ])
  })

  it('a stock client discovers the issuer and gets a token that it accepts', async () => {
    const b = bed()
    const issuer = new URL(`${b.url}/v2`)
    const options = { [oauth.allowInsecureRequests]: true }
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options })
    const as = await oauth.processDiscoveryResponse(issuer, found)
    const me = { client_id: b.keyId('acme-v2-server') }
    for (const way of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
      const response = await oauth.clientCredentialsGrantRequest(
        as,
        me,
        way(b.secret('acme-v2-server')),
        { scope: 'links:read' },
        options,
      )
      const result = await oauth.processClientCredentialsResponse(as, me, response)
      expect(result.scope).to.equal('links:read')
      const request = new Request('https://api.example.com/v2/links', {
        headers: { authorization: `Bearer ${result.access_token}` },
      })
      const skew = { [oauth.clockSkew]: Math.floor((b.now() - Date.now()) / 1000) }
      const claims = await oauth.validateJwtAccessToken({ ...as, ...{} }, request, 'https://api.example.com/v2', {
        ...options,
        ...skew,
      })
      expect(claims.client_id).to.equal(me.client_id)
    }
  })
})
