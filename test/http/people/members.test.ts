import { expect } from 'chai'
import { type Bed, onBothStores } from '../bed.ts'
import { type Browser, join, OWN_PAGE, type Reply, send, signIn, trySignIn } from './browser.ts'

const MEMBERS = '/manage/accounts/acme/members'
const DAY = 86_400_000
const said = ({ status, json }: Pick<Reply, 'status' | 'json'>) => [status, json().code]
const bearer = async (b: Bed, name: string) => ({ authorization: `Bearer ${await b.token(name)}` })
const idOf = async (me: Browser) => (await me.get('/manage/whoami')).json().id as string
const invite = async (me: Browser, wish: Record<string, unknown>, account = 'acme') => {
  const answer = await me.post(`/manage/accounts/${account}/members`, { role: 'viewer', name: 'Somebody', ...wish })
  expect(answer.status, answer.text).to.equal(201)
  return answer.json() as { member: { id: string; version: number }; invitationUrl: string }
}

onBothStores('Members', (bed) => {
  it('are listed, filtered and described', async () => {
    const b = bed()
    const viewer = await signIn(b, 'viewer')
    const { items, nextCursor } = (await viewer.get(MEMBERS)).json() as {
      items: Record<string, unknown>[]
      nextCursor: null
    }
    expect(items.map((m) => m.role)).to.have.members(['owner', 'manager', 'viewer', 'holder'])
    expect(nextCursor).to.equal(null)
    const [holder] = ((await viewer.get(`${MEMBERS}?role=holder`)).json() as { items: Record<string, unknown>[] }).items
    expect(holder).to.deep.equal({
      id: holder?.id,
      email: b.demo.holder.email,
      name: 'Nora Northwind',
      role: 'holder',
      holderId: b.demo.holders.northwind,
      status: 'active',
      lastSignInAt: null,
      customData: {},
      version: 1,
    })
    const described = await viewer.get(`${MEMBERS}/${holder?.id}`)
    expect(described.json()).to.deep.equal(holder)
    expect(described.headers.get('etag')).to.equal('"1"')
    const [self] = ((await viewer.get(`${MEMBERS}?role=viewer`)).json() as { items: Record<string, unknown>[] }).items
    expect(self?.lastSignInAt).to.equal(new Date(b.now()).toISOString())
    const first = (await viewer.get(`${MEMBERS}?limit=3`)).json()
    const rest = (await viewer.get(`${MEMBERS}?limit=3&cursor=${first.nextCursor}`)).json()
    expect([...(first.items as object[]), ...(rest.items as object[])]).to.have.length(items.length)
  })

  it('are read by programs with members:read, and invited by people alone', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    expect((await b.get(MEMBERS, headers)).status).to.equal(200)
    const answer = await b.post(MEMBERS, { json: { email: 'a@b.example', role: 'viewer', name: 'A' }, headers })
    expect(said(answer)).to.deep.equal([403, 'forbidden'])
    expect(answer.json().detail).to.equal('Only people may invite a member, signed in: those with role owner, admin.')
  })

  it('a missing one and another account’s are the same 404', async () => {
    const b = bed()
    const [owner, operator] = [await signIn(b, 'owner'), await signIn(b, 'operator')]
    const admin = await idOf(operator)
    const answers = [
      await owner.get(`${MEMBERS}/usr_0000000000000000`),
      await owner.get(`${MEMBERS}/${admin}`),
      await owner.get(`/manage/accounts/operator/members/${admin}`),
      await owner.get('/manage/accounts/globex/members'),
      await owner.get('/manage/accounts/nowhere/members'),
      await owner.patch(`/manage/accounts/globex/members/${admin}`, { name: 'x' }),
      await owner.get(`${MEMBERS}/nonsense`),
    ]
    const bodies = new Set(answers.map((a) => JSON.stringify([a.status, { ...a.json(), requestId: '' }])))
    expect(bodies.size).to.equal(1)
    expect(answers[0]?.status).to.equal(404)
  })

  it('are changed; where their rights change, their sessions end', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const person = await join(b, owner, 'acme', { email: 'kim@acme.example', role: 'viewer', name: 'Kim' })
    const path = `${MEMBERS}/${person.id}`
    const kim = await signIn(b, person)
    const named = await owner.patch(path, { name: 'Kim K.', customData: { desk: 4 } })
    expect(named.json()).to.deep.include({ name: 'Kim K.', customData: { desk: 4 }, role: 'viewer', version: 3 })
    expect(named.headers.get('etag')).to.equal('"3"')
    expect((await kim.get('/manage/whoami')).json().name).to.equal('Kim K.')
    expect((await owner.patch(path, { role: 'manager' })).json()).to.include({ role: 'manager', version: 4 })
    expect((await kim.get('/manage/whoami')).status).to.equal(401)
    const again = await signIn(b, person)
    expect((await owner.patch(path, { status: 'disabled' })).json()).to.include({ status: 'disabled' })
    expect((await again.get('/manage/whoami')).status).to.equal(401)
    expect((await owner.patch(path, { status: 'active' })).status).to.equal(200)
    const back = await signIn(b, person)
    expect((await owner.delete(path)).status).to.equal(204)
    expect((await back.get('/manage/whoami')).status).to.equal(401)
    expect((await owner.get(path)).status).to.equal(404)
    const events = (await owner.get(`/manage/accounts/acme/events?subject=${person.id}`)).json().items as Record<
      string,
      unknown
    >[]
    expect(events.map((e) => e.type)).to.deep.equal([
      'member.invited',
      'member.joined',
      'member.updated',
      'member.updated',
      'member.updated',
      'member.updated',
      'member.deleted',
    ])
    expect(events[2]?.data).to.deep.equal({ object: named.json() })
    expect(events[2]?.actor).to.deep.equal({ type: 'person', id: await idOf(owner), name: 'Ada Owner' })
  })

  it('a holder’s place needs a holder of the account', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const wish = (change: object) =>
      owner.post(MEMBERS, { email: 'h@acme.example', role: 'holder', name: 'H', ...change })
    expect((await wish({})).json()).to.deep.include({
      code: 'invalid_request',
      errors: [{ pointer: '/holderId', detail: 'is needed: whose keys is this person to see?' }],
    })
    expect(said(await wish({ holderId: 'hld_nobody' }))).to.deep.equal([422, 'unknown_holder'])
    expect(said(await wish({ role: 'viewer', holderId: b.demo.holders.bluemedia }))).to.deep.equal([
      400,
      'invalid_request',
    ])
    const made = (await wish({ holderId: b.demo.holders.bluemedia })).json() as { member: { id: string } }
    expect(made.member).to.include({ role: 'holder', holderId: b.demo.holders.bluemedia })
    const path = `${MEMBERS}/${made.member.id}`
    expect((await owner.patch(path, { role: 'viewer' })).json()).to.include({ role: 'viewer', holderId: null })
    expect(said(await owner.patch(path, { role: 'holder' }))).to.deep.equal([400, 'invalid_request'])
    expect((await owner.patch(path, { status: 'active' })).json().errors).to.deep.equal([
      {
        pointer: '/status',
        detail: 'cannot be changed before the invitation is accepted; delete the member to cancel it.',
      },
    ])
  })

  it('an invitation gets nobody at the password of somebody known, whatever account it is to', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const deputy = await signIn(b, await join(b, operator, 'operator', { email: 'deputy2@example.com', role: 'owner' }))
    for (const me of [deputy, operator]) {
      const wish = { email: b.demo.owner.email, role: 'viewer' }
      const { invitationUrl, member } = await invite(me, wish, 'operator')
      expect(said(await send(b, 'POST', invitationUrl, { json: { password: 'taken over by others' } }))).to.deep.equal([
        401,
        'invalid_credentials',
      ])
      expect((await trySignIn(b, b.demo.owner)).status).to.equal(200)
      await me.delete(`/manage/accounts/operator/members/${member.id}`)
    }
  })

  it('inviting somebody, and thinking better of it, ends none of their sessions', async () => {
    const b = bed()
    const [owner, support] = [await signIn(b, 'owner'), await signIn(b, 'support')]
    const { member } = await invite(owner, { email: b.demo.support.email })
    expect((await owner.patch(`${MEMBERS}/${member.id}`, { role: 'manager' })).status).to.equal(200)
    expect((await owner.delete(`${MEMBERS}/${member.id}`)).status).to.equal(204)
    expect((await support.get('/manage/whoami')).status).to.equal(200)
  })

  it('a program gives the place of a holder only with all that a holder does', async () => {
    const b = bed()
    const { items } = (await (await signIn(b, 'owner')).get(`${MEMBERS}?role=holder`)).json() as {
      items: { id: string }[]
    }
    const patch = async (scope: string) => {
      const headers = {
        authorization: `Bearer ${await b.token('acme-manage', { scope })}`,
        'content-type': 'application/json',
        'if-match': '"1"',
      }
      const url = `${b.url}${MEMBERS}/${items[0]?.id}`
      const body = JSON.stringify({ holderId: b.demo.holders.bluemedia })
      return (await fetch(url, { method: 'PATCH', headers, body })).status
    }
    expect(await patch('members:write')).to.equal(403)
    expect(await patch('members:write keys:write usage:read')).to.equal(403)
  })

  it('nobody gives more than they have', async () => {
    const b = bed()
    const [owner, manager, support, operator] = [
      await signIn(b, 'owner'),
      await signIn(b, 'manager'),
      await signIn(b, 'support'),
      await signIn(b, 'operator'),
    ]
    const wish = { email: 'x@acme.example', name: 'X' }
    for (const role of ['admin', 'support'])
      expect(said(await owner.post(MEMBERS, { ...wish, role })), role).to.deep.equal([400, 'invalid_request'])
    for (const me of [manager, support]) {
      const answer = await me.post(MEMBERS, { ...wish, role: 'viewer' })
      expect(said(answer)).to.deep.equal([403, 'forbidden'])
      expect(answer.json().detail).to.match(
        /^You may not invite a member: that takes role owner, admin, and yours is \w+\.$/,
      )
    }
    const deputy = await join(b, operator, 'operator', { email: 'deputy@example.com', role: 'owner' })
    const asDeputy = await signIn(b, deputy)
    const staff = await asDeputy.post('/manage/accounts/operator/members', { ...wish, role: 'support' })
    expect(said(staff)).to.deep.equal([403, 'exceeds_your_rights'])
    const admin = await idOf(operator)
    for (const answer of [
      await asDeputy.patch(`/manage/accounts/operator/members/${admin}`, { role: 'viewer' }),
      await asDeputy.delete(`/manage/accounts/operator/members/${admin}`),
    ])
      expect(said(answer)).to.deep.equal([403, 'exceeds_your_rights'])
    expect((await operator.post('/manage/accounts/operator/members', { ...wish, role: 'support' })).status).to.equal(
      201,
    )
  })

  it('a program gives no role whose rights it does not hold', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const { member } = await invite(owner, { email: 'prog@acme.example' })
    const token = await b.token('acme-manage', { scope: 'members:write keys:read' })
    const patch = (json: object) =>
      send(b, 'PATCH', `${MEMBERS}/${member.id}`, {
        json,
        headers: { authorization: `Bearer ${token}`, 'if-match': '"1"' },
      })
    expect(said(await patch({ role: 'owner' }))).to.deep.equal([403, 'exceeds_your_rights'])
    expect(said(await patch({ name: 'Prog' })), 'a viewer reads more than this token').to.deep.equal([
      403,
      'exceeds_your_rights',
    ])
    const whole = await send(b, 'PATCH', `${MEMBERS}/${member.id}`, {
      json: { role: 'manager' },
      headers: { ...(await bearer(b, 'acme-manage')), 'if-match': '"1"' },
    })
    expect(whole.json()).to.include({ role: 'manager' })
  })

  it('the last active owner stays, and the last active admin', async () => {
    const b = bed()
    const [owner, operator] = [await signIn(b, 'owner'), await signIn(b, 'operator')]
    const cases = [
      [owner, `${MEMBERS}/${await idOf(owner)}`],
      [operator, `/manage/accounts/operator/members/${await idOf(operator)}`],
    ] as const
    for (const [me, path] of cases) {
      for (const answer of [
        await me.patch(path, { role: 'viewer' }),
        await me.patch(path, { status: 'disabled' }),
        await me.delete(path),
      ])
        expect(said(answer), path).to.deep.equal([409, 'last_owner'])
      expect((await me.patch(path, { name: 'Still here' })).status).to.equal(200)
    }
    await invite(owner, { email: 'future@acme.example', role: 'owner' })
    expect(said(await owner.delete(`${MEMBERS}/${await idOf(owner)}`)), 'an invitation is no owner').to.deep.equal([
      409,
      'last_owner',
    ])
  })

  it('of two owners who remove each other at the same time one stays', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    for (let round = 0; round < 5; round++) {
      const account = 'globex'
      const path = (id: string) => `/manage/accounts/${account}/members/${id}`
      const people = [
        await join(b, operator, account, { email: `one${round}@globex.example`, role: 'owner' }),
        await join(b, operator, account, { email: `two${round}@globex.example`, role: 'owner' }),
      ] as const
      const [one, two] = [await signIn(b, people[0]), await signIn(b, people[1])]
      const statuses = [
        ...(await Promise.all([one.delete(path(people[1].id)), two.patch(path(people[0].id), { role: 'viewer' }, 2)])),
      ].map((a) => a.status)
      const { items } = (await operator.get(`/manage/accounts/${account}/members?role=owner&status=active`)).json() as {
        items: { id: string }[]
      }
      expect(items, JSON.stringify(statuses)).to.have.length(1)
      // Makes room for the next round: the operator may not remove the last one either.
      expect(said(await operator.delete(path(items[0]?.id as string)))).to.deep.equal([409, 'last_owner'])
      await b.latchkey.store.commit(account, {
        remove: [
          {
            collection: 'members',
            document: (await b.latchkey.store.get(account, 'members', `${account}/${items[0]?.id}`))!,
          },
        ],
      })
    }
  })
})

