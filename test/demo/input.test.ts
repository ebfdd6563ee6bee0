import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { type Call, Demo, expectRefusal } from './harness.ts'

const EVERY =
  'links:read links:write links:export conversions:read conversions:write orders:read orders:write domains:write ' +
  'tags:write subscriptions:write analytics:read vehicles:read vehicles:write locations:read events:read'
const URL = 'https://acme.example'
const SALE = { eventId: 'e', customerId: 'c', amount: 1, currency: 'USD' }
const VAN = { vin: 'VF1MA000068999999', make: 'Renault', model: 'Master', year: 2024 }

/** Request, what is wrong with it, and where the answer points. */
const BAD: [string, string, unknown, string][] = [
  ['POST', '/v2/links', {}, '/url'],
  ['POST', '/v2/links', [], ''],
  ['POST', '/v2/links', 'null', ''],
  ['POST', '/v2/links', { url: 'javascript:alert(1)' }, '/url'],
  ['POST', '/v2/links', { url: `${URL}/${'x'.repeat(2000)}` }, '/url'],
  ['POST', '/v2/links', { url: URL, clicks: 5 }, '/clicks'],
  ['POST', '/v2/links', `{"url":"${URL}","__proto__":{"a":1}}`, '/__proto__'],
  ['POST', '/v2/links', { url: URL, 'a/b~c': 1 }, '/a~1b~0c'],
  ['POST', '/v2/links', { url: URL, title: 'a\nb' }, '/title'],
  ['POST', '/v2/links', { url: URL, title: '\ud800' }, '/title'],
  ['POST', '/v2/links', { url: URL, title: 'x'.repeat(201) }, '/title'],
  ['POST', '/v2/links', { url: URL, tags: ['ok', 7] }, '/tags/1'],
  ['POST', '/v2/links', { url: URL, tags: Array(21).fill('x') }, '/tags'],
  ['POST', '/v2/links', { url: URL, slug: '../x' }, '/slug'],
  ['POST', '/v2/links', { url: URL, domain: 'globex.example' }, '/domain'],
  ['POST', '/v2/links', { url: URL, folderId: 'fld_9' }, '/folderId'],
  ['PATCH', '/v2/links/lnk_1001', {}, ''],
  ['PATCH', '/v2/links/lnk_1001', { title: 'x', id: 'lnk_1' }, '/id'],
  ['PATCH', '/v2/links/lnk_1001', { url: null }, '/url'],
  ['PATCH', '/v2/links/lnk_1001', { folderId: 'fld_9' }, '/folderId'],
  ['PATCH', '/v2/orders/ord_1001', { status: 'lost' }, '/status'],
  ['PATCH', '/v2/orders/ord_1001', { status: 'paid', subAccount: 'acme-eu' }, '/subAccount'],
  ['POST', '/v2/track/sales', { ...SALE, amount: 1.5 }, '/amount'],
  ['POST', '/v2/track/sales', { ...SALE, amount: -1 }, '/amount'],
  ['POST', '/v2/track/sales', { ...SALE, currency: 'usd' }, '/currency'],
  ['POST', '/v2/track/sales', { ...SALE, eventId: '' }, '/eventId'],
  ['POST', '/v2/track/sales', { ...SALE, occurredAt: 'yesterday' }, '/occurredAt'],
  ['POST', '/v2/track/sales', { ...SALE, occurredAt: '2999-01-01T00:00:00Z' }, '/occurredAt'],
  ['POST', '/v2/track/leads', { eventId: 'e', customerId: 'c', amount: 1 }, '/amount'],
  ['POST', '/v2/domains', { name: 'NOT a domain' }, '/name'],
  ['POST', '/v2/tags', { name: 'x', color: 'ultraviolet' }, '/color'],
  ['POST', '/v2/subscriptions', { externalId: 'a b', customerId: 'c', productId: 'prd_1' }, '/externalId'],
  ['POST', '/v3/vehicles', { ...VAN, vin: 'short' }, '/vin'],
  ['POST', '/v3/vehicles', { ...VAN, driverId: 'drv_9' }, '/driverId'],
  ['GET', '/v2/links?limit=0', undefined, '?limit'],
  ['GET', '/v2/links?limit=101', undefined, '?limit'],
  ['GET', '/v2/links?limit=ten', undefined, '?limit'],
  ['GET', '/v2/links?limit=1&limit=2', undefined, '?limit'],
  ['GET', '/v2/links?cursor=', undefined, '?cursor'],
  ['GET', '/v2/links?cursor=zzz', undefined, '?cursor'],
  ['GET', `/v2/links?cursor=${Buffer.from('ord_1001').toString('base64url')}`, undefined, '?cursor'],
  ['GET', '/v2/orders?status=lost', undefined, '?status'],
  ['GET', '/v2/analytics/overview?interval=1y', undefined, '?interval'],
  ['GET', '/v3/locations?vehicleId=lnk_1', undefined, '?vehicleId'],
]

