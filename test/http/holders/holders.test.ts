import { expect } from 'chai'
import { onBothStores } from '../bed.ts'
import { callerOf, eventsOf, statusOf } from '../manage/caller.ts'

const HOLDERS = '/manage/accounts/acme/holders'
const KEYS = '/manage/accounts/acme/keys'
const whole = (...scopes: string[]) => [{ subAccount: null, scopes }]

onBothStores('Holders', (bed) => {
  it('are made, described, changed and deleted, each told by its event', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const wish = {
      type: 'partner',
      name: 'Contoso',
      externalId: 'P-7',
      email: 'api@contoso.example',
      grants: [{ subAccount: 'acme-eu', scopes: ['orders:read'] }],
      status: 'onboarding',
      flags: ['new'],
      customData: { tier: 2 },
    }
    const created = await acme.post(HOLDERS, wish)
    expect(created.status, created.text).to.equal(201)
    const holder = created.json()
    expect(holder).to.deep.equal({
      id: holder.id,
      account: 'acme',
      ...wish,
      createdAt: new Date(b.now()).toISOString(),
      version: 1,
    })
    const path = `${HOLDERS}/${holder.id}`
    expect(created.headers.get('location')).to.equal(path)
    expect(created.headers.get('etag')).to.equal('"1"')
    const described = await acme.get(path)
    expect(described.json()).to.deep.equal(holder)
    expect(described.headers.get('etag')).to.equal('"1"')
    const changed = await acme.patch(path, { name: 'Contoso Ltd', status: 'active', grants: null }, 1)
    expect(changed.json()).to.deep.equal({ ...holder, name: 'Contoso Ltd', status: 'active', grants: null, version: 2 })
    expect(changed.headers.get('etag')).to.equal('"2"')
    expect((await acme.delete(path)).status).to.equal(204)
    expect((await acme.get(path)).status).to.equal(404)
    const events = await eventsOf(acme, 'acme', holder.id as string)
    expect(events.map(({ type, data }) => [type, data])).to.deep.equal([
      ['holder.created', { object: holder }],
      ['holder.updated', { object: changed.json() }],
      ['holder.deleted', { object: changed.json() }],
    ])
    expect(events[0]).to.deep.include({
      requestId: created.headers.get('request-id'),
      subject: { type: 'holder', id: holder.id, name: 'Contoso' },
    })
  })

  it('defaults: active, no ceiling, no flags', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    const made = await acme.post(HOLDERS, { type: 'machine', name: 'Press 4' })
    expect(made.json()).to.deep.include({
      externalId: null,
      email: null,
      grants: null,
      status: 'active',
      flags: [],
      customData: {},
    })
  })

  it('are listed in pages, by type, status and part of a name', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    for (let n = 0; n < 5; n++)
      await acme.post(HOLDERS, { type: 'advertiser', name: `Ålpha ${n}`, externalId: `X${n}` })
    const walk = async (query: string): Promise<string[]> => {
      const seen: string[] = []
      let cursor: unknown = null
      do {
        const page = await acme.get(`${HOLDERS}?${query}${cursor === null ? '' : `&cursor=${cursor}`}`)
        expect(page.status, page.text).to.equal(200)
        seen.push(...(page.json().items as { name: string }[]).map(({ name }) => name))
        cursor = page.json().nextCursor
      } while (cursor !== null)
      return seen
    }
    const five = [0, 1, 2, 3, 4].map((n) => `Ålpha ${n}`)
    expect((await walk('type=advertiser&limit=2')).sort()).to.deep.equal(five)
    expect((await walk('q=åLPHA&limit=2')).sort()).to.deep.equal(five)
    expect(await walk('q=a-1001')).to.deep.equal(['Blue Media'])
    expect(await walk('q=x3')).to.deep.equal(['Ålpha 3'])
    expect(await walk('status=suspended')).to.deep.equal([])
  })

  it('an external id is of one holder of a type: 409', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    const wish = { type: 'vendor', name: 'A', externalId: 'SAME' }
    expect((await acme.post(HOLDERS, wish)).status).to.equal(201)
    const again = await acme.post(HOLDERS, { ...wish, name: 'B' })
    expect([again.status, again.json().code]).to.deep.equal([409, 'already_exists'])
    expect(again.json().errors).to.deep.equal([
      { pointer: '/externalId', detail: 'is that of another holder of this type.' },
    ])
    const other = await acme.post(HOLDERS, { ...wish, type: 'partner' })
    expect(other.status).to.equal(201)
    const free = (await acme.post(HOLDERS, { ...wish, externalId: null })).json()
    expect((await acme.patch(`${HOLDERS}/${free.id}`, { externalId: 'SAME' }, 1)).status).to.equal(409)
  })

  const wrong: [string, Record<string, unknown>, number, string, string?][] = [
    ['no name', { name: undefined }, 400, 'invalid_request', '/name'],
    ['an unknown type', { type: 'enemy' }, 400, 'invalid_request', '/type'],
    ['a status of suspended', { status: 'suspended' }, 400, 'invalid_request', '/status'],
    ['an account', { account: 'globex' }, 400, 'invalid_request', '/account'],
    ['no e-mail address', { email: 'nobody' }, 400, 'invalid_request', '/email'],
    ['an operator for an external id', { externalId: { $ne: null } }, 400, 'invalid_request', '/externalId'],
    ['an unknown scope', { grants: whole('links:read', 'links:fly') }, 422, 'unknown_scope', '/grants/0/scopes/1'],
    [
      'an unknown sub-account',
      { grants: [{ subAccount: 'elsewhere', scopes: ['links:read'] }] },
      422,
      'unknown_sub_account',
      '/grants/0/subAccount',
    ],
    ['a scope of the operator', { grants: whole('operator:accounts') }, 403, 'exceeds_your_rights'],
  ]
  for (const [what, change, status, code, pointer] of wrong) {
    it(`refuses ${what}: ${status} ${code}`, async () => {
      const acme = await callerOf(bed(), 'acme-manage')
      const answer = await acme.post(HOLDERS, { type: 'partner', name: 'Contoso', ...change })
      expect([answer.status, answer.json().code], answer.text).to.deep.equal([status, code])
      expect((answer.json().errors as { pointer: string }[] | undefined)?.[0]?.pointer).to.equal(pointer)
    })
  }

  it('nobody sets a ceiling above the plan', async () => {
    const operator = await callerOf(bed(), 'operator-manage')
    const wish = { type: 'partner', name: 'Contoso', grants: whole('orders:read') }
    const answer = await operator.post('/manage/accounts/globex/holders', wish)
    expect([answer.status, answer.json().code]).to.deep.equal([403, 'exceeds_your_rights'])
  })

  it('are changed by whoever has seen the present version: 428, 412, and of two at once one', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    const holder = (await acme.post(HOLDERS, { type: 'partner', name: 'Race' })).json()
    const path = `${HOLDERS}/${holder.id}`
    const blind = await acme.patch(path, { name: 'x' }, null)
    expect([blind.status, blind.json().code]).to.deep.equal([428, 'precondition_required'])
    const stale = await acme.patch(path, { name: 'x' }, 7)
    expect([stale.status, stale.json().code, stale.headers.get('etag')]).to.deep.equal([
      412,
      'precondition_failed',
      '"1"',
    ])
    const both = await Promise.all(['one', 'two'].map((name) => acme.patch(path, { name }, 1)))
    expect(both.map(({ status }) => status).sort()).to.deep.equal([200, 412])
    expect((await acme.get(path)).json().version).to.equal(2)
  })

  it('100 creates with one Idempotency-Key make one holder', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    const wish = { type: 'affiliate', name: 'Hundredfold' }
    const all = await Promise.all(
      Array.from({ length: 100 }, () => acme.post(HOLDERS, wish, { 'idempotency-key': 'holder-100' })),
    )
    expect(all.filter(({ status }) => status !== 201 && status !== 409)).to.deep.equal([])
    const list = (await acme.get(`${HOLDERS}?q=hundredfold`)).json().items as unknown[]
    expect(list).to.have.length(1)
    expect((await acme.post(HOLDERS, wish, { 'idempotency-key': 'holder-100' })).json()).to.deep.equal(list[0])
  }).timeout(30_000)

  it('missing, malformed and foreign ones are one 404', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const operator = await callerOf(b, 'operator-manage')
    const globex = (await operator.post('/manage/accounts/globex/holders', { type: 'partner', name: 'G' })).json()
    const bodies = new Set<string>()
    for (const path of [
      `${HOLDERS}/${globex.id}`,
      `${HOLDERS}/hld_nobody`,
      `${HOLDERS}/x`,
      `/manage/accounts/globex/holders/${globex.id}`,
      '/manage/accounts/globex/holders',
      '/manage/accounts/nosuch/holders',
    ]) {
      for (const answer of [await acme.get(path)]) {
        expect(answer.status, path).to.equal(404)
        bodies.add(JSON.stringify({ ...answer.json(), requestId: '' }))
      }
    }
    expect(bodies.size).to.equal(1)
    expect((await acme.patch(`${HOLDERS}/${globex.id}`, { name: 'mine' }, 1)).status).to.equal(404)
    expect((await acme.delete(`${HOLDERS}/${globex.id}`)).status).to.equal(404)
    expect((await operator.get(`/manage/accounts/globex/holders/${globex.id}`)).json()).to.deep.equal(globex)
  })

  it('without the scope: 403 that names it', async () => {
    const reader = await callerOf(bed(), 'acme-manage', { scope: 'holders:read' })
    expect((await reader.get(HOLDERS)).status).to.equal(200)
    const answer = await reader.post(HOLDERS, { type: 'partner', name: 'x' })
    expect([answer.status, answer.json().code]).to.deep.equal([403, 'forbidden'])
    expect(answer.json().detail).to.match(/scope holders:write.* owner, manager/)
  })

  it('stay while a key names them: 409 in_use', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const answer = await acme.delete(`${HOLDERS}/${b.demo.holders.northwind}`)
    expect([answer.status, answer.json().code]).to.deep.equal([409, 'in_use'])
    expect(answer.json().detail).to.include(b.keyId('acme-northwind'))
  })

  it('no key is left behind by a delete at the same time', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    for (let n = 0; n < 5; n++) {
      const { id } = (await acme.post(HOLDERS, { type: 'partner', name: `Fleeting ${n}` })).json()
      const key = { name: 'Late', namespace: 'v2', holderId: id, grants: whole('links:read') }
      const [made, gone] = await Promise.all([acme.post(KEYS, key), acme.delete(`${HOLDERS}/${id}`)])
      expect([made.status, gone.status]).to.be.deep.oneOf([
        [201, 409],
        [422, 204],
      ])
    }
  })

  it('suspended: no key of theirs is exchanged, and their tokens are suspended until they are resumed', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const path = `${HOLDERS}/${b.demo.holders.northwind}`
    const token = await b.token('acme-northwind')
    const other = await b.token('acme-v2-server')
    const suspended = await acme.post(`${path}/suspend`, {})
    expect([suspended.status, suspended.json().status]).to.deep.equal([200, 'suspended'])
    expect([statusOf(b, token), statusOf(b, other)]).to.deep.equal([2, 0])
    const refused = await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-northwind') } })
    expect([refused.status, refused.json().code]).to.deep.equal([403, 'holder_suspended'])
    const again = await acme.post(`${path}/suspend`)
    expect(again.json()).to.deep.equal(suspended.json())
    const patched = await acme.patch(path, { status: 'active' }, suspended.json().version as number)
    expect([patched.status, patched.json().code]).to.deep.equal([400, 'invalid_request'])
    const resumed = await acme.post(`${path}/resume`, {})
    expect(resumed.json().status).to.equal('active')
    expect(statusOf(b, token)).to.equal(0)
    await b.token('acme-northwind')
    const types = (await eventsOf(acme, 'acme', b.demo.holders.northwind)).map(({ type }) => type)
    expect(types.slice(-2)).to.deep.equal(['holder.suspended', 'holder.resumed'])
  })

  it('resumed, they are in onboarding if they were', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    const { id } = (await acme.post(HOLDERS, { type: 'partner', name: 'New', status: 'onboarding' })).json()
    await acme.post(`${HOLDERS}/${id}/suspend`)
    expect((await acme.post(`${HOLDERS}/${id}/resume`)).json().status).to.equal('onboarding')
  })

  it('a lower ceiling ends the tokens that had more, for good; a higher one ends none', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const path = `${HOLDERS}/${b.demo.holders.northwind}`
    const version = async () => (await acme.get(path)).json().version as number
    const before = await b.token('acme-northwind')
    await acme.patch(path, { grants: whole('links:read') }, await version())
    expect(statusOf(b, before)).to.equal(1)
    const narrow = await b.token('acme-northwind')
    expect(statusOf(b, narrow)).to.equal(0)
    await acme.patch(path, { grants: whole('links:read', 'links:write') }, await version())
    expect(statusOf(b, narrow)).to.equal(0)
    const wide = await b.token('acme-northwind')
    await acme.patch(path, { grants: null }, await version())
    expect([statusOf(b, wide), statusOf(b, before)]).to.deep.equal([0, 1])
  })
})
