import { expect } from 'chai'
import { claimsOf, onBothStores } from '../bed.ts'
import { callerOf, eventsOf, statusOf } from '../manage/caller.ts'

const SUBS = '/manage/accounts/acme/sub-accounts'
const KEYS = '/manage/accounts/acme/keys'

onBothStores('Sub-accounts', (bed) => {
  it('are made, described, changed and deleted, each told by its event', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const wish = { id: 'acme-us', name: 'Acme US', kind: 'nickname', customData: { region: 'us' } }
    const created = await acme.post(SUBS, wish)
    expect(created.status, created.text).to.equal(201)
    const shown = created.json()
    const createdAt = new Date(b.now()).toISOString()
    expect(shown).to.deep.equal({ ...wish, account: 'acme', status: 'active', createdAt, version: 1 })
    const path = `${SUBS}/acme-us`
    expect([created.headers.get('location'), created.headers.get('etag')]).to.deep.equal([path, '"1"'])
    expect((await acme.get(path)).json()).to.deep.equal(shown)
    expect((await acme.patch(path, { name: 'x' }, null)).status).to.equal(428)
    expect((await acme.patch(path, { name: 'x' }, 2)).status).to.equal(412)
    const changed = await acme.patch(path, { name: 'Acme America' }, 1)
    expect(changed.json()).to.deep.equal({ ...shown, name: 'Acme America', version: 2 })
    expect((await acme.delete(path)).status).to.equal(204)
    expect((await acme.get(path)).status).to.equal(404)
    const events = await eventsOf(acme, 'acme', 'acme-us')
    expect(events.map(({ type, data }) => [type, data])).to.deep.equal([
      ['sub_account.created', { object: shown }],
      ['sub_account.updated', { object: changed.json() }],
      ['sub_account.deleted', { object: changed.json() }],
    ])
  })

  it('an id is chosen, or made from the name; of one account it is taken once', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const made = (await acme.post(SUBS, { name: 'Große Straße, 5!' })).json()
    expect(made.id).to.match(/^gro-e-stra-e-5-[0-9a-f]{8}$/)
    expect((await acme.post(SUBS, { name: '北京' })).json().id).to.match(/^[0-9a-f]{8}$/)
    const again = await acme.post(SUBS, { id: 'acme-eu', name: 'x' })
    expect([again.status, again.json().code]).to.deep.equal([409, 'already_exists'])
    const operator = await callerOf(b, 'operator-manage')
    expect((await operator.post('/manage/accounts/globex/sub-accounts', { id: 'acme-eu', name: 'x' })).status).to.equal(
      201,
    )
    for (const id of ['a', 'A-1', '-ab', 'ab-', 'a'.repeat(41), 'a/b', { $ne: '' }, null])
      expect((await acme.post(SUBS, { id, name: 'x' })).json()).to.deep.include({
        status: 400,
        code: 'invalid_request',
      })
  })

  it('are listed by kind and status', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    const ids = async (query: string) =>
      ((await acme.get(`${SUBS}?${query}`)).json().items as { id: string }[]).map(({ id }) => id)
    expect(await ids('kind=nickname'))
      .to.include('acme-eu')
      .and.not.include('acme-main')
    expect(await ids('status=suspended')).to.deep.equal([])
  })

  it('missing and foreign ones are one 404', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const bodies = new Set<string>()
    for (const path of [`${SUBS}/nosuch`, `${SUBS}/X`, '/manage/accounts/globex/sub-accounts/acme-eu']) {
      const answer = await acme.get(path)
      expect(answer.status, path).to.equal(404)
      bodies.add(JSON.stringify({ ...answer.json(), requestId: '' }))
    }
    expect(bodies.size).to.equal(1)
  })

  it('stay while a grant or a ceiling names them: 409 in_use', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const answer = await acme.delete(`${SUBS}/acme-eu`)
    expect([answer.status, answer.json().code]).to.deep.equal([409, 'in_use'])
    expect(answer.json().detail).to.include(b.keyId('acme-v2-orders'))
    await acme.post(SUBS, { id: 'ceiling', name: 'x' })
    const grants = [{ subAccount: 'ceiling', scopes: ['orders:read'] }]
    await acme.post('/manage/accounts/acme/holders', { type: 'partner', name: 'x', grants })
    expect((await acme.delete(`${SUBS}/ceiling`)).json().code).to.equal('in_use')
  })

  it('no key is left behind by a delete at the same time', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    for (let n = 0; n < 5; n++) {
      await acme.post(SUBS, { id: `fleeting-${n}`, name: 'x' })
      const grants = [{ subAccount: `fleeting-${n}`, scopes: ['links:read'] }]
      const key = { name: 'Late', namespace: 'v2', grants }
      const [made, gone] = await Promise.all([acme.post(KEYS, key), acme.delete(`${SUBS}/fleeting-${n}`)])
      expect([made.status, gone.status]).to.be.deep.oneOf([
        [201, 409],
        [422, 204],
      ])
    }
  })

  it('suspended: tokens that name it end for good, others live on; resumed: the next token names it again', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const token = await b.token('acme-v2-orders')
    const other = await b.token('acme-v2-server')
    const suspended = await acme.post(`${SUBS}/acme-eu/suspend`)
    expect([suspended.status, suspended.json().status]).to.deep.equal([200, 'suspended'])
    expect([statusOf(b, token), statusOf(b, other)]).to.deep.equal([1, 0])
    const refused = await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-v2-orders') } })
    expect([refused.status, refused.json().code]).to.deep.equal([400, 'invalid_scope'])
    expect((await acme.post(`${SUBS}/acme-eu/suspend`)).json()).to.deep.equal(suspended.json())
    expect((await acme.post(`${SUBS}/acme-eu/resume`)).json().status).to.equal('active')
    expect(statusOf(b, token)).to.equal(1)
    const fresh = await b.token('acme-v2-orders')
    expect(statusOf(b, fresh)).to.equal(0)
    expect(claimsOf(fresh).authorization_details).to.be.an('array')
    const types = (await eventsOf(acme, 'acme', 'acme-eu')).map(({ type }) => type)
    expect(types.slice(-2)).to.deep.equal(['sub_account.suspended', 'sub_account.resumed'])
  })

  it('a suspended one gives no token that names it', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    expect((await acme.post(SUBS, { id: 'acme-off', name: 'Off', kind: 'brand' })).status).to.equal(201)
    const grants = [
      { subAccount: null, scopes: ['links:read'] },
      { subAccount: 'acme-off', scopes: ['orders:write'] },
    ]
    const { secret } = (await acme.post(KEYS, { name: 'of one', namespace: 'v2', grants })).json()
    const exchange = () => b.post('/v2/jwts', { json: { apiKey: secret, subAccount: 'acme-off' } })
    expect((await exchange()).status).to.equal(200)
    expect((await acme.post(`${SUBS}/acme-off/suspend`, {})).status).to.equal(200)
    const refused = await exchange()
    expect([refused.status, refused.json().code]).to.deep.equal([400, 'invalid_scope'])
  })
})
