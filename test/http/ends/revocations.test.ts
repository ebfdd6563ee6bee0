/** Bulk revocations: every live token of the keys asked for ends, and the keys go on. */
import { expect } from 'chai'
import type { Holder } from '../../../src/holders/rules.ts'
import type { ApiKey, Secret } from '../../../src/keys/rules.ts'
import type { Kept } from '../../../src/store/store.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { type Caller, callerOf, eventsOf, statusOf } from '../manage/caller.ts'

const AT = '/manage/accounts/acme/revocations'
const NAMES = [
  'acme-v2-server',
  'acme-v2-readonly',
  'acme-v2-browser',
  'acme-v2-orders',
  'acme-v3-server',
  'acme-northwind',
]
const ORIGIN = (b: Bed) => ({ origin: new URL(b.url).origin })

async function exchange(b: Bed, name: string): Promise<string> {
  const namespace = name.startsWith('acme-v3') ? 'v3' : 'v2'
  const { status, text } = await b.post(`/${namespace}/jwts`, { json: { apiKey: b.secret(name) }, headers: ORIGIN(b) })
  expect(status, text).to.equal(200)
  return text
}

/** Which of the keys have their tokens ended by it; each is exchanged again afterwards, and that token is good. */
async function ends(b: Bed, caller: Caller, selection: object): Promise<{ keys: number; ended: string[] }> {
  const tokens = await Promise.all(NAMES.map(async (name) => [name, await exchange(b, name)] as const))
  const answer = await caller.post(AT, selection)
  expect(answer.status, answer.text).to.equal(200)
  const ended = tokens.filter(([, token]) => statusOf(b, token) !== 0).map(([name]) => name)
  for (const name of NAMES) expect(statusOf(b, await exchange(b, name)), name).to.equal(0)
  return { keys: answer.json().keys as number, ended }
}

