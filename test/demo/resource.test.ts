import { expect } from 'chai'
import { Demo, expectRefusal } from './harness.ts'

describe('demo resource server: operations', () => {
  let demo: Demo
  beforeEach(async () => {
    demo = await new Demo().start()
  })
  afterEach(() => demo.stop())

  const at = () => new Date(demo.v2.time).toISOString()
  const ids = async (path: string, scope: string, claims = {}) =>
    (await demo.call('GET', path, { scope, claims })).body.items.map((row: { id: string }) => row.id)

  it('its health tells how well it knows what is revoked', async () => {
    await demo.call('GET', '/v2/links', { scope: 'links:read', claims: demo.v2.status(3) })
    const { body } = await demo.call('GET', '/healthz', { token: '' })
    const list = { uri: `${demo.v2.url}/status/1`, version: 0, checkedAt: at(), ageSeconds: 0, state: 'fresh' }
    expect(body.revocation).to.deep.equal({
      v2: { mode: 'stream', connected: false, lists: [list] },
      v3: { mode: 'stream', connected: false, lists: [] },
    })
  })

  it('links: create, read, change, delete, and the data follows', async () => {
    const scope = 'links:read links:write'
    const given = { url: 'https://shop.acme.example/x?a=1', title: 'X', tags: ['a'], folderId: 'fld_1001', slug: 'x' }
    const made = await demo.call('POST', '/v2/links', { scope, body: { ...given, domain: 'go.acme.example' } })
    const link = {
      id: 'lnk_1007',
      externalId: null,
      domain: 'go.acme.example',
      shortUrl: 'https://go.acme.example/x',
      clicks: 0,
      createdAt: at(),
      updatedAt: at(),
      ...given,
    }
    expect([made.status, made.body]).to.deep.equal([201, link])
    demo.v2.time += 5000
    const changed = await demo.call('PATCH', '/v2/links/lnk_1007', { scope, body: { title: 'Y', folderId: null } })
    const expected = { ...link, title: 'Y', folderId: null, updatedAt: at() }
    expect([changed.status, changed.body]).to.deep.equal([200, expected])
    expect((await demo.call('GET', '/v2/links/lnk_1007', { scope })).body).to.deep.equal(expected)
    const gone = await demo.call('DELETE', '/v2/links/lnk_1007', { scope })
    expect([gone.status, gone.text]).to.deep.equal([204, ''])
    expectRefusal(await demo.call('DELETE', '/v2/links/lnk_1007', { scope }), 404, 'not_found')
    expectRefusal(await demo.call('GET', '/v2/links/lnk_1007', { scope }), 404, 'not_found')
  })

  it('links: an externalId makes one link, however often it is sent', async () => {
    const body = { url: 'https://acme.example/a', externalId: 'a-1' }
    const first = await demo.call('POST', '/v2/links', { scope: 'links:write', body })
    const again = await demo.call('POST', '/v2/links', { scope: 'links:write', body: { ...body, title: 'Other' } })
    expect([first.status, again.status]).to.deep.equal([201, 200])
    expect(again.body).to.deep.equal(first.body)
    expect(first.body).to.include({ slug: 'l6', title: body.url, domain: 'lnk.example' })
    const taken = { url: 'https://acme.example/b', slug: 'spring', domain: 'go.acme.example' }
    expectRefusal(await demo.call('POST', '/v2/links', { scope: 'links:write', body: taken }), 409, 'conflict')
  })

  it('links: pages miss and repeat no row, while rows come and go', async () => {
    const scope = 'links:read links:write'
    const first = await demo.call('GET', '/v2/links?limit=2', { scope })
    expect(first.body.items.map((row: { id: string }) => row.id)).to.deep.equal(['lnk_1001', 'lnk_1002'])
    await demo.call('DELETE', '/v2/links/lnk_1002', { scope })
    await demo.call('POST', '/v2/links', { scope, body: { url: 'https://acme.example' } })
    const second = await demo.call('GET', `/v2/links?limit=3&cursor=${first.body.nextCursor}`, { scope })
    expect(second.body.items.map((row: { id: string }) => row.id)).to.deep.equal(['lnk_1003', 'lnk_1004', 'lnk_1005'])
    const third = await demo.call('GET', `/v2/links?limit=3&cursor=${second.body.nextCursor}`, { scope })
    expect(third.body.items.map((row: { id: string }) => row.id)).to.deep.equal(['lnk_1007'])
    expect(third.body.nextCursor).to.equal(null)
  })

  it('links: exported as CSV that a spreadsheet may open', async () => {
    const body = { url: 'https://acme.example/a,b', title: '=HYPERLINK("http://evil")', slug: 'f' }
    await demo.call('POST', '/v2/links', { scope: 'links:write', body })
    const { status, headers, text } = await demo.call('GET', '/v2/links/export', { scope: 'links:export' })
    expect([status, headers.get('content-type')]).to.deep.equal([200, 'text/csv; charset=utf-8'])
    expect(headers.get('content-disposition')).to.equal('attachment; filename="links.csv"')
    const lines = text.split('\r\n')
    expect(lines[0]).to.equal('id,shortUrl,url,title,tags,clicks,createdAt')
    expect(lines[6]).to.equal(
      `lnk_1007,https://lnk.example/f,"https://acme.example/a,b","'=HYPERLINK(""http://evil"")",,0,${at()}`,
    )
    expect(lines).to.have.length(8)
  })

  it('links: no more than 1,000 per account', async () => {
    const body = { url: 'https://globex.example' }
    const create = () => demo.call('POST', '/v2/links', { scope: 'links:write', claims: { account: 'globex' }, body })
    for (let count = 1; count < 1000; count += 111) await Promise.all(Array.from({ length: 111 }, create))
    expectRefusal(await create(), 409, 'full')
  })

  it('track: the same eventId answers the first result, and counts once', async () => {
    const scope = 'conversions:read conversions:write'
    const summary = async () => (await demo.call('GET', '/v2/conversions/summary?interval=90d', { scope })).body
    const before = await summary()
    const body = { eventId: 'e-1', customerId: 'c-1', amount: 500, currency: 'EUR' }
    const first = await demo.call('POST', '/v2/track/sales', { scope, body })
    const receipt = { id: 'cnv_1008', eventId: 'e-1', type: 'sale', receivedAt: at() }
    expect([first.status, first.body]).to.deep.equal([201, receipt])
    demo.v2.time += 60_000
    const again = await demo.call('POST', '/v2/track/sales', { scope, body: { ...body, amount: 900 } })
    expect([again.status, again.body]).to.deep.equal([200, receipt])
    const lead = await demo.call('POST', '/v2/track/leads', { scope, body: { eventId: 'e-1', customerId: 'c-1' } })
    expect([lead.status, lead.body.type]).to.deep.equal([201, 'lead'])
    const { leads, sales, amounts } = await summary()
    expect({ leads, sales, amounts }).to.deep.equal({ leads: 3, sales: 5, amounts: { USD: 55_050, EUR: 500 } })
    expect(before.sales).to.equal(4)
  })

  it('domains: the plan’s limit is in the token', async () => {
    const add = (name: string, entitlements?: object, account = 'acme') =>
      demo.call('POST', '/v2/domains', {
        scope: 'domains:write',
        claims: { account, plan: 'creator', entitlements },
        body: { name },
      })
    const full = await add('a.example', { domains: 2 })
    expectRefusal(full, 403, 'quota_reached')
    expect(full.body.detail).to.contain('creator').and.contain('2 domains')
    expectRefusal(await add('a.example', { domains: 0 }, 'initech'), 403, 'quota_reached')
    expectRefusal(await add('a.example', { domains: 'many' }), 403, 'quota_reached')
    const known = await add('go.acme.example', { domains: 2 })
    expect([known.status, known.body.id]).to.deep.equal([200, 'dom_1001'])
    const made = await add('a.example', { domains: 3 })
    expect([made.status, made.body.name, made.body.verified]).to.deep.equal([201, 'a.example', false])
    expectRefusal(await add('b.example', { domains: 3 }), 403, 'quota_reached')
    expect((await add('b.example', { domains: null })).status).to.equal(201)
    expect((await add('c.example', {})).status).to.equal(201)
    expect((await add('d.example')).status).to.equal(201)
  })

  it('analytics: exact sums of the interval', async () => {
    const { status, body } = await demo.call('GET', '/v2/analytics/overview?interval=7d', { scope: 'analytics:read' })
    expect(status).to.equal(200)
    expect(body).to.deep.include({ interval: '7d', clicks: 3437, leads: 0, sales: 1, amounts: { USD: 7700 } })
    expect(body.topLinks[0]).to.deep.equal({ id: 'lnk_1001', shortUrl: 'https://go.acme.example/spring', clicks: 1843 })
  })

  it('subscriptions and vehicles are made once', async () => {
    const body = { externalId: 's-1', customerId: 'c-1', productId: 'prd_1003' }
    const subscribe = (given: object) =>
      demo.call('POST', '/v2/subscriptions', { scope: 'subscriptions:write', body: given })
    const first = await subscribe(body)
    expect([first.status, first.body]).to.deep.equal([
      201,
      { id: 'sub_1001', ...body, status: 'active', createdAt: at() },
    ])
    expect([(await subscribe(body)).status, (await subscribe(body)).body.id]).to.deep.equal([200, 'sub_1001'])
    expectRefusal(
      await subscribe({ ...body, externalId: 's-2', productId: 'prd_9' }),
      400,
      'invalid_request',
      '/productId',
    )
    const van = { vin: '1FTBW2CM5HKA12345', make: 'Ford', model: 'Transit', year: 2022 }
    const known = await demo.call('POST', '/v3/vehicles', { scope: 'vehicles:write', body: van })
    expect([known.status, known.body.id]).to.deep.equal([200, 'veh_1001'])
    const query = '?vehicleId=veh_1001&type=geofence_left'
    expect(await ids(`/v3/events${query}`, 'events:read')).to.deep.equal(['rev_1004'])
    expect(await ids('/v3/locations?vehicleId=veh_1002', 'locations:read')).to.deep.equal(['loc_1002'])
  })
})
