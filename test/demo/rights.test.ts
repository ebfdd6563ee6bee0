import { expect } from 'chai'
import { BROWSER, Demo, expectRefusal, type Operation } from './harness.ts'

const onSubAccount = (identifier: string, ...actions: string[]) => ({ type: 'sub_account', identifier, actions })

describe('demo resource server: who may do what', () => {
  let demo: Demo
  beforeEach(async () => {
    demo = await new Demo().start()
  })
  afterEach(() => demo.stop())

  const idsOf = (body: { items: { id: string }[] }) => body.items.map(({ id }) => id)
  const each = async (check: (operation: Operation) => Promise<void>) => {
    for (const operation of [...demo.operations('v2'), ...demo.operations('v3')]) await check(operation)
  }

  it('no operation without its scope', async () => {
    await each(async (operation) => {
      const needed = operation.declared['x-scope']
      const all = [...demo.operations('v2'), ...demo.operations('v3')].map(({ declared }) => declared['x-scope'])
      const others = [...new Set(all)].filter((scope) => scope !== needed).join(' ')
      for (const scope of [others, undefined]) {
        const answer = await demo.callExample(operation, scope === undefined ? { claims: { scope } } : { scope })
        expectRefusal(answer, 403, 'insufficient_scope')
        const challenge = answer.headers.get('www-authenticate')
        expect(challenge).to.contain('error="insufficient_scope"').and.contain(`scope="${needed}"`)
      }
    })
  })

  it('no operation without a token, or with another kind of one', async () => {
    await each(async (operation) => {
      expectRefusal(await demo.callExample(operation, { token: '' }), 401, 'missing_token')
    })
    const key = await demo.call('GET', '/v2/links', { token: `lk_v2_sk_${'a'.repeat(50)}` })
    expectRefusal(key, 401, 'malformed_token')
    expect(key.body.detail).to.contain(`POST ${demo.v2.url}/jwts`)
  })

  it('a token of one namespace is refused in the other by issuer and by signature', async () => {
    const scope = 'vehicles:read links:read'
    const v2 = await demo.v2.token({ scope })
    expectRefusal(await demo.call('GET', '/v3/vehicles', { token: v2 }), 401, 'wrong_issuer')
    const forged = await demo.v2.token({ scope, iss: demo.v3.url, aud: 'https://api.example.com/v3' })
    const refused = await demo.call('GET', '/v3/vehicles', { token: forged })
    expectRefusal(refused, 401, 'unknown_key')
    expect(refused.headers.get('www-authenticate')).to.contain('error="invalid_token"')
    const relabelled = await demo.v3.token({ scope, iss: demo.v2.url })
    expectRefusal(await demo.call('GET', '/v2/links', { token: relabelled }), 401, 'unknown_key')
  })

  it('a revoked token is refused; keys and lists are fetched by the hook', async () => {
    const claims = { scope: 'links:read', ...demo.v2.status(3, '0') }
    expect((await demo.call('GET', '/v2/links', { claims })).status).to.equal(200)
    demo.v2.set(3, 1)
    demo.v2.time += 31_000
    expectRefusal(await demo.call('GET', '/v2/links', { claims }), 401, 'revoked')
    const list = `${demo.v2.url}/status/0`
    const [keys, stream] = [`${demo.v2.url}/.well-known/jwks.json`, `${demo.v2.url}/revocations`]
    expect(demo.fetched).to.have.members([stream, keys, list, list])
  })

  it('an account sees its own data, and no other', async () => {
    await each(async (operation) => {
      const { path, method, declared } = operation
      const scope = declared['x-scope']
      if (path.includes('{id}')) {
        expectRefusal(await demo.callExample(operation, { scope, claims: { account: 'globex' } }), 404, 'not_found')
      } else if (method === 'GET') {
        const { body, text } = await demo.callExample(operation, { scope, claims: { account: 'initech' } })
        if (body?.items) expect(body, path).to.deep.equal({ items: [], nextCursor: null })
        else expect(text).not.to.contain('acme')
        const acme = await demo.callExample(operation, { scope })
        const globex = await demo.callExample(operation, { scope, claims: { account: 'globex' } })
        if (acme.body?.items) expect(idsOf(acme.body), path).not.to.include.members([...idsOf(globex.body), ''])
        expect(globex.text, path).not.to.contain('acme')
      }
    })
    const body = { url: 'https://initech.example' }
    await demo.call('POST', '/v2/links', { scope: 'links:write', claims: { account: 'initech' }, body })
    const { items } = (await demo.call('GET', '/v2/links', { scope: 'links:read', claims: { account: 'initech' } }))
      .body
    expect(items.map((row: { url: string }) => row.url)).to.deep.equal([body.url])
    expect((await demo.call('GET', '/v2/links', { scope: 'links:read' })).text).not.to.contain('initech')
    const none = await demo.call('GET', '/v2/links', { scope: 'links:read', claims: { account: undefined } })
    expectRefusal(none, 403, 'wrong_account')
  })

  it('orders: a token for a sub-account sees and changes the orders of that one', async () => {
    const claims = { scope: undefined, authorization_details: [onSubAccount('acme-eu', 'orders:read', 'orders:write')] }
    const list = (query: string) => demo.call('GET', `/v2/orders${query}`, { claims })
    expect(idsOf((await list('')).body)).to.deep.equal(['ord_1002', 'ord_1004'])
    expect(idsOf((await list('?status=open')).body)).to.deep.equal(['ord_1002'])
    expect((await list('?subAccount=acme-main')).body).to.deep.equal({ items: [], nextCursor: null })
    const first = (await list('?limit=1')).body
    expect(idsOf((await list(`?limit=1&cursor=${first.nextCursor}`)).body)).to.deep.equal(['ord_1004'])
    const own = await demo.call('PATCH', '/v2/orders/ord_1002', { claims, body: { status: 'paid' } })
    expect([own.status, own.body.status, own.body.subAccount]).to.deep.equal([200, 'paid', 'acme-eu'])
    expectRefusal(await demo.call('GET', '/v2/orders/ord_1001', { claims }), 404, 'not_found')
    expectRefusal(await demo.call('PATCH', '/v2/orders/ord_1001', { claims, body: { note: 'x' } }), 404, 'not_found')
    const whole = await demo.call('GET', '/v2/orders?subAccount=acme-main', { scope: 'orders:read' })
    expect(idsOf(whole.body)).to.deep.equal(['ord_1001', 'ord_1003', 'ord_1005'])
    expectRefusal(await demo.call('GET', '/v2/links', { claims }), 403, 'insufficient_scope')
    const foreign = { ...claims, account: 'globex' }
    expect((await demo.call('GET', '/v2/orders', { claims: foreign })).body.items).to.deep.equal([])
  })

  it('orders: one that may be read and not changed is 403, for whoever sees it', async () => {
    const authorization_details = [onSubAccount('acme-eu', 'orders:write')]
    const claims = { scope: 'orders:read', authorization_details }
    const answer = await demo.call('PATCH', '/v2/orders/ord_1001', { claims, body: { note: 'x' } })
    expectRefusal(answer, 403, 'insufficient_scope')
    expect((await demo.call('PATCH', '/v2/orders/ord_1004', { claims, body: { note: 'x' } })).body.note).to.equal('x')
    const other = { scope: undefined, authorization_details: [onSubAccount('acme-eu', 'products:read')] }
    expectRefusal(await demo.call('GET', '/v2/orders', { claims: other }), 403, 'insufficient_scope')
    const foreignType = { scope: undefined, authorization_details: [{ type: 'other', actions: ['orders:read'] }] }
    expectRefusal(await demo.call('GET', '/v2/orders', { claims: foreignType }), 403, 'insufficient_scope')
  })

  it('conversions: the token of a holder sees and reports that holder’s', async () => {
    const scope = 'conversions:read conversions:write analytics:read'
    const claims = { holder: { id: 'hld_1', type: 'affiliate', externalId: 'A-1001' } }
    const list = await demo.call('GET', '/v2/conversions/events', { scope, claims })
    expect(idsOf(list.body)).to.deep.equal(['cnv_1001', 'cnv_1002', 'cnv_1006'])
    const overview = await demo.call('GET', '/v2/analytics/overview?interval=90d', { scope, claims })
    expect(overview.body).to.deep.include({ leads: 1, sales: 2, amounts: { USD: 20_600 } })
    const body = { eventId: 'h-1', customerId: 'c-1' }
    const made = await demo.call('POST', '/v2/track/leads', { scope, claims, body })
    expect(made.status).to.equal(201)
    const after = await demo.call('GET', '/v2/conversions/events?type=lead', { scope, claims })
    expect(after.body.items.at(-1)).to.include({ id: made.body.id, affiliateId: 'A-1001', amount: null })
    const foreign = { ...body, eventId: 'h-2', affiliateId: 'A-1002' }
    expectRefusal(await demo.call('POST', '/v2/track/leads', { scope, claims, body: foreign }), 403, 'wrong_holder')
    const unnamed = { holder: { id: 'hld_2', type: 'partner', externalId: null } }
    expect((await demo.call('GET', '/v2/conversions/events', { scope, claims: unnamed })).body.items).to.deep.equal([])
    expect((await demo.call('GET', '/v2/conversions/events?type=sale', { scope })).body.items).to.have.length(4)
  })

  it('browsers: Latchkey’s pages call everything, any page what is publishable', async () => {
    const allowed = async (path: string, origin: string, method = 'OPTIONS') => {
      const headers = { origin, 'access-control-request-method': 'POST' }
      const answer = await demo.call(method, path, { token: '', headers })
      if (method === 'OPTIONS') expect([answer.status, answer.text]).to.deep.equal([204, ''])
      return answer.headers.get('access-control-allow-origin')
    }
    expect(await allowed('/v2/links', BROWSER)).to.equal(BROWSER)
    expect(await allowed('/v2/links', 'http://localhost:3001')).to.equal('http://localhost:3001')
    expect(await allowed('/v2/links', 'https://evil.example')).to.equal(null)
    expect(await allowed('/v2/links', 'null', 'GET')).to.equal(null)
    for (const path of ['/v2/track/leads', '/v2/track/sales', '/v2/openapi.json', '/v3/openapi.json']) {
      expect(await allowed(path, 'https://shop.example')).to.equal('*')
    }
    const refused = await demo.call('GET', '/v2/links', { token: '', headers: { origin: BROWSER } })
    expect(refused.headers.get('access-control-allow-origin')).to.equal(BROWSER)
    expect(refused.headers.get('access-control-expose-headers')).to.contain('WWW-Authenticate, Request-Id')
    expect(refused.headers.get('vary')).to.equal('Origin')
    const preflight = { origin: BROWSER, 'access-control-request-method': 'PATCH' }
    const { headers } = await demo.call('OPTIONS', '/v2/links/lnk_1001', { token: '', headers: preflight })
    expect(headers.get('access-control-allow-methods')).to.contain('PATCH')
    expect(headers.get('access-control-allow-headers')).to.equal('Authorization, Content-Type, DPoP')
  })
})
