/** Documents and arguments that a database could take for something else. */
import { expect } from 'chai'
import type { CollectionName } from '../../src/store/collections.ts'
import { EVERY_ACCOUNT, type PageQuery, type Ref, type Scope, type Where } from '../../src/store/store.ts'
import {
  aHolder,
  anEvent,
  checkHistory,
  guarded,
  land,
  must,
  type Open,
  rejection,
  useStore,
  write,
} from './harness.ts'

const STRANGE_DATA: Record<string, unknown> = JSON.parse(`{
  "a.b": 2, "$x": 2, "": 0, "%": 1, "%2e": 2, "100%": 3, "nul\\u0000key": 4, "_id": 5, "_lock": 6, "_links": { "_id": 7 },
  "__proto__": { "polluted": true }, "constructor": { "prototype": 8 }, "toJSON": 9, "toBSON": 10, "length": 11,
  "_bsontype": "ObjectId", "$oid": "0123456789abcdef01234567", "$date": 1, "nested": { "$set": { "$where": "1" }, "c.d": [{ "e.f": 1 }] },
  "zero": -0.0, "int32": 2147483648, "int53": 9007199254740991, "negative": -9007199254740991, "float": 0.1, "tiny": 5e-324,
  "empty": {}, "list": [], "nulls": [null, [null]], "deep": [[[{ "x": [1, "2", true, null] }]]],
  "text": "\\u0000 \\u2028 \\ud83d\\ude00 'quoted' \\"double\\" \\\\ud800 \\\\", "1": "one", "0": "zero", "rev": 12, "id": 13, "account": 14
}`)
const OPERATORS: unknown[] = [
  { $ne: null },
  { $gt: '' },
  { $in: ['h1'] },
  [{ $nor: [] }],
  ['h1'],
  { toString: () => 'h1' },
  null,
  7,
  undefined,
]
const STRANGE_IDS = [
  'nul\0id',
  'nul\0',
  '\0',
  '',
  ' ',
  '%',
  '_',
  "' OR 1=1 --",
  '"',
  '$where',
  'a.b',
  '{"$ne":null}',
  '[object Object]',
  '\u00e9',
  'e\u0301',
  '😀',
  'x'.repeat(10_240),
]

export function hostileContract(open: Open): void {
  const bench = useStore(open)

  it('gives back exactly the document that was put in, on insert and on replace', async () => {
    const { store } = bench
    await land(store, { insert: [write('holders', aHolder('h1', { customData: STRANGE_DATA }))] })
    const first = await must(store, 'holders', 'h1')
    expect(first).to.deep.equal({ ...aHolder('h1', { customData: asJson(STRANGE_DATA) }), rev: 1 })
    await land(store, { replace: [guarded('holders', first, { customData: { again: STRANGE_DATA } })] })
    const { customData } = await must(store, 'holders', 'h1')
    expect(customData).to.deep.equal(asJson({ again: STRANGE_DATA }))
    const again = customData.again as object
    expect(Object.getPrototypeOf(again)).to.equal(Object.prototype)
    expect(Object.keys(again)).to.include('__proto__')
    expect((again as { polluted?: boolean }).polluted).to.equal(undefined)
    expect({}).to.not.have.property('polluted')
  })

  it('gives back events with such data, and their MACs still verify', async () => {
    const { store } = bench
    const lone = JSON.parse('{ "lone": "\\ud800", "twice": "\\udc00\\ud800", "\\udfff": 1 }')
    await land(store, {
      events: [anEvent(STRANGE_DATA), anEvent(lone), anEvent({ gone: undefined, when: new Date(0) })],
    })
    const [first, second, third] = await checkHistory(store)
    expect(first?.data).to.deep.equal(asJson(STRANGE_DATA))
    expect(second?.data).to.deep.equal({ lone: '\ufffd', twice: '\ufffd\ufffd', '\ufffd': 1 })
    expect(third?.data).to.deep.equal({ when: '1970-01-01T00:00:00.000Z' })
  })

  it('keeps what JSON keeps: no undefined, no prototype, no negative zero', async () => {
    const { store } = bench
    const customData = { gone: undefined, list: [undefined], zero: -0, when: new Date(0) }
    await land(store, { insert: [write('holders', aHolder('h1', { customData }))] })
    expect((await must(store, 'holders', 'h1')).customData).to.deep.equal({
      list: [null],
      zero: 0,
      when: '1970-01-01T00:00:00.000Z',
    })
  })

  it('takes any text as an id and matches it exactly', async () => {
    const { store } = bench
    await land(store, { insert: STRANGE_IDS.map((id) => write('holders', aHolder(id))) })
    for (const id of STRANGE_IDS) expect((await must(store, 'holders', id)).id).to.equal(id)
    const found = await store.getMany(
      'acme',
      STRANGE_IDS.map((id): Ref => ({ collection: 'holders', id })),
    )
    expect(found.map((one) => one?.id)).to.deep.equal(STRANGE_IDS)
    for (const id of ['nul', 'nul\0i', 'h%', '__', 'x'.repeat(10_239), '{}']) {
      expect(await store.get('acme', 'holders', id)).to.equal(null)
    }
  })

  it('takes any text in a filter and matches it exactly', async () => {
    const { store } = bench
    const documents = STRANGE_IDS.map((type, index) => aHolder(`h${index}`, { type: type as 'partner' }))
    await land(store, { insert: documents.map((one) => write('holders', one)) })
    for (const [index, type] of STRANGE_IDS.entries()) {
      for (const where of [{ type }, { type: [type] }]) {
        const { items } = await store.page('acme', 'holders', { where, limit: 10 })
        expect(items.map(({ id }) => id)).to.deep.equal([`h${index}`])
      }
    }
  })

  operatorContract(open)
}

