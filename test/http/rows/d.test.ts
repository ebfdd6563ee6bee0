/** D. A seller with a primary account and nicknames. */
import { expect } from 'chai'
import { claimsOf, onBothStores } from '../bed.ts'
import { signIn } from '../people/browser.ts'
import { ACME, call, exchange, KEYS, type Made, make, ok, refused, tokenOf, whole } from './bed.ts'

/** Subscriptions are for primary accounts alone. */
const primaryOnly = (yaml: string) =>
  yaml.replace('change and end subscriptions."', 'change and end subscriptions.", subAccountKinds: [primary]')

onBothStores(
  'D. Seller with a primary account and nicknames',
  (bed) => {
    it('D1 a primary account with linked sub-accounts, one of them added', async () => {
      const manager = await signIn(bed(), 'manager')
      ok(await manager.post(`${ACME}/sub-accounts`, { id: 'acme-us', name: 'Acme America', kind: 'nickname' }))
      const { items } = ok<{ items: { id: string; kind: string }[] }>(await manager.get(`${ACME}/sub-accounts`))
      expect(items.map(({ id, kind }) => [id, kind])).to.have.deep.members([
        ['acme-main', 'primary'],
        ['acme-eu', 'nickname'],
        ['acme-us', 'nickname'],
      ])
    })

    it('D2 the matrix: which key may do what on which sub-account, written whole or not at all', async () => {
      const b = bed()
      const manager = await signIn(b, 'manager')
      const grants = [{ subAccount: 'acme-eu', scopes: ['orders:read'] }]
      const [one, two] = [await make(manager, { grants }), await make(manager, { grants })]
      const path = `${ACME}/matrix?namespace=v2`
      const { rows } = ok<{ rows: { keyId: string; version: number; grants: object }[] }>(await manager.get(path))
      const mine = rows.filter(({ keyId }) => [one.key.id, two.key.id].includes(keyId))
      expect(mine.map((row) => row.grants)).to.deep.equal([grants, grants])
      const wider = mine.map((row) => ({ ...row, grants: [{ subAccount: 'acme-main', scopes: ['orders:write'] }] }))
      const stale = [wider[0], { ...wider[1], version: 9 }]
      expect(refused(await manager.put(path, { rows: stale }))).to.deep.equal([412, 'precondition_failed'])
      expect(ok<Made['key']>(await manager.get(one.path)).grants).to.deep.equal(grants)
      ok(await manager.put(path, { rows: wider }))
      expect(claimsOf(await tokenOf(b, one.secret)).authorization_details).to.deep.equal([
        { type: 'sub_account', identifier: 'acme-main', actions: ['orders:read', 'orders:write'] },
      ])
    })

    it('D2 some APIs only for some kinds of sub-account', async () => {
      const b = bed()
      const manager = await signIn(b, 'manager')
      const scopes = ['products:read', 'subscriptions:write']
      const grants = ['acme-main', 'acme-eu'].map((subAccount) => ({ subAccount, scopes }))
      const { path, secret } = await make(manager, { grants })
      const details = claimsOf(await tokenOf(b, secret)).authorization_details as {
        identifier: string
        actions: string[]
      }[]
      const actions = Object.fromEntries(details.map((entry) => [entry.identifier, entry.actions]))
      expect(actions).to.deep.equal({ 'acme-main': scopes, 'acme-eu': ['products:read'] })
      const { missing } = ok<{ missing: object[] }>(await manager.get(`${path}/rights`))
      const scope = 'subscriptions:write'
      expect(missing).to.deep.include({ subAccount: 'acme-eu', scope, because: 'kind' })
    })

    it('D3 see a key’s permissions, edit name and permissions, regenerate it, delete it for good', async () => {
      const b = bed()
      const manager = await signIn(b, 'manager')
      const { key, path, secret } = await make(manager, { name: 'Orders', grants: whole('orders:write') })
      const summary = async () => ok<{ summary: string }>(await manager.get(`${path}/rights`)).summary
      expect(await summary()).to.equal('"Orders" may read orders, write orders in the whole account.')
      const token = await tokenOf(b, secret)
      ok(await manager.patch(path, { name: 'Orders, read', grants: whole('orders:read') }))
      expect(await summary()).to.equal('"Orders, read" may read orders in the whole account.')
      expect((await call(b, token, '/v2/orders')).status).to.equal(401)
      expect((await call(b, await tokenOf(b, secret), '/v2/orders')).status).to.equal(200)
      const fresh = ok<Made>(await manager.post(`${path}/rotate`, {}))
      expect([fresh.key.id, fresh.secret === secret]).to.deep.equal([key.id, false])
      ok(await manager.delete(path))
      expect(refused(await exchange(b, fresh.secret))).to.deep.equal([401, 'invalid_api_key'])
      expect(refused(await manager.get(path))).to.deep.equal([404, 'not_found'])
    })

    it('D4 regenerating breaks no running integration, unless “now” is chosen', async () => {
      const b = bed()
      const manager = await signIn(b, 'manager')
      const works = async (apiKey: string) => (await exchange(b, apiKey)).status === 200
      const calm = await make(manager, { grants: whole('orders:read') })
      ok(await manager.post(`${KEYS}/${calm.key.id}/rotate`, {}))
      b.pass(86_399_000)
      expect(await works(calm.secret)).to.equal(true)
      b.pass(1_000)
      expect(await works(calm.secret)).to.equal(false)
      const again = await signIn(b, 'manager')
      const now = await make(again, { grants: whole('orders:read') })
      const fresh = ok<Made>(await again.post(`${now.path}/rotate`, { overlapSeconds: 0 }))
      expect([await works(now.secret), await works(fresh.secret)]).to.deep.equal([false, true])
    })
  },
  { catalog: primaryOnly },
)