describe('demo resource server: bad input', () => {
  let demo: Demo
  before(async () => {
    demo = await new Demo().start()
  })
  after(() => demo.stop())

  const call = (method: string, path: string, more: Call = {}) => demo.call(method, path, { scope: EVERY, ...more })

  for (const [method, path, body, pointer] of BAD) {
    it(`400 at ${pointer || 'the whole'}: ${method} ${path} ${JSON.stringify(body)?.slice(0, 60) ?? ''}`, async () => {
      expectRefusal(await call(method, path, body === undefined ? {} : { body }), 400, 'invalid_request', pointer)
    })
  }

  it('nothing of it changed anything', async () => {
    expect((await call('GET', '/v2/links')).body.items).to.have.length(5)
    expect((await call('GET', '/v2/conversions/events')).body.items).to.have.length(6)
  })

  it('bodies: absent, broken, of another type or too large', async () => {
    const post = (body: string | undefined, headers: Record<string, string> = {}) =>
      call('POST', '/v2/links', { body, headers })
    expectRefusal(await post(undefined), 400, 'invalid_request')
    expectRefusal(await post('{"url":'), 400, 'invalid_request')
    expectRefusal(await post('x', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expectRefusal(await post('url=x', form), 415, 'unsupported_media_type')
    const latin = { 'content-type': 'application/json; charset=latin1' }
    expectRefusal(await post('{}', latin), 415, 'unsupported_media_type')
    expectRefusal(await post('{}', { 'content-encoding': 'gzip' }), 415, 'unsupported_media_type')
    expectRefusal(await post(`{"url":"${'x'.repeat(64 * 1024)}"}`), 413, 'payload_too_large')
    const fits = JSON.stringify({ url: URL, externalId: 'fits' }).padEnd(64 * 1024, ' ')
    expect((await post(fits, { 'content-type': 'application/json; charset=UTF-8' })).status).to.equal(201)
  })

  it('paths: unknown ones, odd ones, and other methods', async () => {
    const odd = ['/', '/v2', '/v4/links', '/v2/nothing', '/v2/links/%zz', '/v2/links/lnk_1%00', '/v2/links/a%2Fb', '//']
    for (const path of odd) expectRefusal(await call('GET', path), 404, 'not_found')
    for (const id of ['lnk_9', 'lnk_', 'LNK_1001', '__proto__', 'x'.repeat(3000)]) {
      expectRefusal(await call('GET', `/v2/links/${id}`), 404, 'not_found')
    }
    const put = await call('PUT', '/v2/links/lnk_1001')
    expectRefusal(put, 405, 'method_not_allowed')
    expect(put.headers.get('allow')).to.equal('DELETE, GET, HEAD, PATCH')
    const options = await call('OPTIONS', '/v2/links')
    expectRefusal(options, 405, 'method_not_allowed')
    expect(options.headers.get('allow')).to.equal('GET, HEAD, POST')
    const head = await call('HEAD', '/v2/links')
    expect([head.status, head.text, head.headers.get('cache-control')]).to.deep.equal([200, '', 'no-store'])
  })

  it('a chunked body over the limit is cut off, and the server goes on', async () => {
    const token = await demo.v2.token({ scope: EVERY })
    const socket = connect(Number(demo.url.split(':').at(-1)), '127.0.0.1')
    socket.on('error', () => {})
    const head = ['POST /v2/links HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`, 'Transfer-Encoding: chunked']
    socket.write(`${[...head, 'Content-Type: application/json'].join('\r\n')}\r\n\r\n`)
    socket.write(`11000\r\n${' '.repeat(0x11000)}\r\n`)
    const [answer] = await once(socket, 'data')
    expect(String(answer)).to.match(/^HTTP\/1\.1 413 /)
    socket.destroy()
    const health = await demo.call('GET', '/healthz', { token: '' })
    expect([health.status, health.body.status]).to.deep.equal([200, 'ok'])
  })
})
