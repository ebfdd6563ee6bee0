import { expect } from 'chai'
import { importJWK, jwtVerify } from 'jose'
import { claimsOf, headerOf, onBothStores, START } from '../bed.ts'

onBothStores('POST /{ns}/jwts: a key becomes a token', (bed) => {
  it('answers the bare token as text to who asks for nothing in particular', async () => {
    const { post, secret } = bed()
    for (const headers of [{}, { accept: '*/*' }, { accept: 'text/plain' }] as Record<string, string>[]) {
      const answer = await post('/v2/jwts', { form: { apiKey: secret('acme-v2-server') }, headers })
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('content-type')).to.equal('text/plain; charset=utf-8')
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      expect(answer.headers.get('request-id')).to.match(/^req_[0-9A-Za-z]{16}$/)
      expect(answer.text).to.match(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    }
  })

  it('answers application/jwt and application/json where they are asked for', async () => {
    const { post, secret } = bed()
    const jwt = await post('/v2/jwts', {
      json: { apiKey: secret('acme-v2-readonly') },
      headers: { accept: 'application/jwt' },
    })
    expect(jwt.headers.get('content-type')).to.equal('application/jwt')
    expect(jwt.text.split('.')).to.have.length(3)
    const json = await post('/v2/jwts', {
      json: { apiKey: secret('acme-v2-readonly') },
      headers: { accept: 'application/json' },
    })
    expect(json.headers.get('content-type')).to.equal('application/json')
    const charset = { accept: 'application/json; charset=utf-8' }
    const same = await post('/v2/jwts', { json: { apiKey: secret('acme-v2-readonly') }, headers: charset })
    expect(same.headers.get('content-type')).to.equal('application/json')
    const { access_token, ...rest } = json.json()
    expect(rest).to.deep.equal({ token_type: 'Bearer', expires_in: 300, scope: 'analytics:read links:read' })
    expect(access_token).to.be.a('string')
  })

  it('takes the key from each of its places', async () => {
    const { post, secret } = bed()
    const apiKey = secret('acme-v2-readonly')
    const places = [
      { json: { apiKey } },
      { form: { apiKey } },
      { headers: { 'x-api-key': apiKey } },
      { headers: { authorization: `Bearer ${apiKey}` } },
      { headers: { authorization: `bearer ${apiKey}` } },
      { json: { scope: 'links:read' }, headers: { 'x-api-key': apiKey } },
    ]
    for (const place of places)
      expect((await post('/v2/jwts', place)).status, JSON.stringify(Object.keys(place))).to.equal(200)
  })

  it('makes an RFC 9068 token with every claim of the contract', async () => {
    const { token, url, keyId } = bed()
    const text = await token('acme-v2-readonly')
    const { kid, ...header } = headerOf(text)
    expect(header).to.deep.equal({ alg: 'ES256', typ: 'at+jwt' })
    expect(kid).to.match(/^[\w-]{43}$/)
    const { jti, status, ...claims } = claimsOf(text)
    expect(jti).to.match(/^[\w-]{22}$/)
    expect(status).to.have.nested.property('status_list.uri', `${url}/v2/status/0`)
    expect(status)
      .to.have.nested.property('status_list.idx')
      .that.is.within(0, 2 ** 20 - 1)
    expect(claims).to.deep.equal({
      iss: `${url}/v2`,
      aud: 'https://api.example.com/v2',
      sub: keyId('acme-v2-readonly'),
      client_id: keyId('acme-v2-readonly'),
      iat: START / 1000,
      exp: START / 1000 + 300,
      scope: 'analytics:read links:read',
      account: 'acme',
      plan: 'agency',
      entitlements: { domains: null },
    })
  })

  it('says whom a held key is for', async () => {
    const { token, demo } = bed()
    expect(claimsOf(await token('acme-northwind')).holder).to.deep.equal({
      id: demo.holders.northwind,
      type: 'partner',
      externalId: null,
    })
  })

  it('puts sub-account grants in authorization_details alone, implied scopes written out', async () => {
    const { token } = bed()
    const claims = claimsOf(await token('acme-v2-orders'))
    expect(claims).to.not.have.property('scope')
    expect(claims.authorization_details).to.deep.equal([
      { type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read', 'orders:write'] },
    ])
  })

  it('cuts a key to its account’s plan', async () => {
    const { token } = bed()
    const claims = claimsOf(await token('globex-v2-server'))
    expect(claims).to.include({ plan: 'starter', scope: 'analytics:read links:read links:write' })
    expect(claims.entitlements).to.deep.equal({ domains: 1 })
  })

  it('is verified by the namespace’s own keys, and by no other’s', async () => {
    const { token, get } = bed()
    const text = await token('acme-v2-server')
    const own = (await get('/v2/.well-known/jwks.json')).json().keys as { kid: string }[]
    const key = own.find((k) => k.kid === headerOf(text).kid)
    expect(key).to.not.equal(undefined)
    await jwtVerify(text, await importJWK(key as never, 'ES256'), { typ: 'at+jwt', currentDate: new Date(START) })
    for (const other of ['v3', 'manage']) {
      const keys = (await get(`/${other}/.well-known/jwks.json`)).json().keys as { kid: string }[]
      expect(keys.map((k) => k.kid)).to.not.include(headerOf(text).kid)
    }
  })

  it('lets a publishable key in from its origins', async () => {
    const { post, secret, url } = bed()
    const answer = await post('/v2/jwts', { form: { apiKey: secret('acme-v2-browser') }, headers: { origin: url } })
    expect(answer.status).to.equal(200)
    expect(claimsOf(answer.text).scope).to.equal('conversions:write')
    expect(answer.headers.get('access-control-allow-origin')).to.equal('*')
    expect(answer.headers.get('ratelimit-policy')).to.equal('"address";q=60;w=60, "account";q=6000;w=60')
  })
})

onBothStores('POST /{ns}/jwts: narrowing', (bed) => {
  const scopes = async (wish: Record<string, unknown>, name = 'acme-v2-server') =>
    claimsOf(await bed().token(name, wish))

  it('by scope, everywhere', async () => {
    expect(await scopes({ scope: 'links:read links:read  tags:read' })).to.include({ scope: 'links:read tags:read' })
    expect(await scopes({ scope: 'orders:write' })).to.include({ scope: 'orders:read orders:write' })
    const orders = await scopes({ scope: 'orders:read' }, 'acme-v2-orders')
    expect(orders.authorization_details).to.deep.equal([
      { type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read'] },
    ])
  })

  it('by sub-account: whole-account scopes stand in its entry and nowhere else', async () => {
    const claims = await scopes({ subAccount: 'acme-main', scope: 'links:read' })
    expect(claims).to.not.have.property('scope')
    expect(claims.authorization_details).to.deep.equal([
      { type: 'sub_account', identifier: 'acme-main', actions: ['links:read'] },
    ])
  })

  it('by lifetime, clamped to the namespace’s', async () => {
    for (const [asked, given] of [
      [60, 60],
      ['60', 60],
      [1, 1],
      [86_400, 300],
    ] as const) {
      const claims = await scopes({ ttlSeconds: asked })
      expect((claims.exp as number) - (claims.iat as number)).to.equal(given)
    }
  })

  it('an empty scope is as good as none', async () => {
    expect(await scopes({ scope: '' }, 'acme-v2-readonly')).to.include({ scope: 'analytics:read links:read' })
  })

  it('refuses more than there is, and names it', async () => {
    const { post, secret } = bed()
    const cases = [
      [{ scope: 'links:read links:write nonsense' }, 'This key does not have: links:write nonsense.'],
      [{ subAccount: 'acme-nowhere' }, 'This key has no rights on that sub-account.'],
    ] as const
    for (const [wish, detail] of cases) {
      const answer = await post('/v2/jwts', { json: { apiKey: secret('acme-v2-readonly'), ...wish } })
      expect(answer.status).to.equal(400)
      expect(answer.json()).to.include({ code: 'invalid_scope' })
      expect(answer.json().detail).to.match(new RegExp(`^${detail}`))
    }
  })
})
