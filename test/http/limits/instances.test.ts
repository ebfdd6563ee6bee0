/** Limits over several instances: of a key and of an account they hold exactly, whatever comes at once and wherever. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { StoreUnavailable } from '../../../src/store/store.ts'
import { type Answer, type Bed, START } from '../bed.ts'
import { onOneStore } from '../one-store.ts'

const PLAN = 'limits: { exchangesPerMinutePerKey: 60, exchangesPerMinute: 300 }'
const catalog = readFileSync('latchkey.yaml', 'utf8')
const tight = (plan: string): string => catalog.replace(PLAN, plan)
const MINUTE = 60_000

onOneStore('Limits over several instances', (start) => {
  let at: number
  const clock = () => at
  const both = async (text = catalog): Promise<[Bed, Bed]> => {
    at = START
    return [await start({ catalog: text, clock }), await start({ catalog: text, clock })]
  }
  const exchange = (b: Bed, name = 'globex-v2-server') => b.post('/v2/jwts', { json: { apiKey: b.secret(name) } })
  const many = (b: Bed, count: number, ask: (b: Bed) => Promise<Answer> = exchange) =>
    Promise.all(Array.from({ length: count }, () => ask(b)))
  /** In steps, after which each has said again that it is there, and has looked who else is. */
  const passMinute = async ({ latchkey: { store } }: Bed) => {
    for (const step of [MINUTE / 2, MINUTE / 2]) {
      at += step
      const isThere = async () => {
        const { items } = await store.page('', 'instances', { limit: 9 })
        return items.every(({ seenAt }) => seenAt === at)
      }
      while (!(await isThere())) await sleep(20)
      await sleep(1_100)
    }
  }
  const tally = (answers: Answer[], status: number) => answers.filter((one) => one.status === status).length

  it('of a key: a burst over three gets exactly the limit, and so does one that gets it alone', async () => {
    const all = [...(await both()), await start({ clock })] as const
    const burst = async (pick: (n: number) => number) => {
      const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => exchange(all[pick(n)] as Bed)))
      expect([tally(answers, 200), tally(answers, 429)]).to.deep.equal([60, 40])
      return answers
    }
    await burst((n) => n % 3)
    await passMinute(all[0])
    const answers = await burst(() => 1)
    const over = answers.find(({ status }) => status === 429) as Answer
    expect(over.json()).to.include({ limit: 'key', status: 429 })
    expect(over.headers.get('ratelimit')).to.equal('"key";r=0;t=60')
    expect(over.headers.get('retry-after')).to.equal('60')
    // Each place is given once.
    const remaining = answers.flatMap(
      ({ headers }) => /^"key";r=(\d+);t=60, /.exec(headers.get('ratelimit') ?? '')?.[1] ?? [],
    )
    expect(remaining.map(Number).sort((x, y) => y - x)).to.deep.equal(Array.from({ length: 60 }, (_, n) => 59 - n))
    for (const b of all) {
      expect((await exchange(b)).status).to.equal(429)
    }
    for (let round = 0; round < 3; round++) {
      await passMinute(all[0])
      await burst(() => Math.floor(Math.random() * 3))
    }
  }).timeout(60_000)

  it('is told afterwards, and not for each use, where an instance stays within its portion', async () => {
    const [a, b] = await both()
    await exchange(a)
    await exchange(b)
    await passMinute(a)
    const merged: string[] = []
    const { store } = a.latchkey
    const merge = store.merge.bind(store)
    store.merge = (id, merges) => {
      merged.push(...merges.map(({ collection }) => collection))
      return merge(id, merges)
    }
    const began = performance.now()
    expect(tally(await many(a, 30), 200)).to.equal(30)
    // What is told afterwards is told once a turn.
    const turns = Math.ceil((performance.now() - began) / 250) + 1
    expect(merged.filter((collection) => collection === 'tallies').length).to.be.at.most(2 * turns)
    store.merge = merge
    expect((await exchange(a)).headers.get('ratelimit')).to.match(/^"key";r=29;t=60/)
  }).timeout(30_000)

  it('counts what an instance used that has left, or joined within the minute', async () => {
    const [a, b] = await both()
    expect(tally(await many(b, 20), 200)).to.equal(20)
    await b.latchkey.close()
    const rest = await many(a, 50)
    expect([tally(rest, 200), tally(rest, 429)]).to.deep.equal([40, 10])
    at += MINUTE
    expect(tally(await many(a, 45), 200)).to.equal(45)
    const c = await start({ clock })
    const last = await many(c, 20)
    expect([tally(last, 200), tally(last, 429)]).to.deep.equal([15, 5])
  }).timeout(30_000)

  it('waits two seconds, and once, for an instance that does not answer', async () => {
    const [a] = await both()
    const dead = { id: 'ins_dead', account: '', asked: 0, answered: 0, seenAt: at } as const
    await a.latchkey.store.commit('', { insert: [{ collection: 'instances', document: dead }] })
    await sleep(1_300)
    const began = performance.now()
    const answers = await many(a, 70)
    expect([tally(answers, 200), tally(answers, 429)]).to.deep.equal([60, 10])
    expect(performance.now() - began).to.be.within(1_900, 4_000)
    const again = performance.now()
    expect((await exchange(a, 'acme-v2-server')).status).to.equal(200)
    expect(performance.now() - again).to.be.below(1_000)
  }).timeout(30_000)

  it('where the store is away, is a 503, and nothing is given', async () => {
    const [a, b] = await both()
    await exchange(b)
    const { store } = a.latchkey
    const merge = store.merge.bind(store)
    store.merge = () => Promise.reject(new StoreUnavailable(new Error('away')))
    // In the minute in which it joined, an instance asks from the first on.
    const [refused] = await many(a, 1)
    expect([refused?.status, refused?.headers.get('retry-after')]).to.deep.equal([503, '2'])
    store.merge = merge
    const rest = await many(a, 70)
    // What was being told when the store went away has its place: it may have been written.
    expect([tally(rest, 200), tally(rest, 429)]).to.deep.equal([58, 12])
  }).timeout(30_000)

  it('of an account, by whichever of its keys', async () => {
    const [a, b] = await both(tight('limits: { exchangesPerMinutePerKey: null, exchangesPerMinute: 10 }'))
    const answers = (await Promise.all([many(a, 9), many(b, 9)])).flat()
    expect([tally(answers, 200), tally(answers, 429)]).to.deep.equal([10, 8])
    expect(answers.find(({ status }) => status === 429)?.json().limit).to.equal('account')
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
