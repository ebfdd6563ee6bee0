import { expect } from 'chai'
import { passwords } from '../../../src/people/passwords.ts'
import { signIn as signInAct } from '../../../src/people/sign-in.ts'
import { onBothStores } from '../bed.ts'
import { browser, cookieOf, join, OWN_PAGE, send, signIn, trySignIn } from './browser.ts'

const MINUTE = 60_000
const said = (answer: { status: number; json: () => Record<string, unknown> }) => [answer.status, answer.json().code]

onBothStores('People: sign in', (bed) => {
  it('opens a session in a cookie that scripts and other sites do not get', async () => {
    const b = bed()
    const answer = await trySignIn(b, b.demo.owner)
    expect(answer.status, answer.text).to.equal(200)
    const [cookie, ...more] = answer.headers.getSetCookie()
    expect(more).to.deep.equal([])
    expect(cookie).to.match(/^latchkey=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(answer.headers.get('access-control-allow-origin')).to.equal(null)
    const { id, scopes, ...who } = answer.json()
    expect(id).to.match(/^usr_/)
    expect(scopes).to.include('keys:write').and.not.include('operator:accounts')
    expect(who).to.deep.equal({
      type: 'person',
      account: 'acme',
      role: 'owner',
      holderId: null,
      name: 'Ada Owner',
      email: b.demo.owner.email,
      accounts: [{ id: 'acme', name: 'Acme Outdoor', role: 'owner' }],
    })
    const me = browser(b, cookieOf(answer))
    for (const path of ['/manage/whoami', '/manage/session'])
      expect((await me.get(path)).json(), path).to.deep.equal(answer.json())
  })

  for (const who of ['operator', 'support', 'owner', 'manager', 'viewer', 'holder'] as const) {
    it(`demo ${who}: in with the password of demo.json`, async () => {
      const me = await signIn(bed(), who)
      const role = { operator: 'admin' }[who as string] ?? who
      expect((await me.get('/manage/whoami')).json()).to.include({ type: 'person', role })
      expect((await me.get('/manage/catalog')).status).to.equal(200)
    })
  }

  it('takes the e-mail address in any case, and the password in any form of its letters', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const { email, password } = await join(
      b,
      owner,
      'acme',
      { email: 'Zoë@acme.example', role: 'viewer' },
      'cafe\u0301 au lait tiède',
    )
    expect(
      (await trySignIn(b, { email: ` ${email.toUpperCase()} `, password: password.normalize('NFC') })).status,
    ).to.equal(200)
  })

  it('answers alike whoever it is not: unknown, wrong, disabled, not accepted yet, of another account', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const gone = await join(b, owner, 'acme', { email: 'gone@acme.example', role: 'viewer' })
    expect((await owner.patch(`/manage/accounts/acme/members/${gone.id}`, { status: 'disabled' })).status).to.equal(200)
    await owner.post('/manage/accounts/acme/members', { email: 'new@acme.example', role: 'viewer', name: 'New' })
    const wishes = [
      { email: 'nobody@acme.example', password: 'correct horse battery' },
      { email: b.demo.owner.email, password: 'not the right one' },
      { email: gone.email, password: gone.password },
      { email: 'new@acme.example', password: 'correct horse battery' },
      { ...b.demo.owner, account: 'globex' },
      { ...b.demo.owner, account: 'nowhere' },
    ]
    const bodies = new Set<string>()
    for (const wish of wishes) {
      const answer = await trySignIn(b, wish)
      expect(said(answer), JSON.stringify(wish)).to.deep.equal([401, 'invalid_credentials'])
      expect(answer.headers.getSetCookie()).to.deep.equal([])
      bodies.add(JSON.stringify({ ...answer.json(), requestId: '' }))
    }
    expect(bodies.size).to.equal(1)
  })

  it('does the same work for somebody unknown as for somebody known', async () => {
    const b = bed()
    const work: string[] = []
    const counted = {
      ...passwords,
      verify: (phc: string | null, password: string) => {
        work.push('verify')
        return passwords.verify(phc, password)
      },
      hash: (password: string) => {
        work.push('hash')
        return passwords.hash(password)
      },
    }
    const from = { address: '192.0.2.1', userAgent: '', requestId: null }
    for (const email of ['nobody@acme.example', b.demo.owner.email, b.demo.viewer.email]) {
      work.length = 0
      const refused = await signInAct(
        { ...b.latchkey.people, passwords: counted },
        { email, password: 'x' },
        from,
      ).catch((error: unknown) => error)
      expect(refused).to.have.property('code', 'invalid_credentials')
      expect(work, email).to.deep.equal(['verify'])
    }
  })

  it('hashes anew where the parameters have changed', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const person = await join(b, owner, 'acme', { email: 'stale@acme.example', role: 'viewer' })
    const kept = async () => (await b.latchkey.store.get('', 'people', person.id))?.password as string
    const before = await kept()
    const stale = { ...b.latchkey.people, passwords: { ...passwords, isStale: () => true } }
    await signInAct(stale, person, { address: '192.0.2.2', userAgent: '', requestId: null })
    expect(await kept())
      .to.match(/^\$argon2id\$/)
      .and.not.equal(before)
    await signIn(b, person)
  })

  for (const [what, wish] of [
    ['no password', { email: 'a@b.example' }],
    ['an operator for an address', { email: { $gt: '' }, password: 'x' }],
    ['an unknown member', { email: 'a@b.example', password: 'x', admin: true }],
    ['an endless password', { email: 'a@b.example', password: 'x'.repeat(3000) }],
  ] as const) {
    it(`refuses ${what}: 400`, async () => {
      expect(said(await trySignIn(bed(), wish))).to.deep.equal([400, 'invalid_request'])
    })
  }
})

