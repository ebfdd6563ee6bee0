import { expect } from 'chai'
import { acceptTerms } from '../../../src/accounts/terms.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { callerOf, eventsOf, statusOf } from '../manage/caller.ts'
import { join, OWN_PAGE, send, signIn } from '../people/browser.ts'

const ACCOUNTS = '/manage/accounts'
const whole = (...scopes: string[]) => [{ subAccount: null, scopes }]
const BY_PERSON = { type: 'person', id: 'usr_ada', name: 'Ada Owner' } as const

/** As a signed-in person would, by way of the act. */
const accept = (b: Bed, account: string) =>
  acceptTerms(
    { ...b.latchkey.keys, changes: b.latchkey.changes },
    { account, id: account, asker: { actor: BY_PERSON, requestId: null } },
    { version: '2026-11', method: 'online', reference: null },
  )

onBothStores('Accounts', (bed) => {
  it('are made by the operator, described and changed, each told by its event', async () => {
    const b = bed()
    const operator = await callerOf(b, 'operator-manage')
    const created = await operator.post(ACCOUNTS, { id: 'initech', name: 'Initech', plan: 'agency' })
    expect(created.status, created.text).to.equal(201)
    const account = created.json()
    expect(account).to.deep.equal({
      id: 'initech',
      name: 'Initech',
      plan: 'agency',
      namespaces: ['v2'],
      hosts: { v2: 'https://initech.api.example.com/v2' },
      status: 'active',
      terms: { current: '2026-11', requiredFrom: '2026-11-01T00:00:00.000Z', accepted: null },
      customData: {},
      createdAt: new Date(b.now()).toISOString(),
      version: 1,
    })
    const path = `${ACCOUNTS}/initech`
    expect([created.headers.get('location'), created.headers.get('etag')]).to.deep.equal([path, '"1"'])
    expect((await operator.get(path)).json()).to.deep.equal(account)
    expect((await operator.patch(path, { name: 'x' }, null)).status).to.equal(428)
    expect((await operator.patch(path, { name: 'x' }, 5)).status).to.equal(412)
    const changed = await operator.patch(path, { hosts: { v2: 'https://api.initech.example/v2' } }, 1)
    expect(changed.json()).to.deep.equal({ ...account, hosts: { v2: 'https://api.initech.example/v2' }, version: 2 })
    expect((await operator.patch(path, { hosts: { v2: null } }, 2)).json().hosts).to.deep.equal(account.hosts)
    const events = await eventsOf(operator, 'initech', 'initech')
    expect(events.map(({ type, seq }) => [type, seq])).to.deep.equal([
      ['account.created', 1],
      ['account.updated', 2],
      ['account.updated', 3],
    ])
    expect(events[0]).to.deep.include({ data: { object: account } })
    expect(events[0]?.actor.onBehalfOf).to.equal('initech')
  })

  type Wrong = [string, Record<string, unknown>, number, string, string]
  const noPlainUrls = [
    'https://me:pw@a.example',
    'https://@a.example',
    'https://a.example?',
    'https://a.example/v2?k=1',
    'https://a.example/#x',
  ]
  const wrong: Wrong[] = [
    ['a route’s name for an id', { id: 'manage' }, 400, 'invalid_request', '/id'],
    ['an id with a dot', { id: 'a.b' }, 400, 'invalid_request', '/id'],
    ['a taken id', { id: 'acme' }, 409, 'already_exists', '/id'],
    ['the operator’s id', { id: 'operator' }, 409, 'already_exists', '/id'],
    ['an unknown plan', { plan: 'gold' }, 422, 'unknown_plan', '/plan'],
    ['a host without https', { hosts: { v2: 'http://a.example' } }, 400, 'invalid_request', '/hosts/v2'],
    ...noPlainUrls.map((v2): Wrong => [`the host ${v2}`, { hosts: { v2 } }, 400, 'invalid_request', '/hosts/v2']),
    ['a host of no namespace', { hosts: { v9: 'https://a.example' } }, 422, 'unknown_namespace', '/hosts'],
    ['a status', { status: 'suspended' }, 400, 'invalid_request', '/status'],
  ]
  for (const [what, change, status, code, pointer] of wrong) {
    it(`refuses ${what}: ${status} ${code}`, async () => {
      const operator = await callerOf(bed(), 'operator-manage')
      const answer = await operator.post(ACCOUNTS, { name: 'Bad', plan: 'starter', ...change })
      expect([answer.status, answer.json().code], answer.text).to.deep.equal([status, code])
      expect((answer.json().errors as { pointer: string }[])[0]?.pointer).to.equal(pointer)
    })
  }

  it('are listed: all to the operator, to others their own', async () => {
    const b = bed()
    const ids = async (name: string, query = '') =>
      ((await (await callerOf(b, name)).get(`${ACCOUNTS}${query}`)).json().items as { id: string }[]).map(
        ({ id }) => id,
      )
    expect(await ids('operator-manage')).to.include.members(['operator', 'acme', 'globex'])
    expect(await ids('acme-manage')).to.deep.equal(['acme'])
    expect(await ids('operator-manage', '?plan=starter&q=GLOB')).to.deep.equal(['globex'])
  })

  it('are listed to a person of several: those they belong to and may read, page by page', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const email = 'several@acme.example'
    const sam = await join(b, operator, 'acme', { email, role: 'viewer', name: 'Sam' })
    const invite = async (account: string, role: string, more: object = {}) => {
      const wish = { email, role, name: 'Sam', ...more }
      const answer = await operator.post(`${ACCOUNTS}/${account}/members`, wish)
      return answer.json().invitationUrl as string
    }
    const accept = async (url: string) => {
      const answer = await send(b, 'POST', url, { json: { password: sam.password } })
      expect(answer.status, answer.text).to.equal(200)
    }
    const names = ['zeta', 'alpha', 'mid', 'waiting', 'held']
    for (const id of names) {
      await operator.post(ACCOUNTS, { id, name: id.toUpperCase(), plan: id === 'mid' ? 'agency' : 'starter' })
      if (id === 'waiting') await invite(id, 'viewer')
      else if (id === 'held') {
        const holder = await operator.post(`${ACCOUNTS}/${id}/holders`, { type: 'partner', name: 'H' })
        await accept(await invite(id, 'holder', { holderId: holder.json().id }))
      } else await accept(await invite(id, 'owner'))
    }
    for (const home of ['acme', 'zeta', 'held']) {
      const me = await signIn(b, sam, home)
      const shown = new Map<string, object>()
      let cursor: unknown = null
      do {
        const page = await me.get(`${ACCOUNTS}?limit=1${cursor === null ? '' : `&cursor=${cursor}`}`)
        for (const item of page.json().items as { id: string }[]) {
          expect(shown.has(item.id)).to.equal(false)
          shown.set(item.id, item)
        }
        cursor = page.json().nextCursor
      } while (cursor !== null)
      expect([...shown.keys()]).to.have.members(['acme', 'zeta', 'alpha', 'mid'])
      expect([...shown.keys()][0], 'the oldest').to.equal('acme')
      for (const [id, item] of shown) expect((await me.get(`${ACCOUNTS}/${id}`)).json(), id).to.deep.equal(item)
      for (const id of ['waiting', 'held', 'globex']) expect((await me.get(`${ACCOUNTS}/${id}`)).status).to.equal(404)
      const found = async (query: string) =>
        ((await me.get(`${ACCOUNTS}?${query}`)).json().items as { id: string }[]).map(({ id }) => id)
      expect(await found('plan=agency')).to.have.members(['acme', 'mid'])
      expect(await found('q=ALPH&status=active')).to.deep.equal(['alpha'])
      expect(await found('status=suspended')).to.deep.equal([])
    }
    const [acme, zeta] = [await signIn(b, sam, 'acme'), await signIn(b, sam, 'zeta')]
    expect((await acme.get('/manage/whoami')).json()).to.include({ account: 'acme', role: 'viewer' })
    expect((await zeta.get('/manage/whoami')).json()).to.include({ account: 'zeta', role: 'owner' })
    expect((await (await signIn(b, sam)).get('/manage/whoami')).json(), 'the oldest unless said').to.include({
      account: 'acme',
    })
  })

  it('what the operator alone does is 403 to the account itself, naming the right; to strangers 404', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    const { version } = (await acme.get(`${ACCOUNTS}/acme`)).json()
    const tries = [
      acme.post(ACCOUNTS, { name: 'Mine', plan: 'agency' }),
      acme.patch(`${ACCOUNTS}/acme`, { plan: 'starter' }, version as number),
      acme.patch(`${ACCOUNTS}/acme`, { hosts: {} }, version as number),
      acme.put(`${ACCOUNTS}/acme/namespaces/v3`),
      acme.delete(`${ACCOUNTS}/acme/namespaces/v3`),
      acme.post(`${ACCOUNTS}/acme/suspend`),
      acme.post(`${ACCOUNTS}/acme/resume`),
    ]
    for (const answer of await Promise.all(tries)) {
      expect([answer.status, answer.json().code], answer.text).to.deep.equal([403, 'forbidden'])
      expect(answer.json().detail).to.match(/operator:accounts.* role (support or )?admin/)
    }
    const strange = [
      acme.get(`${ACCOUNTS}/globex`),
      acme.get(`${ACCOUNTS}/nosuch`),
      acme.patch(`${ACCOUNTS}/globex`, { name: 'x' }, 1),
      acme.post(`${ACCOUNTS}/globex/suspend`),
      acme.put(`${ACCOUNTS}/globex/namespaces/v2`),
    ]
    const bodies = (await Promise.all(strange)).map((answer) => JSON.stringify({ ...answer.json(), requestId: '' }))
    expect([...new Set(bodies)]).to.have.length(1)
    expect(JSON.parse(bodies[0] as string)).to.include({ status: 404, code: 'not_found' })
    const renamed = await acme.patch(`${ACCOUNTS}/acme`, { name: 'Acme', customData: { crm: 7 } }, version as number)
    expect(renamed.json()).to.deep.include({ name: 'Acme', customData: { crm: 7 } })
  })

  it('a namespace is enabled where the plan has it: 409 where not', async () => {
    const b = bed()
    const operator = await callerOf(b, 'operator-manage')
    const path = `${ACCOUNTS}/globex/namespaces`
    const excluded = await operator.put(`${path}/v3`)
    expect([excluded.status, excluded.json().code]).to.deep.equal([409, 'plan_excludes_namespace'])
    expect(excluded.json().detail).to.include('agency')
    expect((await operator.put(`${path}/manage`)).status).to.equal(404)
    expect((await operator.put(`${path}/v9`)).status).to.equal(404)
    expect((await operator.put(`${path}/v2`)).json().namespaces).to.deep.equal(['v2'])
    const before = (await operator.get(`${ACCOUNTS}/globex`)).json().version as number
    await operator.patch(`${ACCOUNTS}/globex`, { plan: 'agency' }, before)
    const enabled = await operator.put(`${path}/v3`)
    expect(enabled.json().namespaces).to.deep.equal(['v2', 'v3'])
    for (const none of ['nope', 'manage', '__proto__']) {
      expect((await operator.delete(`${path}/${none}`)).status, none).to.equal(404)
    }
    expect(enabled.json().hosts).to.have.keys('v2', 'v3')
    const token = await b.token('globex-v3-server')
    const small = await operator.patch(`${ACCOUNTS}/globex`, { plan: 'starter' }, enabled.json().version as number)
    expect(small.json().namespaces).to.deep.equal(['v2'])
    expect(statusOf(b, token)).to.equal(1)
    const events = await eventsOf(operator, 'globex', 'globex')
    expect(events.slice(-4).map(({ type, data }) => [type, data.namespace])).to.deep.equal([
      ['account.updated', undefined],
      ['namespace.enabled', 'v3'],
      ['account.updated', undefined],
      ['namespace.disabled', 'v3'],
    ])
    expect(events.at(-1)?.data).to.deep.include({ object: small.json() })
  })

  it('a disabled namespace suspends its tokens alone, until it is enabled again', async () => {
    const b = bed()
    const operator = await callerOf(b, 'operator-manage')
    const [v3, v2] = [await b.token('acme-v3-server'), await b.token('acme-v2-server')]
    expect((await operator.delete(`${ACCOUNTS}/acme/namespaces/v3`)).json().namespaces).to.deep.equal(['v2'])
    expect([statusOf(b, v3), statusOf(b, v2)]).to.deep.equal([2, 0])
    const refused = await b.post('/v3/jwts', { json: { apiKey: b.secret('acme-v3-server') } })
    expect(refused.json().code).to.equal('namespace_not_enabled')
    await operator.put(`${ACCOUNTS}/acme/namespaces/v3`)
    expect([statusOf(b, v3), statusOf(b, v2)]).to.deep.equal([0, 0])
  })

  it('suspended: no key is exchanged, tokens are suspended, its programs are shut out; resumed: all as before', async () => {
    const b = bed()
    const operator = await callerOf(b, 'operator-manage')
    const acme = await callerOf(b, 'acme-manage')
    const northwind = `${ACCOUNTS}/acme/holders/${b.demo.holders.northwind}`
    const [server, held] = [await b.token('acme-v2-server'), await b.token('acme-northwind')]
    const suspended = await operator.post(`${ACCOUNTS}/acme/suspend`, {})
    expect([suspended.status, suspended.json().status]).to.deep.equal([200, 'suspended'])
    expect([statusOf(b, server), statusOf(b, held)]).to.deep.equal([2, 2])
    expect((await acme.get(`${ACCOUNTS}/acme`)).status).to.equal(401)
    const refused = await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-v2-server') } })
    expect([refused.status, refused.json().code]).to.deep.equal([403, 'account_suspended'])
    expect((await operator.post(`${ACCOUNTS}/acme/suspend`)).json()).to.deep.equal(suspended.json())
    // What else is against a key still holds when the account is resumed.
    await operator.post(`${northwind}/suspend`)
    expect((await operator.post(`${ACCOUNTS}/acme/resume`)).json().status).to.equal('active')
    expect([statusOf(b, server), statusOf(b, held)]).to.deep.equal([0, 2])
    await operator.post(`${northwind}/resume`)
    expect(statusOf(b, held)).to.equal(0)
    expect((await acme.get(`${ACCOUNTS}/acme`)).status).to.equal(200)
    const own = await operator.post(`${ACCOUNTS}/operator/suspend`)
    expect([own.status, own.json().code]).to.deep.equal([403, 'forbidden'])
  })

  it('a smaller plan ends the tokens that had more; a larger one ends none', async () => {
    const b = bed()
    const operator = await callerOf(b, 'operator-manage')
    await operator.post(ACCOUNTS, { id: 'hooli', name: 'Hooli', plan: 'agency' })
    await accept(b, 'hooli')
    const create = async (...scopes: string[]) => {
      const wish = { name: scopes.join(), namespace: 'v2', grants: whole(...scopes) }
      return (await operator.post(`${ACCOUNTS}/hooli/keys`, wish)).json().secret as string
    }
    const token = async (apiKey: string) => (await b.post('/v2/jwts', { json: { apiKey } })).text
    const [more, less] = [await create('orders:write'), await create('links:read')]
    const [ended, entitled] = [await token(more), await token(less)]
    const version = async () => (await operator.get(`${ACCOUNTS}/hooli`)).json().version as number
    await operator.patch(`${ACCOUNTS}/hooli`, { plan: 'creator' }, await version())
    // Of the second key the scopes stay, but tokens tell entitlements too, and those are fewer.
    expect([statusOf(b, ended), statusOf(b, entitled)]).to.deep.equal([1, 1])
    const creator = await token(less)
    await operator.patch(`${ACCOUNTS}/hooli`, { plan: 'agency' }, await version())
    expect([statusOf(b, creator), statusOf(b, ended)]).to.deep.equal([0, 1])
    expect((await b.post('/v2/jwts', { json: { apiKey: more } })).status).to.equal(200)
  })
})

