import { expect } from 'chai'
import type { Merge } from '../../src/store/store.ts'
import { guarded, land, must, type Open, rejection, START, useStore } from './harness.ts'

const DAY = 86_400_000

const use = (id: string, at: number, secrets: Record<string, number> = {}): Merge => ({
  collection: 'keyUse',
  id,
  account: 'acme',
  initial: { lastUsedAt: 0, secrets: {} },
  max: {
    lastUsedAt: at,
    ...Object.fromEntries(Object.entries(secrets).map(([secret, time]) => [`secrets.${secret}`, time])),
  },
})
const usage = (id: string, add: Record<string, number>): Merge => ({
  collection: 'usage',
  id,
  account: 'acme',
  initial: { month: '2026-01', day: 20260101, keyId: 'k1', namespace: 'ads', holderId: null, scopes: '', exchanges: 0 },
  add,
})

export function mergeContract(open: Open): void {
  const bench = useStore(open)

  it('makes documents of their initial members, then adds', async () => {
    const { store } = bench
    await store.merge('b1', [usage('u1', { exchanges: 3, refused: 1 }), use('k1', 50, { sec_a: 50 })])
    const { initial } = usage('u1', {})
    expect(await must(store, 'usage', 'u1')).to.deep.equal({
      ...initial,
      id: 'u1',
      account: 'acme',
      exchanges: 3,
      refused: 1,
      rev: 1,
    })
    expect(await must(store, 'keyUse', 'k1')).to.deep.equal({
      id: 'k1',
      account: 'acme',
      lastUsedAt: 50,
      secrets: { sec_a: 50 },
      rev: 1,
    })
    const { items } = await store.page('acme', 'usage', { where: { month: '2026-01', keyId: 'k1' }, limit: 9 })
    expect(items.map(({ id }) => id)).to.deep.equal(['u1'])
  })

  it('adds and raises on what is there, nested too, and never touches initial members again', async () => {
    const { store } = bench
    await store.merge('b1', [usage('u1', { exchanges: 3 }), use('k1', 50, { sec_a: 50 })])
    const again = usage('u1', { exchanges: 4, 'new.nested.count': 2 })
    await store.merge('b2', [
      { ...again, initial: { ...again.initial, month: 'never' } },
      use('k1', 40, { sec_a: 60, sec_b: 40 }),
    ])
    expect(await must(store, 'usage', 'u1')).to.deep.include({
      month: '2026-01',
      exchanges: 7,
      new: { nested: { count: 2 } },
    })
    expect(await must(store, 'keyUse', 'k1')).to.deep.include({ lastUsedAt: 50, secrets: { sec_a: 60, sec_b: 40 } })
    expect((await must(store, 'usage', 'u1')).rev).to.be.greaterThan(1)
  })

  it('moves the sort member, and so the place in a walk', async () => {
    const { store } = bench
    await store.merge('b1', [use('k1', 1), use('k2', 2), use('k3', -5)])
    await store.merge('b2', [use('k1', 3)])
    const { items } = await store.page('acme', 'keyUse', { limit: 9 })
    expect(items.map(({ id, lastUsedAt }) => [id, lastUsedAt])).to.deep.equal([
      ['k3', 0],
      ['k2', 2],
      ['k1', 3],
    ])
  })

  it('merges one document several times in a batch', async () => {
    const { store } = bench
    await store.merge('b1', [
      usage('u1', { exchanges: 1 }),
      usage('u1', { exchanges: 2 }),
      usage('u2', { exchanges: 5 }),
    ])
    await store.merge('b2', [usage('u1', { exchanges: 1 }), usage('u1', { exchanges: 2 })])
    expect((await must(store, 'usage', 'u1')).exchanges).to.equal(6)
    expect((await must(store, 'usage', 'u2')).exchanges).to.equal(5)
  })

  it('tells what each document has come to by it, in order; told again, what it is by now', async () => {
    const { store } = bench
    await store.merge('b1', [usage('u1', { exchanges: 1 })])
    const batch = [use('k1', 7), usage('u1', { exchanges: 2 }), usage('u2', { exchanges: 5 })]
    const came = (documents: readonly unknown[]) =>
      (documents as { id: string; rev: number; exchanges?: number }[]).map(({ id, rev, exchanges }) => [
        id,
        rev,
        exchanges,
      ])
    const first = await store.merge('b2', batch)
    expect(came(first)).to.deep.equal([
      ['k1', 1, undefined],
      ['u1', 2, 3],
      ['u2', 1, 5],
    ])
    expect(first[1]).to.deep.equal(await must(store, 'usage', 'u1'))
    await store.merge('b3', [usage('u1', { exchanges: 10 })])
    expect(came(await store.merge('b2', batch))).to.deep.equal([
      ['k1', 1, undefined],
      ['u1', 3, 13],
      ['u2', 1, 5],
    ])
    const twice = await store.merge('b4', [usage('u2', { exchanges: 1 }), usage('u2', { exchanges: 1 })])
    expect(came(twice).map(([, , exchanges]) => exchanges)).to.deep.equal([7, 7])
  })

  it('applies a batch once, however often it is told', async () => {
    const { store } = bench
    for (let n = 0; n < 3; n += 1) await store.merge('b1', [usage('u1', { exchanges: 1 })])
    await Promise.all(Array.from({ length: 10 }, () => store.merge('b2', [usage('u1', { exchanges: 10 })])))
    expect((await must(store, 'usage', 'u1')).exchanges).to.equal(11)
    await store.merge('empty', [])
    expect(await must(store, 'marks', 'batch:empty')).to.include({ account: '', createdAt: START })
  })

  it('keeps a mark for a day and sweeps it later', async () => {
    const { store, clock } = bench
    await store.merge('b1', [usage('u1', { exchanges: 1 })])
    clock.now += DAY
    await store.merge('b2', [])
    expect(await store.get('acme', 'marks', 'batch:b1')).to.not.equal(null)
    clock.now += 1000
    await store.merge('b3', [])
    expect(await store.get('acme', 'marks', 'batch:b1')).to.equal(null)
    expect(await store.get('acme', 'marks', 'batch:b2')).to.not.equal(null)
  })

  it('lets a commit notice a merge', async () => {
    const { store } = bench
    await store.merge('b1', [use('k1', 1)])
    const read = await must(store, 'keyUse', 'k1')
    await store.merge('b2', [use('k1', 2)])
    const changed = { ok: false, because: 'changed' }
    expect(await store.commit('acme', { remove: [guarded('keyUse', read)] })).to.deep.equal(changed)
    await land(store, { remove: [guarded('keyUse', await must(store, 'keyUse', 'k1'))] })
  })

  it('throws for what only a mistake in the program can ask, and writes nothing of the batch', async () => {
    const { store } = bench
    await store.merge('b1', [use('k1', 1)])
    const wrong: Merge[] = [
      { ...use('k1', 2), account: 'other' },
      { ...use('k1', 2), collection: 'heads' },
      { ...use('k1', 2), collection: 'events' },
      { ...use('k1', 2), collection: 'marks' },
      { ...use('k9', 2), initial: {}, max: {} },
      { ...use('k1', 2), max: { '__proto__.polluted': 1 } },
      { ...use('k1', 2), id: { $ne: null } as unknown as string },
      { ...use('k1', 2), collection: 'people' },
    ]
    for (const [index, merge] of wrong.entries()) {
      const call = store.merge('b2', [use('k1', 99), merge])
      expect(await rejection(call), String(index)).to.be.instanceOf(TypeError)
    }
    expect((await must(store, 'keyUse', 'k1')).lastUsedAt).to.equal(1)
    await store.merge('b2', [use('k1', 3)])
    expect((await must(store, 'keyUse', 'k1')).lastUsedAt).to.equal(3)
    expect({}).to.not.have.property('polluted')
  })
}
