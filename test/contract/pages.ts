import { expect } from 'chai'
import { EVERY_ACCOUNT, type PageQuery, type Where } from '../../src/store/store.ts'
import {
  aHolder,
  aKey,
  anEvent,
  guarded,
  land,
  must,
  type Open,
  rejection,
  START,
  useStore,
  walk,
  write,
} from './harness.ts'

export function pageContract(open: Open): void {
  const bench = useStore(open)
  const ids = async (query: PageQuery, scope: string | typeof EVERY_ACCOUNT = 'acme') =>
    (await bench.store.page(scope, 'holders', query)).items.map(({ id }) => id)

  it('walks by the sort member, then by id, in both orders', async () => {
    const places = [
      ['b', 2],
      ['a', 2],
      ['Z', 2],
      ['é', 2],
      ['c', 1],
      ['d', 10],
      ['e', 9],
    ] as const
    await land(bench.store, { insert: places.map(([id, createdAt]) => write('holders', aHolder(id, { createdAt }))) })
    const order = ['c', 'Z', 'a', 'b', 'é', 'e', 'd']
    expect(await ids({ limit: 10 })).to.deep.equal(order)
    expect(await ids({ limit: 10, order: 'asc' })).to.deep.equal(order)
    expect(await ids({ limit: 10, order: 'desc' })).to.deep.equal(order.toReversed())
    expect(await ids({ limit: 2, after: { at: 2, id: 'Z' } })).to.deep.equal(['a', 'b'])
    expect(await ids({ limit: 3, after: { at: 2, id: 'a' }, order: 'desc' })).to.deep.equal(['Z', 'c'])
    expect(await ids({ limit: 3, after: { at: 9.5, id: '' } })).to.deep.equal(['d'])
  })

  it('says null for the next page exactly when no row follows', async () => {
    const { store } = bench
    expect(await store.page('acme', 'holders', { limit: 1 })).to.deep.equal({ items: [], next: null })
    await land(store, { insert: ['a', 'b', 'c', 'd'].map((id) => write('holders', aHolder(id))) })
    expect((await store.page('acme', 'holders', { limit: 2 })).next).to.deep.equal({ at: START, id: 'b' })
    expect((await store.page('acme', 'holders', { limit: 2, after: { at: START, id: 'b' } })).next).to.equal(null)
    expect((await store.page('acme', 'holders', { limit: 4 })).next).to.equal(null)
    expect((await store.page('acme', 'holders', { limit: 3, order: 'desc' })).next).to.deep.equal({
      at: START,
      id: 'b',
    })
  })

  it('misses and repeats nothing while documents come and go', async () => {
    const { store } = bench
    const name = (n: number) => `h${String(n).padStart(3, '0')}`
    const put = (n: number) => write('holders', aHolder(name(n), { createdAt: START + Math.floor(n / 7) }))
    await land(store, { insert: Array.from({ length: 40 }, (_, n) => put(n * 2)) })
    const seen: string[] = []
    let query: PageQuery = { limit: 9 }
    for (let turn = 0; ; turn += 1) {
      const page = await store.page('acme', 'holders', query)
      seen.push(...page.items.map(({ id }) => id))
      if (page.next === null) break
      query = { limit: 9, after: page.next }
      await land(store, { insert: [put(turn * 2 + 1), put(79 - turn * 2)] })
      await land(store, { remove: [guarded('holders', await must(store, 'holders', page.next.id))] })
    }
    expect(new Set(seen).size).to.equal(seen.length)
    expect(seen).to.deep.equal(seen.toSorted())
    for (let n = 0; n < 40; n += 1) expect(seen).to.include(name(n * 2))
  })

  filterContract(open)

  it('keeps to its scope, and crosses accounts only when told to', async () => {
    const { store } = bench
    await land(store, { insert: [write('holders', aHolder('a')), write('holders', aHolder('c'))] })
    await land(store, { insert: [write('holders', aHolder('b', { account: 'other' }))] }, 'other')
    expect(await ids({ limit: 9 })).to.deep.equal(['a', 'c'])
    expect(await ids({ limit: 9 }, 'other')).to.deep.equal(['b'])
    expect(await ids({ limit: 9 }, 'nobody')).to.deep.equal([])
    expect(await ids({ limit: 9 }, '')).to.deep.equal([])
    expect(await ids({ limit: 2 }, EVERY_ACCOUNT)).to.deep.equal(['a', 'b'])
    expect(await ids({ limit: 9, where: { type: 'partner' } }, EVERY_ACCOUNT)).to.deep.equal(['a', 'b', 'c'])
  })

  it('takes limits from 1 to 1,000', async () => {
    for (const limit of [0, -1, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
      expect(await rejection(bench.store.page('acme', 'holders', { limit }))).to.be.instanceOf(TypeError)
    }
    expect((await bench.store.page('acme', 'holders', { limit: 1000 })).items).to.deep.equal([])
  })

  it('walks events by seq, filtered by what they are about', async () => {
    const { store } = bench
    const about = (id: string) => ({ ...anEvent(), subject: { type: 'key', id, name: '' } })
    await land(store, { events: [about('k1'), about('k2'), about('k1')] })
    const { items } = await store.page('acme', 'events', { limit: 9, where: { 'subject.id': 'k1' }, order: 'desc' })
    expect(items.map(({ seq }) => seq)).to.deep.equal([3, 1])
    expect((await walk(store, 'acme', 'events', 1)).map(({ seq }) => seq)).to.deep.equal([1, 2, 3])
  })
}

function filterContract(open: Open): void {
  const bench = useStore(open)

  it('filters by scalars, nulls, lists, and all of them at once', async () => {
    const { store } = bench
    const keys = [
      aKey('k1', { holderId: 'h1', kind: 'secret' as never }),
      aKey('k2', { holderId: null, kind: 'publishable' as never }),
      aKey('k3', { holderId: 'h2', kind: 'publishable' as never }),
      aKey('k4', { holderId: 'h1', kind: 'publishable' as never, namespace: 'shop' }),
    ]
    await land(store, { insert: keys.map((key) => write('keys', key)) })
    const found = async (where: Where) =>
      (await store.page('acme', 'keys', { where, limit: 9 })).items.map(({ id }) => id)
    expect(await found({ holderId: 'h1' })).to.deep.equal(['k1', 'k4'])
    expect(await found({ holderId: null })).to.deep.equal(['k2'])
    expect(await found({ holderId: ['h2', 'h1'] })).to.deep.equal(['k1', 'k3', 'k4'])
    expect(await found({ holderId: [] })).to.deep.equal([])
    expect(await found({ holderId: 'h' })).to.deep.equal([])
    expect(await found({ holderId: 'h%' })).to.deep.equal([])
    expect(await found({ holderId: 'H1' })).to.deep.equal([])
    expect(await found({ holderId: 0 })).to.deep.equal([])
    expect(await found({ holderId: ['h1', 'h2'], kind: 'publishable', namespace: 'ads' })).to.deep.equal(['k3'])
  })

  it('filters through pages', async () => {
    const { store } = bench
    const documents = Array.from({ length: 30 }, (_, n) => {
      return aHolder(`h${String(n).padStart(2, '0')}`, {
        status: n % 3 === 0 ? 'suspended' : 'active',
        createdAt: START - n,
      })
    })
    await land(store, { insert: documents.map((one) => write('holders', one)) })
    const seen: string[] = []
    let after: PageQuery['after']
    do {
      const page = await store.page('acme', 'holders', {
        where: { status: ['suspended'] },
        limit: 4,
        ...(after && { after }),
      })
      seen.push(...page.items.map(({ id }) => id))
      after = page.next ?? undefined
    } while (after)
    expect(seen).to.deep.equal(
      documents
        .filter(({ status }) => status === 'suspended')
        .map(({ id }) => id)
        .toReversed(),
    )
  })

  it('refuses members that are not declared', async () => {
    for (const member of [
      'name',
      'account',
      'customData.x',
      '$where',
      'id',
      'createdAt',
      'status" = 1 OR "1',
      '__proto__x',
      '$or',
    ]) {
      const call = bench.store.page('acme', 'holders', { where: { [member]: 'x' }, limit: 1 })
      expect(await rejection(call), member).to.be.instanceOf(TypeError)
    }
  })
}
