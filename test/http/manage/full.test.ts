import { expect } from 'chai'
import { type Bed, onBothStores } from '../bed.ts'
import { signIn } from '../people/browser.ts'

const KEYS = '/manage/accounts/acme/keys'
const MOST = 25

onBothStores(
  'An account that has almost as many keys as it may',
  (bed) => {
    const count = async (b: Bed) => (await b.latchkey.store.page('acme', 'keys', { limit: 1000 })).items.length

    it('of eight keys made at the same time for the last free place one is made', async () => {
      const b = bed()
      const manager = await signIn(b, 'manager')
      const make = (n: number) =>
        manager.post(KEYS, {
          name: `Key ${n}`,
          namespace: 'v2',
          grants: [{ subAccount: null, scopes: ['links:read'] }],
        })
      for (let n = await count(b); n < MOST - 1; n++) expect((await make(n)).status).to.equal(201)
      const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => make(n)))
      expect(answers.filter(({ status }) => status === 201)).to.have.length(1)
      const refused = answers.filter(({ status }) => status !== 201).map((a) => [a.status, a.json().code])
      expect(refused).to.deep.equal(Array.from({ length: 7 }, () => [409, 'keys_full']))
      expect(await count(b)).to.equal(MOST)
      const told = await manager.get(`/manage/accounts/acme/events?type=key.created&limit=200`)
      expect(told.json().items).to.have.length(MOST)
    }).timeout(30_000)
  },
  { catalog: (yaml) => yaml.replace('keysPerAccount: 10000', `keysPerAccount: ${MOST}`) },
)