onBothStores(
  'People: sign-in limits',
  (bed) => {
    it('an attacker is stopped, and locks nobody out elsewhere', async () => {
      const b = bed()
      const attempt = (address: string, email: string, password = 'guess') =>
        trySignIn(b, { email, password }, { ...OWN_PAGE, 'x-forwarded-for': address })
      const codes: unknown[] = []
      for (let i = 0; i < 11; i++)
        codes.push((await attempt('203.0.113.9', b.demo.owner.email.toUpperCase())).json().code)
      expect(codes).to.deep.equal([...Array(10).fill('invalid_credentials'), 'rate_limited'])
      const over = await attempt('203.0.113.9', b.demo.owner.email, b.demo.owner.password)
      expect(over.json()).to.include({ status: 429, code: 'rate_limited', limit: 'address' })
      expect(Number(over.headers.get('retry-after'))).to.be.within(1, 900)
      expect((await attempt('203.0.113.10', b.demo.owner.email, b.demo.owner.password)).status).to.equal(200)
      b.pass(15 * MINUTE)
      expect((await attempt('203.0.113.9', b.demo.owner.email, b.demo.owner.password)).status).to.equal(200)
    })

    it('counts the unknown as the known, and what succeeds not at all', async () => {
      const b = bed()
      const from = (address: string) => ({ ...OWN_PAGE, 'x-forwarded-for': address })
      const unknown: number[] = []
      for (let i = 0; i < 11; i++)
        unknown.push((await trySignIn(b, { email: 'no@no.example', password: 'guess' }, from('203.0.113.20'))).status)
      expect(unknown).to.deep.equal([...Array(10).fill(401), 429])
      for (let i = 0; i < 12; i++)
        expect((await trySignIn(b, b.demo.viewer, from('203.0.113.21'))).status).to.equal(200)
    })
  },
  { env: { TRUST_PROXY: '1' } },
)

