import { expect } from 'chai'
import { type Answer, type Bed, onBothStores } from '../bed.ts'
import { type Caller, callerOf, eventsOf, statusOf } from '../manage/caller.ts'
import { send, signIn } from '../people/browser.ts'

const KEYS = '/manage/accounts/acme/keys'
const HOUR = 3_600_000
const DAY = 24 * HOUR
const WISH = { name: 'Shared <b>', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
const said = (answer: Pick<Answer, 'status' | 'json'>) => [answer.status, answer.json().code]
const iso = (at: number) => new Date(at).toISOString()
const HTML = { accept: 'text/html' }

async function make(me: Caller, wish: object = {}) {
  const answer = await me.post(KEYS, { ...WISH, ...wish })
  expect(answer.status, answer.text).to.equal(201)
  const { key, secret } = answer.json() as { key: { id: string; version: number }; secret: string }
  return { key, secret, path: `${KEYS}/${key.id}` }
}
async function share(me: Caller, path: string, wish: object = {}): Promise<string> {
  const answer = await me.post(`${path}/share`, wish)
  expect(answer.status, answer.text).to.equal(201)
  return answer.json().url as string
}
const works = async (b: Bed, apiKey: string) => (await b.post('/v2/jwts', { json: { apiKey } })).status

onBothStores('Sharing a key', (bed) => {
  const caller = async () => callerOf(bed(), 'acme-manage')
  // Refused exchanges of a minute are counted by address.
  beforeEach(() => bed().pass(60_000))

  it('the link is opened once, and gives a fresh secret beside the one in use', async () => {
    const b = bed()
    const me = await caller()
    const { key, secret: old, path } = await make(me)
    const answer = await me.post(`${path}/share`, { expiresInSeconds: 3600 })
    const { url, expiresAt } = answer.json() as { url: string; expiresAt: string }
    expect(url).to.match(new RegExp(`^${b.url}/share/[\\w-]{43}$`))
    expect(expiresAt).to.equal(iso(b.now() + HOUR))
    const opened = await b.post(url)
    expect(opened.status, opened.text).to.equal(200)
    expect(opened.headers.get('cache-control')).to.equal('no-store')
    expect(opened.headers.get('referrer-policy')).to.equal('no-referrer')
    const { secret, ...rest } = opened.json() as { secret: string }
    expect(rest).to.deep.equal({
      account: 'acme',
      key: { id: key.id, name: WISH.name, namespace: 'v2', kind: 'secret' },
      exchangeUrl: `${b.url}/v2/jwts`,
      documentationUrl: `${b.url}/docs?ns=v2`,
      guideUrl: `${b.url}/guide?ns=v2`,
    })
    expect([await works(b, old), await works(b, secret)]).to.deep.equal([200, 200])
    const shown = (await me.get(path)).json() as { rotation: { endsAt: string } }
    expect(shown.rotation.endsAt).to.equal(iso(b.now() + DAY))
    const openedAt = b.now()
    b.pass(1000)
    const again = await b.post(url)
    expect(said(again)).to.deep.equal([410, 'link_used'])
    expect(again.json().detail).to.include(iso(openedAt))
    expect(said(await b.get(url, { accept: 'application/json' }))).to.deep.equal([410, 'link_used'])
    const events = await eventsOf(me, 'acme', key.id)
    expect(events.map(({ type }) => type)).to.deep.equal([
      'key.created',
      'key.shared',
      'key.rotated',
      'key.share_opened',
    ])
    expect(events[3]?.actor).to.deep.equal({ type: 'person', id: null, name: 'Whoever opened the share link' })
    const kept = JSON.stringify([events, (await b.latchkey.store.page('acme', 'shares', { limit: 100 })).items])
    for (const hidden of [secret.slice(21, 53), url.split('/').at(-1) as string]) expect(kept).to.not.include(hidden)
  })

  it('GET shows a page and does nothing', async () => {
    const b = bed()
    const me = await caller()
    const { path, secret } = await make(me)
    const url = await share(me, path)
    for (const accept of ['text/html', '*/*', 'application/json']) {
      const page = await b.get(url, { accept })
      expect(page.status).to.equal(200)
      expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8')
      expect(page.headers.get('cache-control')).to.equal('no-store')
      expect(page.headers.get('referrer-policy')).to.equal('no-referrer')
      expect(page.headers.get('content-security-policy')).to.include("default-src 'none'")
      expect(page.text).to.include('<form method="post">').and.include('noindex').and.include('Shared &lt;b&gt;')
      expect(page.text).to.not.include('<script')
    }
    expect((await fetch(url, { method: 'HEAD' })).status).to.be.oneOf([200, 405])
    expect(await works(b, secret)).to.equal(200)
    expect(((await me.get(path)).json() as { secrets: unknown[] }).secrets).to.have.length(1)
  })

  it('a form opens it as a page; another site does not', async () => {
    const b = bed()
    const me = await caller()
    const { path } = await make(me)
    const url = await share(me, path, { overlapSeconds: 0 })
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }] as const) {
      const answer = await send(b, 'POST', url, { headers: { ...headers } as Record<string, string> })
      expect(said(answer)).to.deep.equal([403, 'cross_site'])
    }
    const page = await b.post(url, { form: {}, headers: { ...HTML, 'sec-fetch-site': 'same-origin' } })
    expect(page.status, page.text).to.equal(200)
    const [secret = ''] = /lk_v2_sk_\w{50}/.exec(page.text) ?? []
    expect(await works(b, secret)).to.equal(200)
    expect(page.text).to.include(`curl -X POST ${b.url}/v2/jwts`).and.include(`${b.url}/docs?ns=v2`)
    expect(page.text).to.include(`${b.url}/guide?ns=v2`)
    const again = await b.post(url, { form: {}, headers: HTML })
    expect([again.status, again.headers.get('content-type')]).to.deep.equal([410, 'text/html; charset=utf-8'])
  })

  it('the page says what becomes of the secret in use', async () => {
    const b = bed()
    const me = await caller()
    const says = async (url: string) => /ready\. ?(.*?)<\/p>/.exec((await b.get(url, HTML)).text)?.[1]
    const { path } = await make(me)
    const goesOn = (long: string) => `The one in use now goes on for ${long}, so that you can change over in peace.`
    expect(await says(await share(me, path))).to.equal(goesOn('24 hours'))
    expect(await says(await share(me, path, { overlapSeconds: 90 }))).to.equal(goesOn('90 seconds'))
    expect(await says(await share(me, path, { overlapSeconds: 0 }))).to.equal('The one in use now ends at once.')
    await me.post(`${path}/rotate`, { overlapSeconds: 7200 })
    expect(await says(await share(me, path, { overlapSeconds: 0 }))).to.equal(goesOn('2 hours'))
    const ending = await make(me, { expiresAt: iso(b.now() + HOUR / 2) })
    expect(await says(await share(me, ending.path))).to.equal(goesOn('30 minutes'))
    const fresh = (await me.post(KEYS, { ...WISH, deliver: 'share' })).json() as { shareUrl: string }
    expect(await says(fresh.shareUrl)).to.equal('')
  })

  it('a link made with the key does not end a secret that was made since', async () => {
    const b = bed()
    const me = await caller()
    const made = (await me.post(KEYS, { ...WISH, deliver: 'share' })).json() as {
      key: { id: string }
      shareUrl: string
    }
    const path = `${KEYS}/${made.key.id}`
    const { secret } = (await me.post(`${path}/rotate`, { overlapSeconds: 0 })).json() as { secret: string }
    const opened = (await b.post(made.shareUrl)).json() as { secret: string }
    expect([await works(b, secret), await works(b, opened.secret)]).to.deep.equal([200, 200])
    const shown = (await me.get(path)).json() as { rotation: { endsAt: string } }
    expect(shown.rotation.endsAt).to.equal(iso(b.now() + DAY))
  })

  it('overlap 0: opening ends the secret in use and its tokens', async () => {
    const b = bed()
    const me = await caller()
    const { path, secret: old } = await make(me)
    const token = (await b.post('/v2/jwts', { json: { apiKey: old } })).text
    const url = await share(me, path, { overlapSeconds: 0 })
    expect(await works(b, old)).to.equal(200)
    expect((await b.post(url)).status).to.equal(200)
    expect(statusOf(b, token)).to.equal(1)
    expect(await works(b, old)).to.equal(401)
  })

  it('unknown, expired, cancelled and replaced links are the same 404', async () => {
    const b = bed()
    const me = await caller()
    const { path, key } = await make(me)
    const replaced = await share(me, path)
    const cancelled = await share(me, path)
    expect((await me.delete(`${path}/share`)).status).to.equal(204)
    expect(said(await me.delete(`${path}/share`))).to.deep.equal([404, 'not_found'])
    const expired = await share(me, path, { expiresInSeconds: 60 })
    b.pass(60_000)
    const answers = await Promise.all(
      [replaced, cancelled, expired, `${b.url}/share/${'a'.repeat(43)}`, `${b.url}/share/x`].map((url) => b.post(url)),
    )
    const bodies = new Set(answers.map((a) => JSON.stringify([a.status, { ...a.json(), requestId: '' }])))
    expect(bodies.size).to.equal(1)
    expect(answers[0]?.status).to.equal(404)
    const types = (await eventsOf(me, 'acme', key.id)).map(({ type }) => type)
    expect(types).to.deep.equal(['key.created', 'key.shared', 'key.shared', 'key.updated', 'key.shared'])
  })

  it('two links made at once: one is good', async () => {
    const b = bed()
    const me = await caller()
    const { path } = await make(me)
    const urls = await Promise.all(Array.from({ length: 5 }, () => share(me, path)))
    const pages = await Promise.all(urls.map((url) => b.get(url)))
    expect(pages.filter(({ status }) => status === 200)).to.have.length(1)
  })

  it('100 who open at once: one sees the secret', async () => {
    const b = bed()
    const me = await caller()
    const { path } = await make(me)
    const url = await share(me, path)
    const answers = await Promise.all(Array.from({ length: 100 }, () => b.post(url)))
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
    expect(answers.filter(({ status }) => status === 410)).to.have.length(99)
    expect(((await me.get(path)).json() as { secrets: unknown[] }).secrets).to.have.length(2)
  }).timeout(60_000)

  it('while a rotation runs whose secret is used, it waits', async () => {
    const b = bed()
    const me = await caller()
    const { path } = await make(me)
    const url = await share(me, path)
    const { secret } = (await me.post(`${path}/rotate`, { overlapSeconds: 3600 })).json() as { secret: string }
    expect(await works(b, secret)).to.equal(200)
    expect(said(await b.post(url))).to.deep.equal([409, 'rotation_in_progress'])
    await me.delete(`${path}/rotation`)
    expect((await b.post(url)).status).to.equal(200)
  })

  it('of a revoked key: 404; of a suspended holder: 403, and good again afterwards', async () => {
    const b = bed()
    const me = await caller()
    const revoked = await make(me)
    const dead = await share(me, revoked.path)
    await me.post(`${revoked.path}/revoke`, { reason: 'other' })
    expect(said(await b.post(dead))).to.deep.equal([404, 'not_found'])
    expect(said(await me.post(`${revoked.path}/share`, {}))).to.deep.equal([409, 'key_revoked'])
    const { path } = await make(me, { holderId: b.demo.holders.bluemedia })
    const url = await share(me, path)
    const holder = `/manage/accounts/acme/holders/${b.demo.holders.bluemedia}`
    expect((await me.post(`${holder}/suspend`, {})).status).to.equal(200)
    expect(said(await b.post(url))).to.deep.equal([403, 'holder_suspended'])
    expect((await b.get(url, HTML)).status).to.equal(403)
    await me.post(`${holder}/resume`, {})
    expect((await b.post(url)).status).to.equal(200)
  })

  it('deliver: share makes a key that has no secret until its link is opened', async () => {
    const b = bed()
    const me = await caller()
    const headers = { 'idempotency-key': 'deliver-1' }
    const answer = await me.post(KEYS, { ...WISH, deliver: 'share' }, headers)
    expect(answer.status, answer.text).to.equal(201)
    const { key, shareUrl, ...rest } = answer.json() as {
      key: { id: string; secrets: unknown[]; tokenEndpointAuthMethod: string }
      shareUrl: string
    }
    expect(rest).to.deep.equal({})
    expect([key.secrets, key.tokenEndpointAuthMethod]).to.deep.equal([[], 'client_secret_basic'])
    const replay = (await me.post(KEYS, { ...WISH, deliver: 'share' }, headers)).json()
    expect(replay).to.deep.equal({ key, shareUrl: null })
    b.pass(6 * DAY)
    const { secret } = (await b.post(shareUrl)).json() as { secret: string }
    expect(await works(b, secret)).to.equal(200)
    const shown = (await (await caller()).get(`${KEYS}/${key.id}`)).json() as { secrets: unknown[]; rotation: null }
    expect([shown.secrets.length, shown.rotation]).to.deep.equal([1, null])
    const types = (await eventsOf(await caller(), 'acme', key.id)).map(({ type }) => type)
    expect(types).to.deep.equal(['key.created', 'key.shared', 'key.rotated', 'key.share_opened'])
    const pair = { tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'https://client.example/jwks' }
    const refused = await (await caller()).post(KEYS, { ...WISH, ...pair, deliver: 'share' })
    expect(said(refused)).to.deep.equal([400, 'invalid_request'])
    expect(refused.json().errors).to.deep.include({
      pointer: '/deliver',
      detail: 'must not be share: a key with its own key pair has no secret.',
    })
  })

  it('Idempotency-Key: one link, told once', async () => {
    const me = await caller()
    const { path } = await make(me)
    const headers = { 'idempotency-key': 'share-1' }
    const first = (await me.post(`${path}/share`, {}, headers)).json()
    const again = (await me.post(`${path}/share`, {}, headers)).json()
    expect(again).to.deep.equal({ ...first, url: null })
    expect((await bed().get(first.url as string)).status).to.equal(200)
  })

  for (const wish of [{ expiresInSeconds: 604_801 }, { expiresInSeconds: 0 }, { overlapSeconds: -1 }, { more: 1 }]) {
    it(`${JSON.stringify(wish)}: 400`, async () => {
      const answer = await (await caller()).post(`${KEYS}/${bed().keyId('acme-v2-readonly')}/share`, wish)
      expect(said(answer)).to.deep.equal([400, 'invalid_request'])
    })
  }

  it('what cannot be shared is not: a manage key by a program, anything by a viewer', async () => {
    const b = bed()
    const me = await caller()
    const manage = await me.post(`${KEYS}/${b.keyId('acme-manage')}/share`, {})
    expect(said(manage)).to.deep.equal([403, 'exceeds_your_rights'])
    const viewer = await signIn(b, 'viewer')
    expect(said(await viewer.post(`${KEYS}/${b.keyId('acme-v2-readonly')}/share`, {}))).to.deep.equal([
      403,
      'forbidden',
    ])
  })
})