onBothStores('Terms', (bed) => {
  it('are accepted by people alone: a program is told who may', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const answer = await acme.put(`${ACCOUNTS}/acme/terms`, { version: '2026-11', method: 'online' })
    expect([answer.status, answer.json().code]).to.deep.equal([403, 'forbidden'])
    expect(answer.json().detail).to.include('role owner')
  })

  it('online by an owner; on paper, with its reference, by the operator alone', async () => {
    const b = bed()
    const path = `${ACCOUNTS}/acme/terms`
    const [owner, manager, admin] = [await signIn(b, 'owner'), await signIn(b, 'manager'), await signIn(b, 'operator')]
    const online = { version: '2026-11', method: 'online' }
    expect((await manager.put(path, online)).json()).to.include({ status: 403, code: 'forbidden' })
    expect((await owner.put(path, { ...online, version: '2025-01' })).json().code).to.equal('terms_outdated')
    const paper = { version: '2026-11', method: 'paper', reference: 'Folder 7' }
    expect((await owner.put(path, paper)).json()).to.include({ status: 403, code: 'forbidden' })
    expect((await admin.put(path, { ...paper, reference: null })).json().errors).to.deep.equal([
      { pointer: '/reference', detail: 'must say where the signed paper is found' },
    ])
    const recorded = await admin.put(path, paper)
    expect(recorded.status, recorded.text).to.equal(200)
    expect(recorded.json().accepted).to.deep.include({ version: '2026-11', method: 'paper', reference: 'Folder 7' })
    expect((await owner.put(path, online)).json().accepted).to.deep.include({ method: 'online', reference: null })
  })

  it('plans are for admins, namespaces and suspension for support too', async () => {
    const b = bed()
    const [owner, support] = [await signIn(b, 'owner'), await signIn(b, 'support')]
    expect((await support.get(ACCOUNTS)).json().items).to.have.length.above(2)
    expect((await support.put(`${ACCOUNTS}/acme/namespaces/v3`, {})).status).to.equal(200)
    expect((await support.post(`${ACCOUNTS}/acme/suspend`)).status).to.equal(200)
    expect((await support.post(`${ACCOUNTS}/acme/resume`)).status).to.equal(200)
    expect((await support.post(ACCOUNTS, { name: 'x', plan: 'agency' })).json().code).to.equal('forbidden')
    expect((await owner.post(`${ACCOUNTS}/acme/suspend`)).json().code).to.equal('forbidden')
    const headers = {
      cookie: owner.cookie,
      ...OWN_PAGE,
      'if-match': (await owner.get(`${ACCOUNTS}/acme`)).headers.get('etag') ?? '',
    }
    const change = (json: object) => send(b, 'PATCH', `${ACCOUNTS}/acme`, { json, headers })
    expect((await change({ plan: 'starter' })).json()).to.include({ status: 403, code: 'forbidden' })
    expect((await change({ name: 'Acme' })).status).to.equal(200)
  })

  it('show what is current and what was accepted; accepting is told by an event, once', async () => {
    const b = bed()
    const operator = await callerOf(b, 'operator-manage')
    await operator.post(ACCOUNTS, { id: 'umbrella', name: 'Umbrella', plan: 'starter' })
    const path = `${ACCOUNTS}/umbrella/terms`
    const current = { current: '2026-11', requiredFrom: '2026-11-01T00:00:00.000Z' }
    expect((await operator.get(path)).json()).to.deep.equal({ ...current, accepted: null })
    const wish = { name: 'k', namespace: 'v2', grants: whole('links:read') }
    expect((await operator.post(`${ACCOUNTS}/umbrella/keys`, wish)).json().code).to.equal('terms_not_accepted')
    await accept(b, 'umbrella')
    await accept(b, 'umbrella')
    const at = new Date(b.now()).toISOString()
    const accepted = { version: '2026-11', at, by: BY_PERSON, method: 'online', reference: null }
    expect((await operator.get(path)).json()).to.deep.equal({ ...current, accepted })
    expect((await operator.post(`${ACCOUNTS}/umbrella/keys`, wish)).status).to.equal(201)
    const events = await eventsOf(operator, 'umbrella', 'umbrella')
    expect(events.map(({ type }) => type)).to.deep.equal(['account.created', 'terms.accepted'])
    expect(events[1]?.data.object).to.deep.equal((await operator.get(`${ACCOUNTS}/umbrella`)).json())
  })
})

