/** B. A link platform with machine users. */
import { expect } from 'chai'
import { claimsOf, onBothStores } from '../bed.ts'
import { callerOf } from '../manage/caller.ts'
import { signIn } from '../people/browser.ts'
import { ACME, call, exchange, KEYS, make, ok, refused, tokenOf, whole } from './bed.ts'

onBothStores('B. Link platform with machine users', (bed) => {
  it('B1 secret keys for back ends, held by machine users', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const machine = { type: 'machine', name: 'Nightly job', externalId: 'job-7' }
    const { id } = ok<{ id: string }>(await manager.post(`${ACME}/holders`, machine))
    const { secret } = await make(manager, { holderId: id, grants: whole('links:read') })
    const token = await b.post('/v2/jwts', { headers: { authorization: `Bearer ${secret}` } })
    expect(claimsOf(token.text).holder).to.deep.equal({ id, type: 'machine', externalId: 'job-7' })
    expect((await call(b, token.text, '/v2/links')).status).to.equal(200)
    const raw = await call(b, secret, '/v2/links')
    expect([raw.status, raw.json().detail]).to.satisfy(
      ([status, detail]: [number, string]) => status === 401 && detail.includes('/v2/jwts'),
    )
  })

  it('B2 scopes per route family, reads and writes apart; the endpoint table says which', async () => {
    const b = bed()
    const token = await tokenOf(b, b.secret('acme-v2-readonly'))
    expect((await call(b, token, '/v2/links')).status).to.equal(200)
    const written = await call(b, token, '/v2/links', { url: 'https://acme.example' })
    expect(refused(written)).to.deep.equal([403, 'insufficient_scope'])
    const { paths } = (await b.get('/v2/openapi.json')).json() as {
      paths: Record<string, Record<string, { tags: string[]; 'x-scope': string; 'x-plans': string[] }>>
    }
    const write = paths['/v2/links']?.post
    expect([write?.tags, write?.['x-scope'], write?.['x-plans']]).to.deep.equal([
      ['links'],
      'links:write',
      ['starter', 'creator', 'agency'],
    ])
  })

  it('B3 an API key manages nothing; a manage token only within its scopes; some acts need a person', async () => {
    const b = bed()
    const authorization = `Bearer ${await tokenOf(b, b.secret('acme-v2-server'))}`
    expect((await b.get(KEYS, { authorization })).status).to.equal(401)
    const reader = await callerOf(b, 'acme-manage', { scope: 'keys:read' })
    const wish = { name: 'K', namespace: 'v2', grants: whole('links:read') }
    expect((await reader.get(KEYS)).status).to.equal(200)
    expect(refused(await reader.post(KEYS, wish))).to.deep.equal([403, 'forbidden'])
    const program = await callerOf(b, 'acme-manage')
    const accept = { version: '2026-11', method: 'online' }
    expect(refused(await program.put(`${ACME}/terms`, accept))).to.deep.equal([403, 'forbidden'])
    const invitation = { email: 'new@acme.example', name: 'New', role: 'viewer' }
    expect(refused(await program.post(`${ACME}/members`, invitation))).to.deep.equal([403, 'forbidden'])
    const minted = { name: 'M', namespace: 'manage', grants: whole('keys:read') }
    expect(refused(await program.post(KEYS, minted))).to.deep.equal([403, 'exceeds_your_rights'])
  })

  it('B3 nobody grants more than they have', async () => {
    const manager = await signIn(bed(), 'manager')
    await make(manager, { namespace: 'manage', grants: whole('keys:read') })
    for (const beyond of ['members:write', 'operator:accounts']) {
      const answer = await manager.post(KEYS, { name: 'M', namespace: 'manage', grants: whole(beyond) })
      expect(refused(answer), beyond).to.deep.equal([403, 'exceeds_your_rights'])
    }
  })

  it('B4 publishable keys do in a browser what the catalog marks publishable, from allowed origins', async () => {
    const b = bed()
    const apiKey = b.secret('acme-v2-browser')
    const token = await exchange(b, apiKey, { origin: new URL(b.resourceUrl).origin })
    expect(claimsOf(token.text).scope).to.equal('conversions:write')
    const lead = { eventId: 'signup-1', customerId: 'c-1', linkId: 'lnk_1001' }
    expect((await call(b, token.text, '/v2/track/leads', lead)).status).to.equal(201)
    for (const headers of [{}, { origin: 'https://elsewhere.example' }] as Record<string, string>[])
      expect(refused(await exchange(b, apiKey, headers))).to.deep.equal([403, 'origin_not_allowed'])
    const manager = await signIn(b, 'manager')
    const wish = { name: 'P', namespace: 'v2', kind: 'publishable', allowedOrigins: ['https://shop.acme.example'] }
    const secretly = await manager.post(KEYS, { ...wish, grants: whole('links:write') })
    expect(refused(secretly)).to.deep.equal([422, 'not_publishable'])
  })

  it('B5 plans gate scopes, and carry limits that resource servers read in the token', async () => {
    const b = bed()
    const starter = claimsOf(await tokenOf(b, b.secret('globex-v2-server')))
    expect(starter).to.deep.include({ plan: 'starter', entitlements: { domains: 1 } })
    expect(starter.scope).not.to.include('orders')
    const agency = claimsOf(await tokenOf(b, b.secret('acme-v2-server')))
    expect(agency).to.deep.include({ plan: 'agency', entitlements: { domains: null } })
    expect(agency.scope).to.include('orders:write')
    const operator = await signIn(b, 'operator')
    const beyond = { name: 'K', namespace: 'v2', grants: whole('orders:read') }
    const answer = await operator.post('/manage/accounts/globex/keys', beyond)
    expect(refused(answer)).to.deep.equal([403, 'exceeds_your_rights'])
  })

  it('B6 what is sent twice counts once: events by their id, creates by their Idempotency-Key', async () => {
    const b = bed()
    const token = await tokenOf(b, b.secret('acme-v2-server'))
    const sale = { eventId: 'order-9', customerId: 'c-9', linkId: 'lnk_1001', amount: 4200, currency: 'EUR' }
    const first = await call(b, token, '/v2/track/sales', sale)
    const again = await call(b, token, '/v2/track/sales', sale)
    expect([first.status, again.status], first.text).to.deep.equal([201, 200])
    expect(again.text).to.equal(first.text)
    const program = await callerOf(b, 'acme-manage')
    const wish = { name: 'Once', namespace: 'v2', grants: whole('links:read') }
    const once = () => program.post(KEYS, wish, { 'idempotency-key': 'b6' })
    const { key } = ok(await once())
    expect(ok(await once())).to.deep.equal({ key, secret: null })
  })
})
