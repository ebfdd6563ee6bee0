import { expect } from 'chai'
import { EVERY_ACCOUNT, StoreUnavailable } from '../../src/store/store.ts'
import {
  aHolder,
  aKey,
  anAccount,
  aSubAccount,
  guarded,
  land,
  must,
  type Open,
  rejection,
  useStore,
  write,
} from './harness.ts'

const person = {
  id: 'usr_1',
  account: '',
  email: 'a@b.example',
  name: 'A',
  password: null,
  reset: null,
  createdAt: 1,
  lastSignInAt: null,
} as const

export function readContract(open: Open): void {
  const bench = useStore(open)

  it('gets a document in its own scope and in every account, and in no other', async () => {
    const { store } = bench
    await land(store, { insert: [write('holders', aHolder('h1'))] })
    expect(await store.get('acme', 'holders', 'h1')).to.deep.equal({ ...aHolder('h1'), rev: 1 })
    expect(await store.get(EVERY_ACCOUNT, 'holders', 'h1')).to.deep.equal({ ...aHolder('h1'), rev: 1 })
    expect(await store.get('other', 'holders', 'h1')).to.equal(null)
    expect(await store.get('', 'holders', 'h1')).to.equal(null)
    expect(await store.get('acme', 'keys', 'h1')).to.equal(null)
  })

  it('shows shared documents in any scope', async () => {
    const { store } = bench
    await land(store, { insert: [write('people', person)] })
    for (const scope of ['acme', 'other', '', EVERY_ACCOUNT] as const) {
      expect(await store.get(scope, 'people', 'usr_1')).to.deep.equal({ ...person, rev: 1 })
      expect((await store.page(scope, 'people', { limit: 1 })).items).to.have.length(1)
    }
  })

  it('gets many from several collections in the order asked for, fresh each time', async () => {
    const { store } = bench
    await land(store, {
      insert: [write('holders', aHolder('h1')), write('holders', aHolder('h2')), write('keys', aKey('k1'))],
    })
    await land(store, { insert: [write('holders', aHolder('h3', { account: 'other' }))] }, 'other')
    const refs = [
      { collection: 'keys', id: 'k1' },
      { collection: 'holders', id: 'h3' },
      { collection: 'holders', id: 'h2' },
      { collection: 'holders', id: 'absent' },
      { collection: 'holders', id: 'h1' },
      { collection: 'holders', id: 'h1' },
    ] as const
    const found = await store.getMany('acme', refs)
    expect(found.map((one) => one?.id ?? null)).to.deep.equal(['k1', null, 'h2', null, 'h1', 'h1'])
    expect(found[4]).to.not.equal(found[5])
    expect((await store.getMany(EVERY_ACCOUNT, refs))[1]).to.deep.equal({
      ...aHolder('h3', { account: 'other' }),
      rev: 1,
    })
    expect(await store.getMany('acme', [])).to.deep.equal([])
  })

  it('hands out fresh objects', async () => {
    const { store } = bench
    await land(store, { insert: [write('holders', aHolder('h1'))] })
    const first = await must(store, 'holders', 'h1')
    first.name = 'scribbled'
    expect((await must(store, 'holders', 'h1')).name).to.equal('One')
  })

  linkContract(() => bench.store)

  it('answers a ping, and StoreUnavailable after close', async () => {
    const store = await bench.another()
    await store.ping()
    await store.close()
    await store.close()
    expect(await rejection(store.ping())).to.be.instanceOf(StoreUnavailable)
    expect(await rejection(store.get('acme', 'holders', 'h1'))).to.be.instanceOf(StoreUnavailable)
    expect(await rejection(store.commit('acme', {}))).to.be.instanceOf(StoreUnavailable)
  })
}

function linkContract(storeOf: () => import('../../src/store/store.ts').Store): void {
  it('gets a key with its account, holder and sub-accounts, in the order of the refs', async () => {
    const store = storeOf()
    const subAccounts = ['acme/c', 'acme/a', 'acme/b'].map((id) => aSubAccount(id))
    const key = aKey('k1', { holderId: 'h1', subAccountRefs: ['acme/c', 'acme/a', 'acme/gone', 'acme/b', 'acme/a'] })
    await land(store, {
      insert: [write('accounts', anAccount('acme')), write('holders', aHolder('h1')), write('keys', key)].concat(
        subAccounts.map((one) => write('subAccounts', one)),
      ),
    })
    expect(await store.getLinked(EVERY_ACCOUNT, 'keys', 'k1')).to.deep.equal({
      document: { ...key, rev: 1 },
      linked: {
        account: [{ ...anAccount('acme'), rev: 1 }],
        holder: [{ ...aHolder('h1'), rev: 1 }],
        subAccounts: subAccounts.map((one) => ({ ...one, rev: 1 })),
      },
    })
  })

  it('gets a key by its unique member too: the one that has any of the values, in its scope', async () => {
    const store = storeOf()
    const key = aKey('k1', { importedHash: 'one', holderId: 'h1' })
    await land(store, { insert: [write('holders', aHolder('h1')), write('keys', key), write('keys', aKey('k2'))] })
    const by = (...values: string[]) => ({ member: 'importedHash', values })
    const found = await store.getLinked(EVERY_ACCOUNT, 'keys', by('none', 'one'))
    expect(found).to.deep.equal(await store.getLinked('acme', 'keys', 'k1'))
    expect(await store.getLinked('other', 'keys', by('one'))).to.equal(null)
    expect(await store.getLinked('acme', 'keys', by())).to.equal(null)
    expect(await store.getLinked('acme', 'keys', by('none'))).to.equal(null)
    const taken = await store.commit('acme', { insert: [write('keys', aKey('k3', { importedHash: 'one' }))] })
    expect(taken).to.deep.equal({ ok: false, because: 'exists', collection: 'keys' })
    for (const member of ['name', 'namespace'])
      expect(await rejection(store.getLinked('acme', 'keys', { member, values: ['one'] }))).to.be.instanceOf(TypeError)
  })

  it('gives an empty list for a link to nothing', async () => {
    const store = storeOf()
    await land(store, { insert: [write('keys', aKey('k1'))] })
    const found = await store.getLinked('acme', 'keys', 'k1')
    expect(found?.linked).to.deep.equal({ account: [], holder: [], subAccounts: [] })
  })

  it('follows no link out of the account, and keeps to its scope', async () => {
    const store = storeOf()
    await land(store, { insert: [write('holders', aHolder('h9', { account: 'other' }))] }, 'other')
    await land(store, { insert: [write('subAccounts', aSubAccount('s9', 'other'))] }, 'other')
    await land(store, { insert: [write('keys', aKey('k1', { holderId: 'h9', subAccountRefs: ['s9'] }))] })
    for (const scope of [EVERY_ACCOUNT, 'acme'] as const) {
      const found = await store.getLinked(scope, 'keys', 'k1')
      expect(found?.linked).to.deep.equal({ account: [], holder: [], subAccounts: [] })
    }
    expect(await store.getLinked('other', 'keys', 'k1')).to.equal(null)
    expect(await store.getLinked('acme', 'keys', 'absent')).to.equal(null)
  })

  it('gets linked from a collection without links, after a replace too', async () => {
    const store = storeOf()
    await land(store, { insert: [write('holders', aHolder('h1'))] })
    await land(store, { replace: [guarded('holders', await must(store, 'holders', 'h1'), { name: 'Two' })] })
    const found = await store.getLinked('acme', 'holders', 'h1')
    expect(found).to.deep.equal({ document: { ...aHolder('h1', { name: 'Two' }), rev: 2 }, linked: {} })
  })
}
