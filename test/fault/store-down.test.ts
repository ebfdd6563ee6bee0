import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { StoreUnavailable } from '../../src/store/store.ts'
import { type Relay, relayTo } from '../contract/fake-servers.ts'
import { dropDatabase, mongoTestUri, NO_MONGO } from '../contract/mongo-server.ts'
import { type Bed, openBed } from '../http/bed.ts'

/** What holds while the store is away, however it went away. */
function whileAway(bed: () => Bed, down: () => Promise<void>, up: () => Promise<void>): void {
  it('answers 503 with Retry-After, never a stale yes; keys to verify with are still served; then recovers', async () => {
    const b = bed()
    const manage = await b.token('acme-manage')
    const uri = '/v2/status/0'
    const list = await b.get(uri)
    expect(list.status).to.equal(200)
    await down()
    const exchange = await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-v2-server') } })
    expect([exchange.status, exchange.json().code]).to.deep.equal([503, 'store_unavailable'])
    expect(exchange.headers.get('retry-after')).to.equal('2')
    expect(exchange.text).to.not.match(/mongo|sqlite|127\.0\.0\.1/i)
    const form = {
      grant_type: 'client_credentials',
      client_id: b.keyId('acme-v2-server'),
      client_secret: b.secret('acme-v2-server'),
    }
    const oauth = await b.post('/v2/oauth/token', { form })
    expect([oauth.status, oauth.json().error, oauth.json().code]).to.deep.equal([
      503,
      'temporarily_unavailable',
      'store_unavailable',
    ])
    expect(oauth.headers.get('retry-after')).to.equal('2')
    const malformed = await b.post('/v2/jwts', { json: { apiKey: 'nonsense' } })
    expect(malformed.status).to.equal(401)
    const keys = await b.get('/manage/accounts/acme/keys', { authorization: `Bearer ${manage}` })
    expect(keys.status).to.equal(503)
    const ready = await b.get('/readyz')
    expect([ready.status, (await b.get('/healthz')).status]).to.deep.equal([503, 200])
    for (const path of [
      '/v2/.well-known/jwks.json',
      '/.well-known/oauth-authorization-server/v2',
      '/v2/openapi.json',
    ]) {
      expect((await b.get(path)).status, path).to.equal(200)
    }
    await b.latchkey.publisher.refresh().catch(() => {})
    const last = await b.get(uri)
    expect([last.status, last.text]).to.deep.equal([200, list.text])
    b.pass(299_000)
    expect((await b.get(uri)).text).to.equal(list.text)
    b.pass(1_000)
    const over = await b.get(uri)
    expect([over.status, over.headers.get('retry-after')]).to.deep.equal([503, '2'])
    await up()
    await until(async () => (await b.get('/readyz')).status === 200)
    expect((await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-v2-server') } })).status).to.equal(200)
    await b.latchkey.publisher.refresh()
    expect((await b.get(uri)).status).to.equal(200)
  }).timeout(60_000)

  it('keeps what it had counted for when the store is back', async () => {
    const b = bed()
    const keyId = b.keyId('acme-v2-readonly')
    const exchanges = async (): Promise<number> => {
      const { items } = await b.latchkey.store.page('acme', 'usage', { where: { keyId }, limit: 100 })
      return items.reduce((sum, item) => sum + item.exchanges, 0)
    }
    await b.latchkey.flush()
    const before = await exchanges()
    await b.token('acme-v2-readonly')
    await down()
    await b.latchkey.flush().then(
      () => expect.fail('the flush must have failed'),
      (error: Error) => expect(error).to.be.instanceOf(StoreUnavailable),
    )
    await up()
    await until(async () => (await b.get('/readyz')).status === 200)
    await b.latchkey.flush()
    expect(await exchanges()).to.equal(before + 1)
  }).timeout(60_000)
}

/** Waits for the world outside this process; bounded by the test's own time. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}

describe('A store that goes away (SQLite)', () => {
  let bed: Bed
  const methods = ['get', 'getMany', 'getLinked', 'page', 'commit', 'merge', 'ping'] as const
  before(async () => {
    bed = await openBed()
  })
  after(() => bed.latchkey.close())
  whileAway(
    () => bed,
    async () => {
      const fail = () => Promise.reject(new StoreUnavailable(new Error('disk gone')))
      for (const method of methods)
        Object.defineProperty(bed.latchkey.store, method, { value: fail, configurable: true })
    },
    async () => {
      for (const method of methods) Reflect.deleteProperty(bed.latchkey.store, method)
    },
  )
})

const absent = !process.env.MONGODB_TEST_URI && process.env.REQUIRE_MONGO !== '1'
describe(`A store that goes away (MongoDB${absent ? `, ${NO_MONGO}` : ''})`, () => {
  let bed: Bed
  let relay: Relay
  const database = `latchkey-${randomBytes(6).toString('hex')}`
  before(async function () {
    this.timeout(30_000)
    const uri = mongoTestUri(database)
    if (uri === null) return this.skip()
    const { hostname, port } = new URL(uri)
    relay = await relayTo(hostname, Number(port))
    const through = new URL(uri)
    through.port = String(relay.port)
    bed = await openBed({ MONGODB_URI: through.href })
  })
  after(async function () {
    this.timeout(30_000)
    await bed?.latchkey.close()
    await relay?.down()
    const uri = mongoTestUri(database)
    if (bed !== undefined && uri !== null) await dropDatabase(uri)
  })
  whileAway(
    () => bed,
    () => relay.down(),
    () => relay.up(),
  )
})
