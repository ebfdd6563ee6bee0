import { expect } from 'chai'
import { PLAIN_WISH } from '../../src/keys/create.rules.ts'
import { createKey } from '../../src/keys/create.ts'
import { StoreUnavailable } from '../../src/store/store.ts'
import { type Bed, onBothStores } from '../http/bed.ts'
import { type Caller, callerOf, eventsOf, statusOf } from '../http/manage/caller.ts'

/** More than two commits of keys. */
const MANY = 120
const HOLDERS = '/manage/accounts/acme/holders'

/** Lets so many commits happen and fails those after them, as if the process had been killed there. */
async function killedAfter(b: Bed, commits: number, work: () => Promise<void>): Promise<void> {
  const { store } = b.latchkey
  const commit = store.commit.bind(store)
  let left = commits
  Object.defineProperty(store, 'commit', {
    configurable: true,
    value: (...given: Parameters<typeof commit>) =>
      left-- > 0 ? commit(...given) : Promise.reject(new StoreUnavailable('killed')),
  })
  try {
    await work()
  } finally {
    Object.defineProperty(store, 'commit', { configurable: true, value: commit })
  }
}

/** Keys for a new holder, with a token of each. */
async function fleet(b: Bed, acme: Caller) {
  const holder = (await acme.post(HOLDERS, { type: 'machine', name: 'Fleet' })).json() as { id: string }
  const asker = { actor: { type: 'system', id: null, name: 'test' }, requestId: null, bound: false } as const
  const grants = [{ subAccount: null, scopes: ['links:read', 'links:write'] }]
  const wish = { ...PLAIN_WISH, name: 'n', namespace: 'v2', holderId: holder.id, grants }
  const tokens: string[] = []
  for (let n = 0; n < MANY; n++) {
    const { secret } = await createKey(b.latchkey.keys, 'acme', wish, asker)
    tokens.push((await b.post('/v2/jwts', { json: { apiKey: secret } })).text)
  }
  const ended = (value: number) => tokens.filter((token) => statusOf(b, token) === value).length
  return { holder, ended }
}

onBothStores('Ending tokens, interrupted', (bed) => {
  it('whatever the change has not ended is ended later, each token once', async () => {
    const b = bed()
    const { store, endTokens, publisher } = b.latchkey
    const acme = await callerOf(b, 'acme-manage')
    const { holder, ended } = await fleet(b, acme)

    // The change itself, and the first keys.
    await killedAfter(b, 2, async () => {
      expect((await acme.post(`${HOLDERS}/${holder.id}/suspend`)).status).to.equal(200)
    })
    await endTokens.sweep()
    expect(ended(2)).to.equal(MANY)
    await killedAfter(b, 1, async () => {
      expect((await acme.post(`${HOLDERS}/${holder.id}/resume`)).status).to.equal(200)
    })
    await endTokens.sweep()
    expect(ended(0)).to.equal(MANY)

    const version = (await acme.get(`${HOLDERS}/${holder.id}`)).json().version as number
    const narrow = { grants: [{ subAccount: null, scopes: ['links:read'] }] }
    await killedAfter(b, 2, async () => {
      expect((await acme.patch(`${HOLDERS}/${holder.id}`, narrow, version)).status).to.equal(200)
    })
    await Promise.all([endTokens.sweep(), endTokens.finish('acme'), endTokens.sweep()])
    await publisher.refresh()
    expect(ended(1)).to.equal(MANY)
    expect((await store.page('acme', 'endings', { limit: 10 })).items).to.deep.equal([])
  }).timeout(60_000)

  it('a bulk revocation that was cut off is no success, ends all the same, and is told once', async () => {
    const b = bed()
    const { endTokens, publisher } = b.latchkey
    const acme = await callerOf(b, 'acme-manage')
    const { holder, ended } = await fleet(b, acme)
    await killedAfter(b, 2, async () => {
      const answer = await acme.post('/manage/accounts/acme/revocations', { holderId: holder.id })
      expect(answer.status).to.equal(503)
    })
    await Promise.all([endTokens.sweep(), endTokens.sweep()])
    await publisher.refresh()
    expect(ended(1)).to.equal(MANY)
    const told = (await eventsOf(acme, 'acme', holder.id)).filter(({ type }) => type === 'token.revoked')
    expect(told.map(({ data }) => data)).to.deep.equal([{ selection: { holderId: holder.id }, keys: MANY }])
    const again = await acme.post('/manage/accounts/acme/revocations', { holderId: holder.id })
    expect([again.status, again.json()]).to.deep.equal([200, { keys: MANY }])
  }).timeout(60_000)
})