onBothStores('Members: changed and invited once', (bed) => {
  it('a change names the version that was read: 428 without, 412 for another', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const path = `${MEMBERS}/${(await invite(owner, { email: 'version@acme.example' })).member.id}`
    expect(said(await owner.patch(path, { name: 'A' }, null))).to.deep.equal([428, 'precondition_required'])
    expect((await owner.patch(path, { name: 'A' }, 1)).json()).to.include({ name: 'A', version: 2 })
    const stale = await owner.patch(path, { name: 'B' }, 1)
    expect(said(stale)).to.deep.equal([412, 'precondition_failed'])
    expect(stale.headers.get('etag')).to.equal('"2"')
    const both = await Promise.all(['C', 'D'].map((name) => owner.patch(path, { name }, 2)))
    expect(both.map(({ status }) => status)).to.have.members([200, 412])
  })

  it('the same invitation again answers the same, but for the link', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const wish = { email: 'twice@acme.example', role: 'viewer', name: 'Twice' }
    const first = await owner.post(MEMBERS, wish, { 'idempotency-key': 'invite-1' })
    const again = await owner.post(MEMBERS, wish, { 'idempotency-key': 'invite-1' })
    expect([again.status, again.json()]).to.deep.equal([201, { ...first.json(), invitationUrl: null }])
    const other = await owner.post(MEMBERS, { ...wish, name: 'X' }, { 'idempotency-key': 'invite-1' })
    expect(said(other)).to.deep.equal([422, 'idempotency_key_reused'])
    const accepted = await send(b, 'POST', first.json().invitationUrl as string, {
      json: { password: 'correct horse battery' },
    })
    expect(accepted.status, 'the first link still stands').to.equal(200)
  })

  it('a hundred invitations with one key: one member, one event, one link', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const wish = { email: 'flock@acme.example', role: 'viewer', name: 'Flock' }
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => owner.post(MEMBERS, wish, { 'idempotency-key': 'invite-100' })),
    )
    const made = answers.filter(({ status }) => status === 201).map((answer) => answer.json())
    expect(new Set(answers.map(({ status }) => status))).to.satisfy((seen: Set<number>) =>
      [...seen].every((status) => status === 201 || status === 409),
    )
    expect(made.filter(({ invitationUrl }) => invitationUrl !== null)).to.have.length(1)
    const { member } = made[0] as { member: { id: string } }
    const events = (await owner.get(`/manage/accounts/acme/events?subject=${member.id}`)).json().items
    expect(events).to.have.length(1)
  }).timeout(60_000)
})

