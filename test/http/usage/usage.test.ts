import { expect } from 'chai'
import { type Bed, onBothStores } from '../bed.ts'
import { type Caller, callerOf } from '../manage/caller.ts'

const USAGE = '/manage/accounts/acme/usage'
const none = { exchanges: 0, refused: 0, rateLimited: 0, verified: 0, denied: 0 }

interface Usage {
  month: string
  groupBy: string[]
  total: typeof none
  items: ({ day?: string; key?: string; holder?: string | null; scope?: string | null } & typeof none)[]
}

const usageOf = async (caller: Caller, query: string, path = USAGE): Promise<Usage> => {
  const answer = await caller.get(`${path}?${query}`)
  expect(answer.status, answer.text).to.equal(200)
  return answer.json() as unknown as Usage
}

/** Starts a day that nothing has happened in. */
const freshDay = async (b: Bed): Promise<string> => {
  b.pass(86_400_000)
  return new Date(b.now()).toISOString().slice(0, 10)
}

onBothStores('Usage', (bed) => {
  it('sums a month by day, key, holder, scope and namespace', async () => {
    const b = bed()
    const day = await freshDay(b)
    for (let n = 0; n < 3; n++) await b.token('acme-v2-readonly')
    await b.token('acme-northwind')
    const { status } = await b.post('/v2/jwts', {
      json: { apiKey: b.secret('acme-v2-readonly'), scope: 'orders:write' },
    })
    expect(status).to.equal(400)
    const acme = await callerOf(b, 'acme-manage')
    await b.latchkey.flush()
    const key = b.keyId('acme-v2-readonly')
    const all = await usageOf(acme, `month=${day.slice(0, 7)}&groupBy=day,key`)
    expect(all).to.deep.include({ month: day.slice(0, 7), groupBy: ['day', 'key'] })
    const mine = all.items.filter((item) => item.day === day && item.key === key)
    expect(mine).to.deep.equal([{ day, key, ...none, exchanges: 3, refused: 1 }])
    const scopes = (await usageOf(acme, 'groupBy=scope,key,day')).items.filter(
      (item) => item.day === day && item.key === key,
    )
    expect(scopes.map(({ scope, exchanges, refused }) => [scope, exchanges, refused])).to.deep.equal([
      ['analytics:read', 3, 0],
      ['links:read', 3, 0],
      [null, 0, 1],
    ])
    const byScope = await usageOf(acme, 'groupBy=scope')
    expect(byScope.total).to.deep.equal(all.total)
    const holders = (await usageOf(acme, 'groupBy=holder,day')).items.filter((item) => item.day === day)
    expect(holders.map(({ holder, exchanges }) => [holder, exchanges])).to.deep.include([b.demo.holders.northwind, 1])
    const namespaces = await usageOf(acme, 'groupBy=namespace')
    expect(namespaces.items.reduce((sum, { exchanges }) => sum + exchanges, 0)).to.equal(all.total.exchanges)
    expect((await usageOf(acme, '')).groupBy).to.deep.equal(['day'])
  })

  it('answers CSV as it does JSON', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    await b.latchkey.flush()
    const { items } = await usageOf(acme, 'groupBy=namespace')
    const csv = await acme.get(`${USAGE}?groupBy=namespace`, { accept: 'text/csv' })
    expect(csv.headers.get('content-disposition')).to.equal('attachment; filename="describeUsage.csv"')
    const [head, ...lines] = csv.text.trimEnd().split('\r\n')
    expect(head).to.equal('day,key,holder,scope,namespace,exchanges,refused,rateLimited,verified,denied')
    expect(lines).to.deep.equal(items.map((item) => ['', '', '', '', ...Object.values(item).map(String)].join(',')))
  })

  it('is of this month or of the 24 before it', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    for (const month of ['2026-11', '2024-11']) {
      const { total, items } = await usageOf(acme, `month=${month}&groupBy=key`)
      if (month === '2024-11') expect({ total, items }).to.deep.equal({ total: none, items: [] })
    }
    for (const query of ['month=2024-10', 'month=2026-12', 'month=2026-13', 'groupBy=week', 'groupBy=', 'limit=5']) {
      const answer = await acme.get(`${USAGE}?${query}`)
      expect([answer.status, answer.json().code], query).to.deep.equal([400, 'invalid_request'])
    }
    const blind = await callerOf(bed(), 'acme-manage', { scope: 'keys:read' })
    expect((await blind.get(USAGE)).status).to.equal(403)
    expect((await acme.get('/manage/accounts/globex/usage')).status).to.equal(404)
  })

  it('counts what resource servers report, a batch once', async () => {
    const b = bed()
    const day = await freshDay(b)
    const reporter = await callerOf(b, 'resource-server')
    const keyId = b.keyId('acme-v2-orders')
    const hour = new Date(b.now()).toISOString()
    const entry = { keyId, namespace: 'v2', scope: 'orders:write orders:read', hour, verified: 40, denied: 2 }
    const report = {
      batchId: 'b-1',
      entries: [
        entry,
        { ...entry, verified: 1, denied: 0 },
        { ...entry, keyId: 'key_unknown00000' },
        { ...entry, namespace: 'v3' },
        { ...entry, scope: 'made:up' },
        { ...entry, hour: '2020-01-01T00:00:00Z' },
        { ...entry, hour: '2031-01-01T00:00:00Z' },
      ],
    }
    for (let n = 0; n < 2; n++) {
      const answer = await reporter.post('/manage/usage-reports', report)
      expect([answer.status, answer.json()], answer.text).to.deep.equal([200, { accepted: 2, ignored: 5 }])
    }
    const acme = await callerOf(b, 'acme-manage')
    const { items } = await usageOf(acme, 'groupBy=day,key')
    expect(items.filter((item) => item.day === day && item.key === keyId)).to.deep.equal([
      { day, key: keyId, ...none, verified: 41, denied: 2 },
    ])
    const foreign = { ...entry, keyId: b.keyId('globex-v2-server'), scope: 'links:read' }
    const own = await acme.post('/manage/usage-reports', { batchId: 'b-1', entries: [foreign, entry] })
    expect(own.json()).to.deep.equal({ accepted: 1, ignored: 1 })
    const reading = await callerOf(b, 'acme-manage', { scope: 'usage:read' })
    expect((await reading.post('/manage/usage-reports', report)).status).to.equal(403)
    const bad = await reporter.post('/manage/usage-reports', { batchId: 'b-2', entries: [{ ...entry, verified: -1 }] })
    expect([bad.status, bad.json().code]).to.deep.equal([400, 'invalid_request'])
  })
})