onBothStores('Bulk revocations', (bed) => {
  it('end the tokens of the keys that have all that is named, and of no others', async () => {
    const b = bed()
    const caller = await callerOf(b, 'acme-manage')
    const holderId = b.demo.holders.northwind as string
    const table: [object, string[]][] = [
      [{ keyId: b.keyId('acme-v2-readonly') }, ['acme-v2-readonly']],
      [{ holderId }, ['acme-northwind']],
      [{ namespace: 'v3' }, ['acme-v3-server']],
      [{ scope: 'conversions:write' }, ['acme-v2-server', 'acme-v2-browser']],
      [{ scope: 'orders:write' }, ['acme-v2-server', 'acme-v2-orders']],
      // Implied by orders:write.
      [{ scope: 'orders:read' }, ['acme-v2-server', 'acme-v2-orders', 'acme-northwind']],
      [{ keyId: b.keyId('acme-v2-readonly'), namespace: 'v3' }, []],
      [{ keyId: b.keyId('acme-v2-readonly'), namespace: 'v2', scope: 'links:read' }, ['acme-v2-readonly']],
      [{ namespace: 'v3', scope: 'vehicles:read' }, ['acme-v3-server']],
    ]
    for (const [selection, expected] of table) {
      const { keys, ended } = await ends(b, caller, selection)
      expect(ended, JSON.stringify(selection)).to.deep.equal(expected)
      expect(keys, JSON.stringify(selection)).to.equal(expected.length)
    }
  }).timeout(30_000)

  it('of all: also the token that asked, and it is told once, with what was asked and how many', async () => {
    const b = bed()
    const { keys, ended } = await ends(b, await callerOf(b, 'acme-manage'), { all: true })
    expect(ended).to.deep.equal(NAMES)
    const { items } = await b.latchkey.store.page('acme', 'keys', { limit: 100 })
    expect(keys).to.equal(items.length)
    const caller = await callerOf(b, 'acme-manage')
    const told = (await eventsOf(caller, 'acme', 'acme')).filter(({ type }) => type === 'token.revoked')
    expect(told.map(({ data }) => data)).to.deep.equal([
      { selection: { namespace: 'v3' }, keys: 1 },
      { selection: { scope: 'conversions:write' }, keys: 2 },
      { selection: { scope: 'orders:write' }, keys: 2 },
      { selection: { scope: 'orders:read' }, keys: 3 },
      { selection: { namespace: 'v3', scope: 'vehicles:read' }, keys: 1 },
      { selection: { all: true }, keys },
    ])
    expect(told.at(-1)?.actor).to.deep.include({ type: 'program', id: b.keyId('acme-manage') })
    const ofKey = await eventsOf(caller, 'acme', b.keyId('acme-v2-readonly'))
    expect(ofKey.filter(({ type }) => type === 'token.revoked')).to.have.length(3)
  }).timeout(30_000)

  it('refuse what does not say whose tokens, or names what there is not', async () => {
    const b = bed()
    const caller = await callerOf(b, 'acme-manage')
    const table: [unknown, number, string][] = [
      [{}, 400, 'invalid_request'],
      [{ all: true, namespace: 'v2' }, 400, 'invalid_request'],
      [{ all: false }, 400, 'invalid_request'],
      [{ keyID: 'x' }, 400, 'invalid_request'],
      [{ keyId: 'key_000000000000' }, 404, 'not_found'],
      [{ keyId: b.keyId('globex-v2-server') }, 404, 'not_found'],
      [{ holderId: 'hld_nobody' }, 404, 'not_found'],
      [{ namespace: 'v9' }, 422, 'unknown_namespace'],
      [{ scope: 'links:burn' }, 422, 'unknown_scope'],
      [{ namespace: 'v3', scope: 'links:read' }, 422, 'unknown_scope'],
    ]
    for (const [json, status, code] of table) {
      const answer = await caller.post(AT, json)
      expect([answer.status, answer.json().code], JSON.stringify(json)).to.deep.equal([status, code])
    }
    expect((await caller.post(AT, {})).json().errors).to.deep.equal([
      {
        pointer: '',
        detail: 'must name keyId, holderId, namespace or scope, or several of them; or all: true and nothing else',
      },
    ])
    const reader = await callerOf(b, 'acme-manage', { scope: 'keys:write' })
    expect((await reader.post(AT, { all: true })).status).to.equal(403)
  })

  it('leave a suspended key suspended, and a revoked one out', async () => {
    const b = bed()
    const caller = await callerOf(b, 'acme-manage')
    const id = b.keyId('acme-v2-readonly')
    const token = await exchange(b, 'acme-v2-readonly')
    const turn = (verb: string, json = {}) => caller.post(`/manage/accounts/acme/keys/${id}/${verb}`, json)
    await turn('suspend')
    expect((await caller.post(AT, { keyId: id })).json()).to.deep.equal({ keys: 1 })
    await turn('resume')
    expect([statusOf(b, token), statusOf(b, await exchange(b, 'acme-v2-readonly'))]).to.deep.equal([1, 0])
    await turn('revoke', { reason: 'other' })
    expect((await caller.post(AT, { keyId: id })).json()).to.deep.equal({ keys: 0 })
  })

  it('end the tokens of as many keys as an account may have', async () => {
    const b = bed()
    const { store, publisher } = b.latchkey
    // The MongoDB server of the tests is slow with large collections.
    const many = store.kind === 'sqlite' ? 10_000 : 1_000
    const caller = await callerOf(b, 'acme-manage')
    const { rev: _, ...key } = (await store.get('acme', 'keys', b.keyId('acme-v2-server'))) as Kept<ApiKey>
    const [secret] = key.secrets as [Secret]
    const copies = Array.from({ length: many }, (_, n): ApiKey => {
      const status = { list: secret.status.list, index: n }
      return { ...key, id: `key_many${n}`, holderId: 'hld_many', secrets: [{ ...secret, status }] }
    })
    while (copies.length > 0) {
      const insert = copies.splice(-500).map((document) => ({ collection: 'keys', document }) as const)
      expect(await store.commit('acme', { insert })).to.include({ ok: true })
    }
    const ended = () => {
      let count = 0
      for (let n = 0; n < many; n++) count += publisher.look('v2', '0', n, '')?.value === 1 ? 1 : 0
      return count
    }
    const before = ended()
    const holder = { ...((await store.get('acme', 'holders', b.demo.holders.northwind as string)) as Kept<Holder>) }
    const insert = [{ collection: 'holders', document: { ...holder, id: 'hld_many', externalId: null } } as const]
    await store.commit('acme', { insert })
    const answer = await caller.post(AT, { holderId: 'hld_many' })
    expect([answer.status, answer.json()]).to.deep.equal([200, { keys: many }])
    expect(before).to.be.lessThan(10)
    expect(ended()).to.equal(many)
  }).timeout(180_000)
})