onBothStores('Invitations', (bed) => {
  const accept = (url: string, password: string) => send(bed(), 'POST', url, { json: { password } })
  const tokenOf = (url: string) => url.split('/').at(-1) as string

  it('show a form that works without scripts, and is framed, kept and told by nobody', async () => {
    const b = bed()
    const { invitationUrl } = await invite(await signIn(b, 'owner'), {
      email: 'form@acme.example',
      name: '<b>Form</b>',
    })
    expect(invitationUrl).to.match(/^http:\/\/localhost:\d+\/invitations\/[\w-]{43}$/)
    const page = await send(b, 'GET', invitationUrl, { headers: { accept: 'text/html' } })
    expect(page.status).to.equal(200)
    expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8')
    expect(page.headers.get('cache-control')).to.equal('no-store')
    expect(page.headers.get('referrer-policy')).to.equal('no-referrer')
    expect(page.headers.get('content-security-policy')).to.match(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(page.text).to.include('Join Acme Outdoor').and.include('&lt;b&gt;Form&lt;/b&gt;').and.not.include('<script')
    const body = new URLSearchParams({ password: 'correct horse battery' })
    const done = await fetch(invitationUrl, { method: 'POST', body, headers: { accept: 'text/html', ...OWN_PAGE } })
    expect([done.status, await done.text()].join()).to.match(/^200,.*Welcome to Acme Outdoor/s)
    await signIn(b, { email: 'form@acme.example', password: 'correct horse battery' })
  })

  it('are good once, and say when they were used', async () => {
    const b = bed()
    const { invitationUrl, member } = await invite(await signIn(b, 'owner'), { email: 'once@acme.example' })
    expect(said(await accept(invitationUrl, 'too short'))).to.deep.equal([400, 'invalid_request'])
    const taken = await accept(invitationUrl, 'correct horse battery')
    expect(taken.json()).to.deep.include({ account: 'acme' })
    expect(taken.json().member).to.include({ id: member.id, status: 'active', version: 2 })
    b.pass(1000)
    const at = new Date(b.now() - 1000).toISOString()
    for (const answer of [await accept(invitationUrl, 'correct horse battery'), await send(b, 'GET', invitationUrl)]) {
      expect(said(answer)).to.deep.equal([410, 'link_used'])
      expect(answer.json().detail).to.include(at)
    }
    const page = await send(b, 'GET', invitationUrl, { headers: { accept: 'text/html,*/*;q=0.8' } })
    expect([page.status, page.headers.get('content-type')]).to.deep.equal([410, 'text/html; charset=utf-8'])
    expect(page.text).to.include(at)
  })

  it('a hundred at the same time: one is in', async () => {
    const b = bed()
    const { invitationUrl } = await invite(await signIn(b, 'owner'), { email: 'hundred@acme.example' })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => accept(invitationUrl, `correct horse battery ${i}`)),
    )
    const statuses = answers.map((a) => a.status)
    expect(statuses.filter((s) => s === 200)).to.have.length(1)
    expect(new Set(statuses)).to.satisfy((seen: Set<number>) =>
      [...seen].every((s) => [200, 409, 410, 503].includes(s)),
    )
    const winner = `correct horse battery ${statuses.indexOf(200)}`
    await signIn(b, { email: 'hundred@acme.example', password: winner })
  }).timeout(60_000)

  it('unknown, expired, cancelled or replaced by a newer one: the same 404', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const first = await invite(operator, { email: 'again@acme.example' })
    const second = await invite(operator, { email: 'again@acme.example', role: 'manager' })
    expect(second.member).to.include({ id: first.member.id, role: 'manager', version: 2 })
    const cancelled = await invite(operator, { email: 'cancelled@acme.example' })
    expect((await operator.delete(`${MEMBERS}/${cancelled.member.id}`)).status).to.equal(204)
    const unknown = `${b.url}/invitations/${'A'.repeat(43)}`
    const nonsense = `${b.url}/invitations/x`
    const expired = await invite(operator, { email: 'expired@acme.example' })
    b.pass(7 * DAY)
    const bodies = new Set<string>()
    for (const url of [unknown, nonsense, first.invitationUrl, cancelled.invitationUrl, expired.invitationUrl]) {
      for (const answer of [await accept(url, 'correct horse battery'), await send(b, 'GET', url)]) {
        expect(answer.status, url).to.equal(404)
        bodies.add(JSON.stringify({ ...answer.json(), requestId: '' }))
      }
    }
    expect(bodies.size).to.equal(1)
  })

  it('somebody known accepts with the password that they have, and belongs to both accounts', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const { invitationUrl, member } = await invite(operator, { email: b.demo.owner.email, name: 'A. Owner' }, 'globex')
    const owner = await signIn(b, 'owner')
    expect(member.id).to.equal(await idOf(owner))
    expect((await owner.get('/manage/accounts/globex/members')).status, 'not before it is accepted').to.equal(404)
    expect(said(await accept(invitationUrl, 'a new password of mine'))).to.deep.equal([401, 'invalid_credentials'])
    expect((await accept(invitationUrl, b.demo.owner.password)).status).to.equal(200)
    expect((await owner.get('/manage/whoami')).json().accounts).to.deep.equal([
      { id: 'acme', name: 'Acme Outdoor', role: 'owner' },
      { id: 'globex', name: 'Globex', role: 'viewer' },
    ])
    expect((await owner.get('/manage/accounts/globex/members')).status).to.equal(200)
    expect(
      said(await owner.post('/manage/accounts/globex/members', { email: 'a@b.example', role: 'viewer', name: 'A' })),
    ).to.deep.equal([403, 'forbidden'])
    const there = await signIn(b, 'owner', 'globex')
    expect((await there.get('/manage/whoami')).json()).to.include({
      account: 'globex',
      role: 'viewer',
      name: 'A. Owner',
    })
    expect((await owner.get(`${MEMBERS}/${member.id}`)).json()).to.include({ name: 'Ada Owner', role: 'owner' })
    const twice = await operator.post('/manage/accounts/globex/members', {
      email: b.demo.owner.email.toUpperCase(),
      role: 'viewer',
      name: 'X',
    })
    expect(said(twice)).to.deep.equal([409, 'already_exists'])
  })

  it('do not tell whoever invites whether the address has a password here', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const emails = [b.demo.manager.email, 'unheard-of@acme.example']
    const seen = new Set<string>()
    for (const email of emails) {
      const { invitationUrl } = await invite(operator, { email }, 'globex')
      const page = await send(b, 'GET', invitationUrl, { headers: { accept: 'text/html' } })
      expect(page.text).to.include('The password you sign in with here, or, if you have none yet, a new one')
      const short = await accept(invitationUrl, 'too short')
      seen.add([page.status, page.text.replaceAll(email, 'EMAIL'), short.status, short.json().detail].join())
    }
    expect(seen.size).to.equal(1)
  })

  it('are no way to try passwords', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const { invitationUrl } = await invite(operator, { email: b.demo.viewer.email }, 'globex')
    const codes: unknown[] = []
    for (let i = 0; i < 11; i++) codes.push((await accept(invitationUrl, `guess number ${i}`)).json().code)
    expect(codes.at(-1)).to.equal('rate_limited')
  })

  it('POST from another site is refused', async () => {
    const b = bed()
    const { invitationUrl } = await invite(await signIn(b, 'operator'), { email: 'forged@acme.example' })
    const headers = { 'sec-fetch-site': 'cross-site' }
    const answer = await send(b, 'POST', invitationUrl, { json: { password: 'correct horse battery' }, headers })
    expect(said(answer)).to.deep.equal([403, 'cross_site'])
  })

  it('leave no trace of token or password in events, lists and the store', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const { invitationUrl } = await invite(operator, { email: 'trace@acme.example' })
    const password = 'an unmistakable password'
    await accept(invitationUrl, password)
    const me = await signIn(b, { email: 'trace@acme.example', password })
    const read = async (path: string) => (await operator.get(path)).text
    const { store } = b.latchkey
    const seen = [
      await read('/manage/accounts/acme/events?limit=200&order=desc'),
      await read(`${MEMBERS}?limit=200`),
      (await me.get('/manage/sessions')).text,
      JSON.stringify((await store.page('', 'people', { limit: 1000 })).items),
      JSON.stringify((await store.page('', 'sessions', { limit: 1000 })).items),
      JSON.stringify((await store.page('acme', 'members', { limit: 1000 })).items),
    ].join('\n')
    expect(seen).to.include('trace@acme.example')
    for (const secret of [password, tokenOf(invitationUrl), me.cookie.split('=')[1] as string])
      expect(seen.includes(secret)).to.equal(false)
  })
})

onBothStores('Members: nobody is locked in', (bed) => {
  it('who was invited only elsewhere cannot sign in here', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const { email, password } = await join(b, owner, 'acme', { email: 'one@acme.example', role: 'viewer' })
    expect((await trySignIn(b, { email, password, account: 'globex' })).status).to.equal(401)
    expect((await trySignIn(b, { email, password, account: 'acme' })).status).to.equal(200)
  })
})
