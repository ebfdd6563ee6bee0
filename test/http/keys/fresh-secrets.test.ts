import { expect } from 'chai'
import type { Account } from '../../../src/accounts/rules.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { type Reply, signIn } from '../people/browser.ts'

const KEYS = '/manage/accounts/acme/keys'
const WISH = { name: 'Fresh', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
const said = ({ status, json }: Pick<Reply, 'status' | 'json'>) => [status, json().code, json().detail]

/** Changes the account behind the server's back. @returns it as it was */
async function alter(b: Bed, change: (account: Account) => Partial<Account>): Promise<Account> {
  const { store } = b.latchkey
  const account = await store.get('acme', 'accounts', 'acme')
  if (account === null) throw new Error('no account acme')
  const document = { ...account, ...change(account), rev: account.rev }
  expect(await store.commit('acme', { replace: [{ collection: 'accounts', document }] })).to.include({ ok: true })
  return account
}

const STATES: [code: string, change: (account: Account) => Partial<Account>][] = [
  ['account_suspended', () => ({ status: 'suspended' })],
  ['terms_not_accepted', ({ terms }) => ({ terms: terms && { ...terms, version: '2020-01' } })],
  ['namespace_not_enabled', () => ({ namespaces: ['v3'] })],
]

onBothStores('A fresh secret', (bed) => {
  for (const [code, change] of STATES) {
    it(`is refused where no key could be made: ${code}; a link is good again afterwards`, async () => {
      const b = bed()
      const owner = await signIn(b, 'owner')
      const { key } = (await owner.post(KEYS, WISH)).json() as { key: { id: string } }
      const path = `${KEYS}/${key.id}`
      const { url } = (await owner.post(`${path}/share`, {})).json() as { url: string }
      const shown = (await owner.get(path)).json()
      const before = await alter(b, change)
      const creation = said(await owner.post(KEYS, WISH))
      expect(creation.slice(0, 2)).to.deep.equal([403, code])
      expect(said(await owner.post(`${path}/rotate`, { overlapSeconds: 0 }))).to.deep.equal(creation)
      expect(said(await owner.post(`${path}/share`, {}))).to.deep.equal(creation)
      expect(said(await b.get(url, { accept: 'application/json' }))).to.deep.equal(creation)
      expect(said(await b.post(url))).to.deep.equal(creation)
      expect((await owner.get(path)).json()).to.deep.equal(shown)
      await alter(b, () => before)
      expect((await b.post(url)).status).to.equal(200)
    })
  }

  it('asks nothing of other instances for whoever may not have one', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const { key } = (await owner.post(KEYS, WISH)).json() as { key: { id: string } }
    const rotate = () => owner.post(`${KEYS}/${key.id}/rotate`, { overlapSeconds: 600 })
    expect((await rotate()).status).to.equal(200)
    const { store } = b.latchkey
    const document = { id: 'ins_another', account: '', asked: 0, answered: 0, seenAt: b.now() } as const
    await store.commit('', { insert: [{ collection: 'instances', document }] })
    const before = await alter(b, () => ({ status: 'suspended' }))
    expect((await rotate()).status).to.equal(403)
    expect(await store.get('', 'instances', 'ins_another')).to.include({ asked: 0 })
    await alter(b, () => before)
  })
})