onBothStores(
  'Terms: a new version',
  (bed) => {
    it('an earlier acceptance counts until the new version is required; then no key is made or exchanged', async () => {
      const b = bed()
      const { store } = b.latchkey
      const acme = await store.get('acme', 'accounts', 'acme')
      const terms = { ...acme!.terms!, version: '2026-11' }
      await store.commit('acme', { replace: [{ collection: 'accounts', document: { ...acme!, terms } }] })
      const owner = await signIn(b, 'owner')
      const tries = async () => {
        const wish = { name: 'k', namespace: 'v2', grants: whole('links:read') }
        const made = await owner.post(`${ACCOUNTS}/acme/keys`, wish)
        const exchanged = await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-v2-server') } })
        return [made, exchanged].map(({ status, text }) => (status < 300 ? 'done' : JSON.parse(text).code))
      }
      expect((await owner.get(`${ACCOUNTS}/acme/terms`)).json()).to.deep.include({
        current: '2027-01',
        requiredFrom: '2026-11-21T09:20:00.000Z',
      })
      expect(await tries()).to.deep.equal(['done', 'done'])
      b.pass(20 * 60_000 - 1)
      expect(await tries()).to.deep.equal(['done', 'done'])
      b.pass(1)
      expect(await tries()).to.deep.equal(['terms_not_accepted', 'terms_not_accepted'])
      await owner.put(`${ACCOUNTS}/acme/terms`, { version: '2027-01', method: 'online' })
      expect(await tries()).to.deep.equal(['done', 'done'])
    })
  },
  {
    catalog: (yaml) =>
      yaml
        .replace(/version: "2026-11"/, 'version: "2027-01"')
        .replace(/requiredFrom: \S+/, 'requiredFrom: 2026-11-21T09:20:00Z'),
  },
)
