import { expect } from 'chai'
import { PLAIN_WISH } from '../../src/keys/create.rules.ts'
import { createKey } from '../../src/keys/create.ts'
import { StoreUnavailable } from '../../src/store/store.ts'
import { type Bed, onBothStores } from '../http/bed.ts'
import { callerOf, statusOf } from '../http/manage/caller.ts'

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

onBothStores('Ending tokens, interrupted', (bed) => {
  it('whatever the change has not ended is ended later, each token once', async () => {
    const b = bed()
    const { keys, store, endTokens, publisher } = b.latchkey
    const acme = await callerOf(b, 'acme-manage')
    const holder = (await acme.post(HOLDERS, { type: 'machine', name: 'Fleet' })).json()
    const asker = { actor: { type: 'system', id: null, name: 'test' }, requestId: null, bound: false } as const
    const grants = [{ subAccount: null, scopes: ['links:read', 'links:write'] }]
    const wish = { ...PLAIN_WISH, name: 'n', namespace: 'v2', holderId: holder.id as string, grants }
    const tokens: string[] = []
    for (let n = 0; n < MANY; n++) {
      const { secret } = await createKey(keys, 'acme', wish, asker)
      tokens.push((await b.post('/v2/jwts', { json: { apiKey: secret } })).text)
    }
    const values = () => tokens.map((token) => statusOf(b, token))
    const ended = (value: number) => values().filter((one) => one === value).length

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
})
