import { expect } from 'chai'
import { tellResets } from '../../../src/people/reset-password.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { type Browser, join, OWN_PAGE, type Reply, send, signIn, trySignIn } from './browser.ts'

const DAY = 86_400_000
const NEW = 'a password quite new'
const said = ({ status, json }: Pick<Reply, 'status' | 'json'>) => [status, json().code]
const resetPath = (account: string, id: string) => `/manage/accounts/${account}/members/${id}/password-reset`
const use = (b: Bed, url: string, password = NEW) => send(b, 'POST', url, { json: { password } })
const issue = async (me: Browser, account: string, id: string) => {
  const answer = await me.post(resetPath(account, id), {})
  expect(answer.status, answer.text).to.equal(201)
  return answer.json().url as string
}
const told = async (me: Browser, account: string, id: string) =>
  (await me.get(`/manage/accounts/${account}/events?subject=${id}&limit=200`)).json().items as {
    type: string
    actor: Record<string, unknown>
    data: Record<string, unknown>
  }[]
const resets = (events: Awaited<ReturnType<typeof told>>) => events.filter(({ type }) => /password_reset/.test(type))

onBothStores('A lost password', (bed) => {
  let operator: Browser
  beforeEach(async () => {
    operator = await signIn(bed(), 'operator')
  })
  const somebody = (email: string) => join(bed(), operator, 'acme', { email, role: 'viewer', name: 'Sam' })

  it('is chosen anew by a link of an admin; every session ends, and every account is told', async () => {
    const b = bed()
    const sam = await somebody('sam@acme.example')
    const invited = await operator.post('/manage/accounts/globex/members', {
      email: sam.email,
      role: 'viewer',
      name: 'Sam G.',
    })
    await use(b, invited.json().invitationUrl as string, sam.password)
    await operator.post('/manage/accounts/operator/members', { email: sam.email, role: 'viewer', name: 'Sam O.' })
    const [here, there] = [await signIn(b, sam, 'acme'), await signIn(b, sam, 'globex')]
    const url = await issue(operator, 'acme', sam.id)
    expect(url).to.match(/^http:\/\/localhost:\d+\/password-resets\/[\w-]{43}$/)
    expect((await here.get('/manage/whoami')).status, 'nothing has happened yet').to.equal(200)
    const answer = await use(b, url)
    expect([answer.status, answer.json()]).to.deep.equal([200, { email: sam.email }])
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    for (const me of [here, there]) expect((await me.get('/manage/whoami')).status).to.equal(401)
    expect((await trySignIn(b, { email: sam.email, password: sam.password })).status).to.equal(401)
    await signIn(b, { email: sam.email, password: NEW })
    const acme = resets(await told(operator, 'acme', sam.id))
    expect(acme.map(({ type }) => type)).to.deep.equal(['member.password_reset_issued', 'member.password_reset'])
    expect(acme[0]?.actor).to.include({ type: 'person', onBehalfOf: 'acme' })
    expect(acme[1]?.actor).to.deep.equal({ type: 'person', id: null, name: 'Whoever opened the password link' })
    const globex = resets(await told(operator, 'globex', sam.id))
    expect(globex.map(({ type }) => type)).to.deep.equal(['member.password_reset'])
    const shown = (await operator.get(`/manage/accounts/globex/members/${sam.id}`)).json()
    expect(globex[0]?.data).to.deep.equal({ object: shown, address: '127.0.0.1' })
    expect(resets(await told(operator, 'operator', sam.id)), 'only invited there').to.deep.equal([])
    const everything = JSON.stringify([acme, globex])
    for (const secret of [NEW, url.split('/').at(-1) as string]) expect(everything.includes(secret)).to.equal(false)
  })

  it('whoever took an address before its owner came loses it', async () => {
    const b = bed()
    const squatter = await somebody('victim@globex.example')
    const inside = await signIn(b, squatter)
    const wish = { email: squatter.email, role: 'owner', name: 'The owner of the address' }
    const { member, invitationUrl } = (await operator.post('/manage/accounts/globex/members', wish)).json() as {
      member: { id: string }
      invitationUrl: string
    }
    expect(said(await use(b, invitationUrl)), 'locked out').to.deep.equal([401, 'invalid_credentials'])
    expect((await use(b, await issue(operator, 'globex', member.id))).status).to.equal(200)
    expect((await inside.get('/manage/whoami')).status).to.equal(401)
    expect((await use(b, invitationUrl)).status).to.equal(200)
  })

  it('its link is made by admins of the operator alone, and of members that are there', async () => {
    const b = bed()
    const { id } = await somebody('few@acme.example')
    for (const who of ['support', 'owner', 'manager', 'viewer'] as const) {
      const answer = await (await signIn(b, who)).post(resetPath('acme', id), {})
      expect(said(answer), who).to.deep.equal([403, 'forbidden'])
      expect(answer.json().detail).to.match(/^You may not let a member choose a new password: .*role admin/)
    }
    const headers = { authorization: `Bearer ${await b.token('operator-manage')}` }
    expect(said(await b.post(resetPath('acme', id), { headers }))).to.deep.equal([403, 'forbidden'])
    for (const path of [resetPath('acme', 'usr_0000000000000000'), resetPath('globex', id), resetPath('nowhere', id)])
      expect(said(await operator.post(path, {})), path).to.deep.equal([404, 'not_found'])
    const forged = { cookie: operator.cookie, 'sec-fetch-site': 'cross-site' }
    expect(said(await send(b, 'POST', resetPath('acme', id), { headers: forged }))).to.deep.equal([403, 'cross_site'])
  })

  it('its link shows a form that works without scripts', async () => {
    const b = bed()
    const { id, email } = await somebody('form.reset@acme.example')
    const url = await issue(operator, 'acme', id)
    const page = await send(b, 'GET', url, { headers: { accept: 'text/html' } })
    expect(page.headers.get('cache-control')).to.equal('no-store')
    expect(page.headers.get('referrer-policy')).to.equal('no-referrer')
    expect(page.text).to.include('Choose a new password').and.include(email).and.not.include('<script')
    const post = (password: string, headers: Record<string, string> = OWN_PAGE) =>
      fetch(url, {
        method: 'POST',
        body: new URLSearchParams({ password }),
        headers: { accept: 'text/html', ...headers },
      })
    const short = await post('too short')
    expect([short.status, await short.text()].join()).to.match(/^400,.*The password must have 12 to 1024 characters/s)
    expect((await post(NEW, { 'sec-fetch-site': 'cross-site' })).status).to.equal(403)
    const done = await post(NEW)
    expect([done.status, await done.text()].join()).to.match(/^200,.*Your password is changed/s)
  })

  it('its link is good once, for a day, until a newer one or another change of the password', async () => {
    const b = bed()
    const { id, email } = await somebody('once.reset@acme.example')
    const [first, second] = [await issue(operator, 'acme', id), await issue(operator, 'acme', id)]
    expect((await use(b, second)).status).to.equal(200)
    const at = new Date(b.now()).toISOString()
    for (const answer of [await use(b, second), await send(b, 'GET', second)]) {
      expect(said(answer)).to.deep.equal([410, 'link_used'])
      expect(answer.json().detail).to.include(at)
    }
    const overtaken = await issue(operator, 'acme', id)
    const me = await signIn(b, { email, password: NEW })
    await me.put('/manage/session/password', { current: NEW, password: `${NEW}er` })
    const expired = await issue(operator, 'acme', (await somebody('late.reset@acme.example')).id)
    b.pass(DAY)
    const bodies = new Set<string>()
    for (const url of [first, overtaken, expired, `${b.url}/password-resets/x`]) {
      for (const answer of [await use(b, url), await send(b, 'GET', url)]) {
        expect(answer.status, url).to.equal(404)
        bodies.add(JSON.stringify({ ...answer.json(), requestId: '' }))
      }
    }
    expect(bodies.size).to.equal(1)
  })

  it('a hundred uses of one link at the same time: one counts', async () => {
    const b = bed()
    const { id, email } = await somebody('hundred.reset@acme.example')
    const url = await issue(operator, 'acme', id)
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => use(b, url, `${NEW} ${i}`)))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).to.have.length(1)
    for (const status of statuses) expect(status).to.be.oneOf([200, 409, 410, 503])
    await signIn(b, { email, password: `${NEW} ${statuses.indexOf(200)}` })
    expect(resets(await told(operator, 'acme', id))).to.have.length(2)
  }).timeout(60_000)

  it('with an Idempotency-Key there is one link, told once', async () => {
    const { id } = await somebody('key.reset@acme.example')
    const key = { 'idempotency-key': 'reset-1' }
    const first = await operator.post(resetPath('acme', id), undefined, key)
    const again = await operator.post(resetPath('acme', id), undefined, key)
    expect([first.status, again.status, again.json()]).to.deep.equal([201, 201, { url: null }])
    expect((await use(bed(), first.json().url as string)).status, 'it still stands').to.equal(200)
  })

  it('what a stopped process left untold is told later, once, and not of who has left', async () => {
    const b = bed()
    const { store } = b.latchkey
    const [stays, left] = [await somebody('stays@acme.example'), await somebody('left@acme.example')]
    for (const [n, personId] of [stays.id, left.id].entries()) {
      const document = {
        id: `ntc_${n}`,
        account: '',
        home: 'acme',
        personId,
        address: '',
        requestId: null,
        createdAt: n,
      }
      await store.commit('', { insert: [{ collection: 'resetNotices', document }] })
    }
    await operator.delete(`/manage/accounts/acme/members/${left.id}`)
    await Promise.all([tellResets(b.latchkey.people), tellResets(b.latchkey.people)])
    expect(resets(await told(operator, 'acme', stays.id))).to.have.length(1)
    expect(resets(await told(operator, 'acme', left.id))).to.have.length(0)
    expect((await store.page('', 'resetNotices', { limit: 10 })).items).to.deep.equal([])
  })
})
