/** C. An affiliate network: keys for partners, done safely. */
import { expect } from 'chai'
import { type Bed, claimsOf, onBothStores } from '../bed.ts'
import { callerOf, eventsOf } from '../manage/caller.ts'
import { signIn } from '../people/browser.ts'
import { ACME, call, exchange, KEYS, type Made, make, ok, refused, tokenOf, whole } from './bed.ts'

/** Few exchanges, so that a limit is soon reached; and V3 is for partners alone. */
const smallCatalog = (yaml: string) =>
  yaml
    .replace(
      'exchangesPerMinutePerKey: 60, exchangesPerMinute: 300',
      'exchangesPerMinutePerKey: 3, exchangesPerMinute: 5',
    )
    .replace('title: Partner API V3', 'title: Partner API V3\n    holderTypes: [partner]')

const rows = (bed: () => Bed): void => {
  const links = whole('links:read')

  it('C1 issue a key to a partner, with a confirmation; who made it and when; revoke with a reason', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const partner = { type: 'partner', name: 'Contoso', status: 'onboarding' }
    const { id } = ok<{ id: string }>(await manager.post(`${ACME}/holders`, partner))
    const wish = { name: 'Contoso feed', namespace: 'v2', holderId: id, grants: links }
    expect(refused(await manager.post(KEYS, wish))).to.deep.equal([409, 'holder_flagged'])
    const { key, path, secret } = await make(manager, { ...wish, confirm: true })
    expect(key.createdAt).to.equal(new Date(b.now()).toISOString())
    expect(key.createdBy).to.include({ type: 'person', name: 'Max Manager' })
    const revoked = ok(await manager.post(`${path}/revoke`, { reason: 'partner_ended', note: 'Contract over' }))
    expect(revoked).to.deep.include({ status: 'revoked' })
    expect(refused(await exchange(b, secret))).to.deep.equal([401, 'invalid_api_key'])
    expect(refused(await manager.post(`${path}/resume`, {}))).to.deep.equal([409, 'key_revoked'])
  })

  it('C2 export keys and usage as CSV and JSON', async () => {
    const b = bed()
    const program = await callerOf(b, 'acme-manage')
    for (const list of [KEYS, `${ACME}/usage?groupBy=key`]) {
      const { items } = ok<{ items: object[] }>(await program.get(list))
      const csv = await program.get(list, { accept: 'text/csv' })
      expect(csv.headers.get('content-type')).to.equal('text/csv; charset=utf-8')
      expect(csv.text.trimEnd().split('\r\n')).to.have.length(1 + items.length)
    }
  })

  it('C3 a partner who lost the key opens a one-time link to a fresh secret; nobody mails a secret', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const { key, path, secret } = await make(manager, { holderId: b.demo.holders.northwind, grants: links })
    const { url } = ok<{ url: string }>(await manager.post(`${path}/share`, {}))
    expect((await b.get(url)).text).not.to.include(secret)
    const opened = ok<{ secret: string; documentationUrl: string }>(await b.post(url))
    expect((await exchange(b, opened.secret)).status).to.equal(200)
    expect(opened.documentationUrl).to.equal(`${b.url}/docs?ns=v2`)
    expect(refused(await b.post(url))).to.deep.equal([410, 'link_used'])
    const events = await eventsOf(await callerOf(b, 'acme-manage'), 'acme', key.id)
    expect(events.map(({ type }) => type)).to.deep.equal([
      'key.created',
      'key.shared',
      'key.rotated',
      'key.share_opened',
    ])
  })

  it('C4 creation is privileged: anyone else gets 403', async () => {
    const viewer = await signIn(bed(), 'viewer')
    const answer = await viewer.post(KEYS, { name: 'K', namespace: 'v2', grants: links })
    expect(refused(answer)).to.deep.equal([403, 'forbidden'])
    expect(answer.json().detail).to.include('manager')
  })

  it('C5 an allowlist of addresses per key, and rotation with overlap', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const { path, secret } = await make(manager, { allowedIps: ['203.0.113.0/24'], grants: links })
    for (const headers of [{}, { 'x-forwarded-for': '203.0.113.7' }] as Record<string, string>[])
      expect(refused(await exchange(b, secret, headers))).to.deep.equal([403, 'ip_not_allowed'])
    ok(await manager.patch(path, { allowedIps: ['203.0.113.0/24', '127.0.0.1', '::1'] }))
    expect((await exchange(b, secret)).status).to.equal(200)
    const fresh = ok<Made>(await manager.post(`${path}/rotate`, { overlapSeconds: 3600 }))
    expect([(await exchange(b, secret)).status, (await exchange(b, fresh.secret)).status]).to.deep.equal([200, 200])
    b.pass(3_600_000)
    expect([(await exchange(b, secret)).status, (await exchange(b, fresh.secret)).status]).to.deep.equal([401, 200])
  })

  it('C7 partners see their own keys and only those, with how to use them and whom to ask', async () => {
    const b = bed()
    const nora = await signIn(b, 'holder')
    const { items } = ok<{ items: { holder: { name: string } }[] }>(await nora.get(`${KEYS}?limit=200`))
    expect(new Set(items.map(({ holder }) => holder.name))).to.deep.equal(new Set(['Northwind']))
    expect(refused(await nora.get(`${KEYS}/${b.keyId('acme-v2-server')}`))).to.deep.equal([404, 'not_found'])
    const { namespaces, support } = ok<{ namespaces: object[]; support: object }>(await nora.get('/manage/catalog'))
    expect(namespaces[0]).to.include({ issuer: `${b.url}/v2`, host: 'https://acme.api.example.com/v2' })
    expect(support).to.include({ name: 'API Support', email: 'support@example.com' })
  })

  it('C8 a 429 says which limit was hit: for the whole account another key will not help', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const keys = '/manage/accounts/globex/keys'
    const other = await make(operator, { grants: links }, keys)
    const hit = async (apiKey: string) => {
      for (;;) {
        const answer = await exchange(b, apiKey)
        if (answer.status !== 200) return { ...answer.json(), retryAfter: Number(answer.headers.get('retry-after')) }
      }
    }
    const [one, all] = [await hit(b.secret('globex-v2-server')), await hit(other.secret)]
    expect(one).to.include({ status: 429, code: 'rate_limited', limit: 'key' })
    expect(all).to.include({ status: 429, code: 'rate_limited', limit: 'account' })
    expect(one.retryAfter).to.be.within(1, 60)
  })

  it('C8 paging misses and repeats no row, while rows come and go', async () => {
    const manager = await signIn(bed(), 'manager')
    for (let n = 0; n < 7; n++) await make(manager, { grants: links })
    const before = ok<{ items: { id: string }[] }>(await manager.get(`${KEYS}?limit=200`)).items.map(({ id }) => id)
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const at = cursor === '' ? '' : `&cursor=${cursor}`
      const page: { items: { id: string }[]; nextCursor: string | null } = ok(await manager.get(`${KEYS}?limit=3${at}`))
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
      if (seen.length === 3) {
        ok(await manager.delete(`${KEYS}/${seen[0]}`))
        await make(manager, { grants: links })
      }
    }
    expect(seen).to.include.members(before)
    expect(new Set(seen).size).to.equal(seen.length)
  })

  it('C10 a key of one realm never works in another, and its token says whose it is by the operator’s own id', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const { bluemedia, northwind } = b.demo.holders
    const wish = { name: 'Fleet', namespace: 'v3', grants: whole('vehicles:read') }
    const affiliate = await manager.post(KEYS, { ...wish, holderId: bluemedia })
    expect(refused(affiliate)).to.deep.equal([422, 'holder_type_not_allowed'])
    const { secret } = await make(manager, { ...wish, holderId: northwind })
    expect(refused(await exchange(b, secret))).to.deep.equal([403, 'wrong_namespace'])
    const v3 = await tokenOf(b, secret, 'v3')
    expect([(await call(b, v3, '/v3/vehicles')).status, (await call(b, v3, '/v2/links')).status]).to.deep.equal([
      200, 401,
    ])
    const own = await make(manager, { holderId: bluemedia, grants: links })
    expect(claimsOf(await tokenOf(b, own.secret)).holder).to.deep.equal({
      id: bluemedia,
      type: 'affiliate',
      externalId: 'A-1001',
    })
  })
}

onBothStores('C. Affiliate network: keys for partners, done safely', rows, { catalog: smallCatalog })
