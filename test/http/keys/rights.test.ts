import { expect } from 'chai'
import type { Kept } from '../../../src/store/store.ts'
import { type Bed, claimsOf, onBothStores } from '../bed.ts'
import { callerOf, statusOf } from '../manage/caller.ts'
import { KEYS, type MadeKey, makeKey, whole } from './making.ts'

type Grants = { subAccount: string | null; scopes: string[] }[]
interface Rights {
  effective: Grants
  missing: { subAccount: string | null; scope: string; because: string }[]
  summary: string
}

/** What an exchange gives, in the shape of `effective`. */
async function given(key: MadeKey): Promise<Grants> {
  const answer = await key.exchange()
  if (answer.status !== 200) return []
  const claims = claimsOf(answer.text) as {
    scope?: string
    authorization_details?: { identifier: string; actions: string[] }[]
  }
  const account = claims.scope === undefined ? [] : [{ subAccount: null, scopes: claims.scope.split(' ') }]
  const details = claims.authorization_details ?? []
  return [...account, ...details.map(({ identifier, actions }) => ({ subAccount: identifier, scopes: actions }))]
}

/** Changes a document behind everybody's back, and puts it back as it was afterwards. */
async function meanwhile<T>(
  b: Bed,
  collection: 'accounts' | 'holders' | 'subAccounts' | 'keys',
  id: string,
  to: object,
  work: () => Promise<T>,
): Promise<T> {
  const { store } = b.latchkey
  const put = async (members: object) => {
    const document = { ...(await store.get('acme', collection, id)), ...members } as Kept<never>
    expect((await store.commit('acme', { replace: [{ collection, document }] })).ok).to.equal(true)
  }
  const { rev, ...before } = (await store.get('acme', collection, id)) as unknown as { rev: number }
  await put(to)
  try {
    return await work()
  } finally {
    await put(before)
  }
}

