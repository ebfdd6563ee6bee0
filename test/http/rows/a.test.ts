/** A. A network with partner, affiliate and vendor users. */
import { expect } from 'chai'
import { onBothStores } from '../bed.ts'
import { join, signIn } from '../people/browser.ts'
import { ACME, call, exchange, KEYS, make, ok, refused, tokenOf, unzipped, whole } from './bed.ts'

onBothStores('A. Network with partner, affiliate and vendor users', (bed) => {
  const initech = '/manage/accounts/initech'

  it('A1 accept the API terms: without acceptance no key is created; an owner accepts online', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    ok(await operator.post('/manage/accounts', { id: 'initech', name: 'Initech', plan: 'starter' }))
    const person = await join(b, operator, 'initech', { email: 'owner@initech.example', role: 'owner' })
    const owner = await signIn(b, person)
    const required = { current: '2026-11', requiredFrom: '2026-11-01T00:00:00.000Z' }
    expect(ok(await owner.get(`${initech}/terms`))).to.deep.equal({ ...required, accepted: null })
    const wish = { name: 'First', namespace: 'v2', grants: whole('links:read') }
    expect(refused(await owner.post(`${initech}/keys`, wish))).to.deep.equal([403, 'terms_not_accepted'])
    ok(await owner.put(`${initech}/terms`, { version: '2026-11', method: 'online' }))
    const { secret } = await make(owner, wish, `${initech}/keys`)
    expect((await exchange(b, secret)).status).to.equal(200)
  })

  it('A1 or on paper: the operator records where the paper is', async () => {
    const operator = await signIn(bed(), 'operator')
    const paper = { version: '2026-11', method: 'paper', reference: 'Folder 7, page 3' }
    const { accepted } = ok<{ accepted: { by: object } }>(await operator.put(`${ACME}/terms`, paper))
    expect(accepted).to.deep.include(paper)
    expect(accepted.by).to.include({ type: 'person', name: 'Olivia Operator' })
  })

  it('A2 monthly summary: pick a month, see API usage', async () => {
    const b = bed()
    for (let n = 0; n < 3; n++) await tokenOf(b, b.secret('acme-northwind'))
    await b.latchkey.flush()
    const viewer = await signIn(b, 'viewer')
    const used = async (month: string) => {
      const { items } = ok<{ items: { key: string; exchanges: number }[] }>(
        await viewer.get(`${ACME}/usage?month=${month}&groupBy=key`),
      )
      return items.find(({ key }) => key === b.keyId('acme-northwind'))?.exchanges
    }
    expect([await used('2026-11'), await used('2026-10')]).to.deep.equal([3, undefined])
  })

  it('A3 three tables of keys, by type of holder: rights, id, description, and the affiliate id', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const { bluemedia, fleetparts } = b.demo.holders
    const grants = whole('links:read', 'analytics:read')
    await make(manager, { holderId: bluemedia, description: 'Banner feed', grants })
    await make(manager, { holderId: fleetparts, description: 'Parts sync', grants: whole('products:read') })
    const table = async (type: string) => {
      interface Row {
        id: string
        description: string
        grants: object
        holder: { name: string; externalId: string | null }
      }
      const { items } = ok<{ items: Row[] }>(await manager.get(`${KEYS}?holderType=${type}`))
      for (const { id } of items) expect(id).to.match(/^key_/)
      return items.map(({ description, grants, holder }) => ({ ...holder, description, grants }))
    }
    const affiliate = { id: bluemedia, type: 'affiliate', name: 'Blue Media', externalId: 'A-1001' }
    expect(await table('affiliate')).to.deep.equal([{ ...affiliate, description: 'Banner feed', grants }])
    expect((await table('partner')).map(({ name }) => name)).to.deep.equal(['Northwind'])
    expect((await table('vendor')).map(({ name }) => name)).to.deep.equal(['Fleet Parts'])
  })

  it('A4 per row: view rights, delete; per table: create a key', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const wish = { name: 'Feed', holderId: b.demo.holders.bluemedia, grants: whole('links:read') }
    const { path, secret } = await make(manager, wish)
    const { summary } = ok<{ summary: string }>(await manager.get(`${path}/rights`))
    expect(summary).to.equal('"Feed" may read links in the whole account.')
    const token = await tokenOf(b, secret)
    ok(await manager.delete(path))
    expect(refused(await manager.get(path))).to.deep.equal([404, 'not_found'])
    expect(refused(await exchange(b, secret))).to.deep.equal([401, 'invalid_api_key'])
    expect((await call(b, token, '/v2/links')).status).to.equal(401)
  })

  it('A5 what is available to each kind of holder, and its documentation with the keys: ids and rights, no secrets', async () => {
    const b = bed()
    const viewer = await signIn(b, 'viewer')
    const { namespaces } = ok<{ namespaces: { id: string; holderTypes: null; scopes: { title: string }[] }[] }>(
      await viewer.get('/manage/catalog'),
    )
    const [v2] = namespaces
    expect([v2?.id, v2?.holderTypes, v2?.scopes[0]?.title]).to.deep.equal(['v2', null, 'Read links'])
    const pack = await fetch(new URL(`${ACME}/documentation?holderType=partner&namespace=v2`, b.url), {
      headers: { cookie: viewer.cookie },
    })
    const files = unzipped(new Uint8Array(await pack.arrayBuffer()))
    expect(Object.keys(files)).to.deep.equal(['README.md', 'openapi.json', 'endpoints.csv', 'keys.csv'])
    const [, ...rows] = (files['keys.csv'] as string).trimEnd().split('\r\n')
    expect(rows).to.have.length(1)
    expect(rows[0]).to.include(b.keyId('acme-northwind')).and.to.include('links:read')
    expect(JSON.stringify(files)).not.to.include(b.secret('acme-northwind').slice(-20))
  })
})
