/** Races: what holds of a store when many write at once, from one process or several, and when one dies in between. */
import { expect } from 'chai'
import type { Commit, CommitResult, Store } from '../../src/store/store.ts'
import { aHolder, aKey, anEvent, checkHistory, guarded, land, must, type Open, useStore, write } from './harness.ts'
import { processContract } from './processes.ts'

export function storeRaces(name: string, open: Open): void {
  describe(`${name}: races`, function () {
    this.timeout(60_000)
    describe('one store', () => raceContract(open, (store) => [store]))
    describe('two stores on the same data', () => {
      raceContract(open, (store, other) => [store, other])
      instanceContract(open)
    })
    describe('processes', () => processContract(open))
  })
}

type Choose = (store: Store, other: Store) => Store[]

function raceContract(open: Open, choose: Choose): void {
  const bench = useStore(open)
  let stores: Store[] = []
  beforeEach(async () => {
    stores = choose(bench.store, await bench.another())
  })
  /** `count` calls at once, spread over the stores. */
  const race = <T>(count: number, call: (store: Store, n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => call(stores[n % stores.length]!, n)))

  it('100 inserts of one id: one lands', async () => {
    const results = await race(100, (store, n) => {
      return store.commit('acme', {
        insert: [write('holders', aHolder('h1', { name: `${n}` }))],
        events: [anEvent({ n })],
      })
    })
    expect(tally(results)).to.deep.equal({ ok: 1, exists: 99 })
    const [event] = await checkHistory(bench.store)
    expect((await must(bench.store, 'holders', 'h1')).name).to.equal(`${event?.data.n}`)
  })

  it('200 guarded increments of one document: none is lost', async () => {
    await land(bench.store, { insert: [write('holders', aHolder('h1', { version: 0 }))] })
    await race(4, async (store) => {
      for (let n = 0; n < 50; n += 1) await increment(store, 'h1')
    })
    expect(await must(bench.store, 'holders', 'h1')).to.include({ version: 200, rev: 201 })
  })

  it('100 uses of what may be used once: one lands', async () => {
    await land(bench.store, { insert: [write('holders', aHolder('h1'))] })
    const read = await must(bench.store, 'holders', 'h1')
    const results = await race(100, (store) =>
      store.commit('acme', { remove: [guarded('holders', read)], events: [anEvent()] }),
    )
    expect(tally(results)).to.deep.equal({ ok: 1, changed: 99 })
    expect(await checkHistory(bench.store)).to.have.length(1)
  })

  it('8 creations for one free place: one lands', async () => {
    await land(bench.store, { count: [{ name: 'holders', add: 4, max: 5 }] })
    const results = await race(8, (store, n) => {
      const insert = [write('holders', aHolder(`h${n}`))]
      return store.commit('acme', { insert, count: [{ name: 'holders', add: 1, max: 5 }], events: [anEvent()] })
    })
    expect(tally(results)).to.deep.equal({ ok: 1, full: 7 })
    expect((await bench.store.page('acme', 'holders', { limit: 9 })).items).to.have.length(1)
    expect((await must(bench.store, 'heads', 'acme')).counts).to.deep.equal({ holders: 5 })
    expect(await checkHistory(bench.store)).to.have.length(1)
  })

  it('100 commits in two accounts: two histories without gap or fork', async () => {
    await race(100, async (store, n) => {
      const account = n % 4 < 2 ? 'acme' : 'other'
      await land(
        store,
        { insert: [write('holders', aHolder(`h${n}`, { account }))], events: [anEvent({ n })] },
        account,
      )
    })
    for (const account of ['acme', 'other']) expect(await checkHistory(bench.store, account)).to.have.length(50)
  })

  it('a unique member, 20 takers: one lands', async () => {
    const results = await race(20, (store, n) => {
      const insert = [
        write('people', {
          id: `usr_${n}`,
          account: '',
          email: 'a@x',
          password: null,
          reset: null,
          createdAt: n,
        }),
      ]
      return store.commit(`account${n % 3}`, { insert })
    })
    expect(tally(results)).to.deep.equal({ ok: 1, exists: 19 })
  })

  it('20 merges and 20 retries of each: every batch counts once', async () => {
    const add = (n: number) => {
      const initial = { month: '2026-01', day: 20260101, keyId: 'k', namespace: 'ads', holderId: null, scopes: '' }
      return [{ collection: 'usage' as const, id: 'u1', account: 'acme', initial, add: { exchanges: 2 ** (n % 20) } }]
    }
    await race(40, (store, n) => store.merge(`b${n % 20}`, add(n)))
    expect((await must(bench.store, 'usage', 'u1')).exchanges).to.equal(2 ** 20 - 1)
  })
}