onBothStores('People: sessions', (bed) => {
  it('end after 30 minutes without use, and 12 hours after they began', async () => {
    const b = bed()
    const idle = await signIn(b, 'viewer')
    const busy = await signIn(b, 'viewer')
    b.pass(29 * MINUTE)
    expect((await busy.get('/manage/whoami')).status).to.equal(200)
    b.pass(MINUTE)
    expect(said(await idle.get('/manage/whoami'))).to.deep.equal([401, 'unauthenticated'])
    for (let at = 30; at + 20 < 12 * 60; at += 20) {
      expect((await busy.get('/manage/whoami')).status, `${at} min`).to.equal(200)
      b.pass(20 * MINUTE)
    }
    b.pass(20 * MINUTE)
    expect((await busy.get('/manage/whoami')).status).to.equal(401)
  })

  it('are listed, and ended: one, all others, this one', async () => {
    const b = bed()
    const first = await signIn(b, 'manager')
    b.pass(1000)
    const second = await signIn(b, 'manager')
    b.pass(1000)
    const third = await signIn(b, 'manager')
    const other = await signIn(b, 'viewer')
    const items = (await first.get('/manage/sessions')).json().items as Record<string, unknown>[]
    expect(items.map((s) => s.current)).to.deep.equal([true, false, false])
    expect(items[0]).to.have.all.keys('id', 'createdAt', 'lastSeenAt', 'address', 'userAgent', 'current')
    expect(items[0]).to.include({ address: '127.0.0.1', userAgent: 'node' })
    const theirs = (await other.get('/manage/sessions')).json().items as { id: string }[]
    expect((await first.delete(`/manage/sessions/${theirs[0]?.id}`)).status).to.equal(404)
    expect((await first.delete(`/manage/sessions/${items[1]?.id}`)).status).to.equal(204)
    expect((await second.get('/manage/whoami')).status).to.equal(401)
    expect((await first.delete('/manage/sessions')).status).to.equal(204)
    expect((await third.get('/manage/whoami')).status).to.equal(401)
    const out = await first.delete('/manage/session')
    expect(out.status).to.equal(204)
    expect(out.headers.getSetCookie()[0]).to.match(/^latchkey=; Max-Age=0; Path=\//)
    expect((await first.get('/manage/whoami')).status).to.equal(401)
    expect((await other.get('/manage/whoami')).status).to.equal(200)
    const log = await (await signIn(b, 'owner')).get('/manage/accounts/acme/events?type=session.ended&limit=200')
    const told = log.json().items as {
      data: { object: unknown }
      actor: unknown
      subject: unknown
      requestId: string
    }[]
    const ended = told.filter((one) => (one.actor as { name: string }).name === 'Max Manager').slice(-3)
    expect(ended.map(({ data }) => data.object)).to.deep.equal([items[1], items[2], items[0]])
    expect(ended[2]?.requestId).to.equal(out.headers.get('request-id'))
    expect(ended[0]?.subject).to.deep.equal({ type: 'session', id: items[1]?.id, name: 'Max Manager' })
  })

  it('end where their browser signs the same person in again, and nobody else’s does', async () => {
    const b = bed()
    const [old, other, stays] = [await signIn(b, 'viewer'), await signIn(b, 'viewer'), await signIn(b, 'manager')]
    const again = await trySignIn(b, b.demo.viewer, { ...OWN_PAGE, cookie: old.cookie })
    expect(again.status).to.equal(200)
    expect((await old.get('/manage/whoami')).status).to.equal(401)
    expect(
      (await trySignIn(b, { ...b.demo.viewer, password: 'guess' }, { ...OWN_PAGE, cookie: other.cookie })).status,
    ).to.equal(401)
    expect((await trySignIn(b, b.demo.viewer, { ...OWN_PAGE, cookie: stays.cookie })).status).to.equal(200)
    for (const me of [other, stays, browser(b, cookieOf(again))])
      expect((await me.get('/manage/whoami')).status).to.equal(200)
    b.pass(MINUTE)
  })

  it('of two accounts end each in the log of its own', async () => {
    const b = bed()
    const operator = await signIn(b, 'operator')
    const person = await join(b, operator, 'acme', { email: 'both@acme.example', role: 'viewer', name: 'Bo' })
    await join(b, operator, 'globex', { email: person.email, role: 'viewer', name: 'Bo G.' })
    const here = await signIn(b, person, 'acme')
    const there = await signIn(b, person, 'globex')
    expect((await here.delete('/manage/sessions')).status).to.equal(204)
    expect((await there.get('/manage/whoami')).status).to.equal(401)
    const log = await operator.get('/manage/accounts/globex/events?type=session.ended')
    expect((log.json().items as { actor: object }[])[0]?.actor).to.deep.equal({
      type: 'person',
      id: person.id,
      name: 'Bo G.',
    })
  })

  it('are bounded: the oldest gives way', async () => {
    const b = bed()
    const first = await signIn(b, 'support')
    b.pass(1000)
    for (let i = 0; i < 50; i++) await signIn(b, 'support')
    expect((await first.get('/manage/whoami')).status).to.equal(401)
  }).timeout(30_000)

  it('a new password ends every other session, and this one goes on under a new cookie', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const person = await join(b, owner, 'acme', { email: 'pat@acme.example', role: 'viewer' })
    const [here, there] = [await signIn(b, person), await signIn(b, person)]
    const change = (current: string, password: string) => here.put('/manage/session/password', { current, password })
    expect(said(await change('wrong', 'another fine password'))).to.deep.equal([401, 'invalid_credentials'])
    for (const bad of ['elevenchars', 'x'.repeat(1025)])
      expect((await change(person.password, bad)).json()).to.deep.include({
        code: 'invalid_request',
        errors: [{ pointer: '/password', detail: 'must have 12 to 1024 characters' }],
      })
    const changed = await change(person.password, 'another fine password')
    expect(changed.status).to.equal(204)
    expect((await there.get('/manage/whoami')).status).to.equal(401)
    expect((await here.get('/manage/whoami')).status, 'the old cookie').to.equal(401)
    expect((await browser(b, cookieOf(changed)).get('/manage/whoami')).status).to.equal(200)
    const { email, password } = person
    expect((await trySignIn(b, { email, password })).status).to.equal(401)
    await signIn(b, { email, password: 'another fine password' })
  })

  it('says what happened in the log: started, and failed once a minute, of known people alone', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    await b.latchkey.flush()
    const log = async (type: string) =>
      (await owner.get(`/manage/accounts/acme/events?type=${type}&order=desc&limit=200`)).json().items as Record<
        string,
        unknown
      >[]
    const before = (await log('session.failed')).length
    for (let i = 0; i < 3; i++) await trySignIn(b, { ...b.demo.viewer, password: 'guess' })
    await trySignIn(b, { email: 'nobody@acme.example', password: 'guess' })
    await b.latchkey.flush()
    const failed = await log('session.failed')
    expect(failed).to.have.length(before + 1)
    const [{ subject }] = failed as [{ subject: { id: string } }]
    const object = (await owner.get(`/manage/accounts/acme/members/${subject.id}`)).json()
    expect(object).to.include({ email: b.demo.viewer.email })
    expect(failed[0]).to.deep.include({ data: { object, address: '127.0.0.1', userAgent: 'node' } })
    expect(failed[0]?.subject).to.include({ type: 'member', name: 'Vera Viewer' })
    const [started] = await log('session.started')
    const sessions = (await owner.get('/manage/sessions')).json().items as { id: string; current: boolean }[]
    const session = sessions.find(({ current }) => current)
    expect(started?.actor).to.include({ type: 'person', name: 'Ada Owner' })
    expect(started?.subject).to.include({ type: 'session', id: session?.id })
    expect(started?.data).to.deep.equal({ object: session })
  })
})

