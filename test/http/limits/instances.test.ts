/** Limits over two instances: each counts for itself, and what it has told with its flush holds for both. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { type Answer, type Bed, START } from '../bed.ts'
import { onOneStore } from '../one-store.ts'

const PLAN = 'limits: { exchangesPerMinutePerKey: 60, exchangesPerMinute: 300 }'
const catalog = readFileSync('latchkey.yaml', 'utf8')
const tight = (plan: string): string => catalog.replace(PLAN, plan)
const MINUTE = 60_000

onOneStore('Limits over two instances', (start) => {
  let at: number
  const clock = () => at
  const both = async (text = catalog): Promise<[Bed, Bed]> => {
    at = START
    return [await start({ catalog: text, clock }), await start({ catalog: text, clock })]
  }
  const exchange = (b: Bed, name = 'globex-v2-server') => b.post('/v2/jwts', { json: { apiKey: b.secret(name) } })
  const many = (b: Bed, count: number, ask: (b: Bed) => Promise<Answer> = exchange) =>
    Promise.all(Array.from({ length: count }, () => ask(b)))
  const tally = (answers: Answer[], status: number) => answers.filter((one) => one.status === status).length

  it('of a key: what one has counted the other refuses, with the right headers', async () => {
    const [a, b] = await both()
    expect(tally(await many(a, 40), 200)).to.equal(40)
    await a.latchkey.flush()
    await exchange(b)
    await b.latchkey.flush()
    const next = await exchange(b)
    expect(next.headers.get('ratelimit')).to.match(/^"key";r=18;t=60, "account";r=258;t=60$/)
    const rest = await many(b, 30)
    expect([tally(rest, 200), tally(rest, 429)]).to.deep.equal([18, 12])
    await b.latchkey.flush()
    await exchange(a)
    await a.latchkey.flush()
    const over = await exchange(a)
    expect([over.status, over.json().limit]).to.deep.equal([429, 'key'])
    expect(over.headers.get('ratelimit')).to.equal('"key";r=0;t=60')
    expect(over.headers.get('retry-after')).to.equal('60')
    at += MINUTE
    expect([(await exchange(a)).status, (await exchange(b)).status]).to.deep.equal([200, 200])
  }).timeout(30_000)

  it('also of what the store would not take at first, and of what came meanwhile', async () => {
    const [a, b] = await both()
    const { store } = a.latchkey
    const merge = store.merge.bind(store)
    store.merge = () => Promise.reject(new Error('away'))
    expect(tally(await many(a, 20), 200)).to.equal(20)
    await a.latchkey.flush().catch(() => {})
    expect(tally(await many(a, 20), 200)).to.equal(20)
    store.merge = merge
    await a.latchkey.flush()
    await exchange(b)
    await b.latchkey.flush()
    expect((await exchange(b)).headers.get('ratelimit')).to.match(/^"key";r=18;t=60/)
  }).timeout(30_000)

  it('of an account, by whichever of its keys', async () => {
    const [a, b] = await both(tight('limits: { exchangesPerMinutePerKey: null, exchangesPerMinute: 10 }'))
    expect(tally(await many(a, 8), 200)).to.equal(8)
    await a.latchkey.flush()
    await exchange(b)
    await b.latchkey.flush()
    const rest = await many(b, 4)
    expect([tally(rest, 200), tally(rest, 429)]).to.deep.equal([1, 3])
    expect(rest.find(({ status }) => status === 429)?.json().limit).to.equal('account')
  }).timeout(30_000)

  it('of an address whose keys are wrong, and of a publishable key at one address', async () => {
    const [a, b] = await both(
      catalog.replace('publishablePerMinutePerAddress: 60', 'publishablePerMinutePerAddress: 6'),
    )
    const wrong = (one: Bed) => one.post('/v2/jwts', { json: { apiKey: `${one.secret('globex-v2-server')}x` } })
    expect(tally(await many(a, 29, wrong), 401)).to.equal(29)
    await a.latchkey.flush()
    expect((await wrong(b)).status).to.equal(401)
    await b.latchkey.flush()
    expect((await wrong(b)).status).to.equal(429)
    expect((await exchange(b)).status).to.equal(200)

    const browser = (one: Bed) =>
      one.post('/v2/jwts', {
        json: { apiKey: one.secret('acme-v2-browser') },
        headers: { origin: new URL(a.url).origin },
      })
    expect(tally(await many(a, 5, browser), 200)).to.equal(5)
    await a.latchkey.flush()
    expect((await browser(b)).status).to.equal(200)
    await b.latchkey.flush()
    expect((await browser(b)).status).to.equal(429)
  }).timeout(30_000)

  it('of failed sign-ins: at once, without waiting for a flush', async () => {
    const [a, b] = await both()
    const signIn = (one: Bed) =>
      one.post('/manage/session', {
        json: { email: one.demo.viewer.email, password: 'wrong' },
        headers: { origin: new URL(one.url).origin },
      })
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) statuses.push((await signIn(n % 2 === 0 ? a : b)).status)
    expect(statuses).to.deep.equal([...Array(10).fill(401), 429, 429])
  }).timeout(30_000)

  it('tell no address to the store, and forget what is over', async () => {
    const [a] = await both()
    await a.post('/v2/jwts', { json: { apiKey: 'lk_v2_sk_wrong' }, headers: {} })
    await exchange(a)
    await a.latchkey.flush()
    const { store } = a.latchkey
    const { items } = await store.page('', 'tallies', { limit: 100 })
    expect(items.length).to.be.within(2, 3)
    for (const { id } of items) expect(id).to.match(/^[\w-]{43}$/)
    at += 62 * MINUTE
    await exchange(a)
    await a.latchkey.flush()
    const left = await store.page('', 'tallies', { limit: 100 })
    expect(left.items.map(({ endsAt }) => endsAt)).to.deep.equal([at + MINUTE, at + MINUTE])
  }).timeout(30_000)
})