function instanceContract(open: Open): void {
  const bench = useStore(open)

  it('a linked read tells what either store has just written, to the key and to what it links to', async () => {
    const [mine, other] = [bench.store, await bench.another()]
    await land(mine, { insert: [write('holders', aHolder('h1')), write('keys', aKey('k1', { holderId: 'h1' }))] })
    const seen = async () => {
      // What one turn of the event loop serves has arrived before it began; what comes after a commit is another turn's.
      await new Promise((resolve) => setImmediate(resolve))
      const found = await mine.getLinked('acme', 'keys', 'k1')
      return [found?.document.rev, found?.linked.holder?.[0]?.rev]
    }
    expect(await seen()).to.deep.equal([1, 1])
    for (const [round, store] of [other, mine, other].entries()) {
      const [key, holder] = [await must(store, 'keys', 'k1'), await must(store, 'holders', 'h1')]
      await land(store, { replace: [guarded('keys', key)] })
      expect(await seen()).to.deep.equal([round + 2, round + 1])
      await land(store, { replace: [guarded('holders', holder)] })
      expect(await seen()).to.deep.equal([round + 2, round + 2])
    }
    await land(other, { remove: [guarded('holders', await must(other, 'holders', 'h1'))] })
    expect(await seen()).to.deep.equal([4, undefined])
    await land(other, { remove: [guarded('keys', await must(other, 'keys', 'k1'))] })
    expect(await seen()).to.deep.equal([undefined, undefined])
  })

  it('a commit between another’s read and its commit: the outer one reads again, and both land', async () => {
    const { store } = bench
    const other = await bench.another()
    await land(store, { insert: [write('holders', aHolder('h1', { version: 0, flags: [] }))], events: [anEvent()] })
    const told: CommitResult[] = []
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const read = await must(store, 'holders', 'h1')
      if (attempt === 0) await append(other, 'inner')
      const replace = [guarded('holders', read, { flags: [...read.flags, 'outer'] })]
      told.push(await store.commit('acme', { replace, events: [anEvent()] }))
    }
    expect(told.map(({ ok }) => ok)).to.deep.equal([false, true])
    expect(told[0]).to.deep.equal({ ok: false, because: 'changed' })
    expect((await must(other, 'holders', 'h1')).flags).to.deep.equal(['inner', 'outer'])
    expect(await checkHistory(other)).to.have.length(3)
  })

  it('two commits that each expect what the other writes: one lands', async () => {
    const stores = [bench.store, await bench.another()] as const
    for (let round = 0; round < 20; round += 1) {
      const ids = [`x${round}`, `y${round}`] as const
      await land(bench.store, { insert: ids.map((id) => write('holders', aHolder(id))) })
      const [x, y] = await Promise.all(ids.map((id) => must(bench.store, 'holders', id)))
      const results = await Promise.all([
        stores[0].commit('acme', {
          expect: [guarded('holders', x!)],
          replace: [guarded('holders', y!, { name: 'by x' })],
        }),
        stores[1].commit('acme', {
          expect: [guarded('holders', y!)],
          replace: [guarded('holders', x!, { name: 'by y' })],
        }),
      ])
      expect(tally(results)).to.deep.equal({ ok: 1, changed: 1 })
    }
  })

  it('a reader never sees half of a commit', async () => {
    const { store } = bench
    const other = await bench.another()
    const ids = ['a', 'b']
    await land(store, { insert: ids.map((id) => write('holders', aHolder(id, { version: 0 }))) })
    let done = false
    const writing = (async () => {
      for (let n = 1; n <= 50; n += 1) {
        const [a, b] = [await must(store, 'holders', 'a'), await must(store, 'holders', 'b')]
        await land(store, { replace: [guarded('holders', a, { version: n }), guarded('holders', b, { version: n })] })
      }
      done = true
    })()
    while (!done) {
      // Whichever is read first, the other half of its commit is there already.
      for (const [first, second] of [ids, ids.toReversed()]) {
        const before = await must(other, 'holders', first!)
        expect((await must(other, 'holders', second!)).version).to.be.at.least(before.version)
      }
    }
    await writing
  })

  it('sees at once what another store wrote, and after opening again', async () => {
    const other = await bench.another()
    await land(bench.store, { insert: [write('holders', aHolder('h1'))], events: [anEvent()] })
    expect(await must(other, 'holders', 'h1')).to.deep.equal({ ...aHolder('h1'), rev: 1 })
    await land(other, { events: [anEvent()] })
    await bench.store.close()
    await other.close()
    const reopened = await bench.another()
    expect(await must(reopened, 'holders', 'h1')).to.deep.equal({ ...aHolder('h1'), rev: 1 })
    expect(await checkHistory(reopened)).to.have.length(2)
  })
}

async function increment(store: Store, id: string): Promise<void> {
  for (;;) {
    const read = await must(store, 'holders', id)
    const result = await store.commit('acme', { replace: [guarded('holders', read, { version: read.version + 1 })] })
    if (result.ok) return
    expect(result).to.deep.equal({ ok: false, because: 'changed' })
  }
}

async function append(store: Store, flag: string): Promise<void> {
  const read = await must(store, 'holders', 'h1')
  const commit: Commit = { replace: [guarded('holders', read, { flags: [...read.flags, flag] })], events: [anEvent()] }
  await land(store, commit)
}

function tally(results: CommitResult[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const result of results) {
    const name = result.ok ? 'ok' : result.because
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