onBothStores('People: forged requests', (bed) => {
  const SITES: [string, Record<string, string>, boolean][] = [
    ['same-origin', { 'sec-fetch-site': 'same-origin' }, true],
    ['same-site', { 'sec-fetch-site': 'same-site' }, false],
    ['cross-site', { 'sec-fetch-site': 'cross-site' }, false],
    ['none', { 'sec-fetch-site': 'none' }, false],
    ['cross-site that names our origin', { 'sec-fetch-site': 'cross-site', origin: 'OURS' }, false],
    ['an old browser on our page', { origin: 'OURS' }, true],
    ['an old browser elsewhere', { origin: 'https://evil.example' }, false],
    ['an opaque origin', { origin: 'null' }, false],
  ]
  const headersOf = (headers: Record<string, string>) =>
    Object.fromEntries(Object.entries(headers).map(([n, v]) => [n, v === 'OURS' ? new URL(bed().url).origin : v]))

  for (const [what, headers, fine] of SITES) {
    it(`a change with a cookie, and a sign-in, ${what}: ${fine ? 'taken' : '403 cross_site'}`, async () => {
      const b = bed()
      const { cookie } = await signIn(b, 'viewer')
      const change = await send(b, 'DELETE', '/manage/sessions', { headers: { cookie, ...headersOf(headers) } })
      const signedIn = await trySignIn(b, b.demo.viewer, headersOf(headers))
      if (fine) expect([change.status, signedIn.status]).to.deep.equal([204, 200])
      else
        expect([said(change), said(signedIn)]).to.deep.equal([
          [403, 'cross_site'],
          [403, 'cross_site'],
        ])
    })
  }

  it('a change with a cookie and no word of a page is refused; a sign-in by a program is not', async () => {
    const b = bed()
    const { cookie } = await signIn(b, 'viewer')
    expect(said(await send(b, 'DELETE', '/manage/sessions', { headers: { cookie } }))).to.deep.equal([
      403,
      'cross_site',
    ])
    expect((await send(b, 'GET', '/manage/sessions', { headers: { cookie } })).status).to.equal(200)
    expect((await trySignIn(b, b.demo.viewer, {})).status).to.equal(200)
  })

  it('no other origin reads or preflights anything below /manage', async () => {
    const b = bed()
    const preflight = await send(b, 'OPTIONS', '/manage/session', {
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).to.equal(405)
    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).to.deep.equal([])
  })

  it('beside Authorization the cookie counts for nothing', async () => {
    const b = bed()
    const { cookie } = await signIn(b, 'owner')
    const bad = await send(b, 'GET', '/manage/whoami', { headers: { cookie, authorization: 'Bearer nonsense' } })
    expect(said(bad)).to.deep.equal([401, 'invalid_token'])
    const good = await send(b, 'GET', '/manage/whoami', {
      headers: { cookie, authorization: `Bearer ${await b.token('resource-server')}` },
    })
    expect(good.json()).to.include({ type: 'program', id: b.keyId('resource-server') })
    const basic = await send(b, 'GET', '/manage/whoami', { headers: { cookie, authorization: 'Basic eDp5' } })
    expect(basic.status).to.equal(401)
  })

  it('a made-up, cut or doubled cookie is nobody', async () => {
    const b = bed()
    const { cookie } = await signIn(b, 'owner')
    for (const bad of [
      `latchkey=${'A'.repeat(43)}`,
      cookie.slice(0, -1),
      `${cookie}x`,
      'latchkey=',
      '__Host-latchkey=x',
    ])
      expect((await send(b, 'GET', '/manage/whoami', { headers: { cookie: bad } })).status, bad).to.equal(401)
    expect((await send(b, 'GET', '/manage/whoami', { headers: { cookie: `a=b; ${cookie}; c=d` } })).status).to.equal(
      200,
    )
  })
})