function operatorContract(open: Open): void {
  const bench = useStore(open)
  beforeEach(async () => land(bench.store, { insert: [write('holders', aHolder('h1'))] }))

  it('refuses operators where text belongs', async () => {
    const { store } = bench
    for (const value of OPERATORS) {
      const text = value as string
      const filters = { type: value } as Where
      const calls = [
        store.get('acme', 'holders', text),
        store.get(text as Scope, 'holders', 'h1'),
        store.getMany('acme', [{ collection: 'holders', id: text }]),
        store.getMany(text as Scope, []),
        store.getLinked('acme', 'holders', text),
        store.page(text as Scope, 'holders', { limit: 1 }),
        store.page('acme', 'holders', { limit: 1, after: { at: 0, id: text } }),
        store.commit(text, {}),
        store.commit('acme', { insert: [write('holders', aHolder(text))] }),
        store.merge(text, []),
      ]
      const listed = value === null || value === 7 || (Array.isArray(value) && value[0] === 'h1')
      if (!listed) calls.push(store.page('acme', 'holders', { limit: 1, where: filters }))
      for (const call of calls) expect(await rejection(call), JSON.stringify(value)).to.be.instanceOf(TypeError)
    }
    expect(await store.page('acme', 'holders', { limit: 1, where: { type: 7 } })).to.deep.equal({
      items: [],
      next: null,
    })
  })

  it('refuses unknown collections, operators as positions and as revs', async () => {
    const { store } = bench
    for (const name of [
      'nope',
      'constructor',
      '__proto__',
      'holders"; DROP TABLE holders; --',
    ] as unknown as CollectionName[]) {
      expect(await rejection(store.get('acme', name, 'h1'))).to.be.instanceOf(TypeError)
      expect(await rejection(store.page('acme', name, { limit: 1 }))).to.be.instanceOf(TypeError)
    }
    const after = { at: { $gt: 0 }, id: '' } as unknown as NonNullable<PageQuery['after']>
    expect(await rejection(store.page(EVERY_ACCOUNT, 'holders', { after, limit: 1 }))).to.be.instanceOf(TypeError)
    const forged = { collection: 'holders', document: { ...aHolder('h1'), rev: { $gte: 0 } } } as never
    expect(await rejection(store.commit('acme', { remove: [forged] }))).to.be.instanceOf(TypeError)
    expect(await must(store, 'holders', 'h1')).to.deep.equal({ ...aHolder('h1'), rev: 1 })
  })
}

function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value))
}