onBothStores('The rights of a key', (bed) => {
  it('are what an exchange gives, for every combination of key, holder, plan, namespace and sub-account', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const grants: Grants[] = [
      whole('links:read', 'orders:write'),
      [{ subAccount: 'acme-eu', scopes: ['orders:write'] }],
      [...whole('links:read'), { subAccount: 'acme-eu', scopes: ['links:read', 'links:write'] }],
    ]
    const ceilings: (Grants | null)[] = [
      null,
      whole('links:read', 'orders:read'),
      [{ subAccount: 'acme-eu', scopes: ['links:write', 'orders:read'] }],
    ]
    const accounts = [{}, { plan: 'starter' }, { namespaces: ['v3'] }, { status: 'suspended' }, { terms: null }]
    const { id: holder } = (await acme.post('/manage/accounts/acme/holders', { type: 'vendor', name: 'V' })).json()
    const keys = await Promise.all(grants.map((of) => makeKey(b, acme, { grants: of, holderId: holder })))
    const scopes = [...(b.latchkey.catalog.namespaces.get('v2')?.scopeNames ?? [])]
    let checked = 0
    const check = async (key: MadeKey) => {
      const answer = await acme.get(`${key.path}/rights`)
      expect(answer.status, answer.text).to.equal(200)
      const { effective, missing, summary } = answer.json() as unknown as Rights
      expect(effective).to.deep.equal(await given(key))
      const account = effective.find((grant) => grant.subAccount === null)?.scopes ?? []
      for (const place of new Set(missing.map(({ subAccount }) => subAccount))) {
        const has = [...account, ...(effective.find((g) => g.subAccount === place && place !== null)?.scopes ?? [])]
        const lacks = missing.filter(({ subAccount }) => subAccount === place).map(({ scope }) => scope)
        expect([...has, ...lacks].sort()).to.deep.equal([...scopes].sort())
      }
      expect(summary).to.match(/^"Made" may .+\.$/)
      checked++
    }
    for (const ceiling of ceilings)
      for (const account of accounts)
        for (const status of ['active', 'suspended'])
          await meanwhile(b, 'holders', holder as string, { grants: ceiling }, () =>
            meanwhile(b, 'accounts', 'acme', account, () =>
              meanwhile(b, 'subAccounts', 'acme/acme-eu', { status }, async () => {
                const operator = account.status === 'suspended' || account.terms === null
                for (const key of operator ? keys.slice(0, 1) : keys) await check(key)
              }),
            ),
          )
    expect(checked).to.be.greaterThan(60)
  }).timeout(60_000)

  it('each that is missing says why', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const { id: holder } = (await acme.post('/manage/accounts/acme/holders', { type: 'vendor', name: 'W' })).json()
    const key = await makeKey(b, acme, {
      holderId: holder,
      grants: [...whole('orders:write'), { subAccount: 'acme-eu', scopes: ['links:read'] }],
    })
    const why = async (scope: string, subAccount: string | null = null) => {
      const { missing } = (await acme.get(`${key.path}/rights`)).json() as unknown as Rights
      return missing.find((one) => one.scope === scope && one.subAccount === subAccount)?.because
    }
    expect([await why('orders:read'), await why('links:read'), await why('links:read', 'acme-eu')]).to.deep.equal([
      undefined,
      'key',
      undefined,
    ])
    const cases: [string, Parameters<typeof meanwhile>[1], string, object, string | null][] = [
      ['key', 'keys', key.id, { suspendedAt: 1 }, null],
      ['key', 'keys', key.id, { expiresAt: 1 }, null],
      ['holder', 'holders', holder as string, { status: 'suspended' }, null],
      ['holder', 'holders', holder as string, { grants: whole('links:read') }, null],
      ['plan', 'accounts', 'acme', { plan: 'starter' }, null],
      ['namespace', 'accounts', 'acme', { namespaces: [] }, null],
      ['account', 'accounts', 'acme', { terms: null }, null],
    ]
    for (const [because, collection, id, to] of cases)
      expect(await meanwhile(b, collection, id, to, () => why('orders:write')), JSON.stringify(to)).to.equal(because)
    expect(
      await meanwhile(b, 'subAccounts', 'acme/acme-eu', { status: 'suspended' }, () => why('links:read', 'acme-eu')),
    ).to.equal('account')
  })

  it('narrowing shows what would be lost, and changes nothing', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const grants = [...whole('links:read', 'links:write'), { subAccount: 'acme-eu', scopes: ['orders:write'] }]
    const key = await makeKey(b, acme, { grants })
    const token = await key.token()
    const preview = async (to: object) => {
      const answer = await acme.post(`${key.path}/rights`, { grants: to })
      expect(answer.status, answer.text).to.equal(200)
      return answer.json() as unknown as Rights & { lost: { subAccount: string | null; scope: string }[] }
    }
    const narrower = [...whole('links:read'), { subAccount: 'acme-eu', scopes: ['orders:read', 'links:write'] }]
    const shown = await preview(narrower)
    expect(shown.lost).to.deep.equal([
      { subAccount: null, scope: 'links:write' },
      { subAccount: 'acme-eu', scope: 'orders:write' },
    ])
    expect(shown.summary).to.equal(
      '"Made" may read links in the whole account; and write links, read orders in acme-eu.',
    )
    expect((await preview([...whole('links:read', 'links:write', 'orders:write')])).lost).to.deep.equal([])
    expect([statusOf(b, token), (await key.shown()).version]).to.deep.equal([0, 1])
    await acme.patch(key.path, { grants: narrower }, 1)
    const { effective } = (await acme.get(`${key.path}/rights`)).json() as unknown as Rights
    expect([effective, statusOf(b, token)]).to.deep.equal([shown.effective, 1])
    for (const [to, status, code] of [
      [whole('nothing:read'), 422, 'unknown_scope'],
      [[{ subAccount: 'nowhere', scopes: ['links:read'] }], 422, 'unknown_sub_account'],
      [[], 400, 'invalid_request'],
    ] as const) {
      const answer = await acme.post(`${key.path}/rights`, { grants: to })
      expect([answer.status, answer.json().code]).to.deep.equal([status, code])
    }
  })

  it('are told in one sentence', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme, {
      grants: [...whole('links:read'), { subAccount: 'acme-eu', scopes: ['orders:write'] }],
    })
    const summary = async () => (await acme.get(`${key.path}/rights`)).json().summary
    expect(await summary()).to.equal(
      '"Made" may read links in the whole account; and read orders, write orders in acme-eu.',
    )
    await acme.post(`${key.path}/suspend`)
    expect(await summary()).to.equal('"Made" may do nothing now: the key is suspended.')
    expect((await acme.get(`${KEYS}/key_000000000000/rights`)).status).to.equal(404)
  })
})
