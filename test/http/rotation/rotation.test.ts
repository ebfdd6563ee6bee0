import { expect } from 'chai'
import { closeOverlaps } from '../../../src/keys/end-rotation.ts'
import { type Answer, type Bed, onBothStores } from '../bed.ts'
import { type Caller, callerOf, eventsOf, statusOf } from '../manage/caller.ts'
import { signIn } from '../people/browser.ts'

const KEYS = '/manage/accounts/acme/keys'
const HOUR = 3_600_000
const DAY = 24 * HOUR
const WISH = { name: 'Turns', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }

interface Shown {
  id: string
  version: number
  lastUsedAt: string | null
  secrets: { id: string; last4: string; expiresAt: string | null; lastUsedAt: string | null }[]
  rotation: { endsAt: string; safeToEnd: boolean } | null
}
interface Given {
  key: Shown
  secret: string
}
const given = (answer: Pick<Answer, 'status' | 'text' | 'json'>, status = 200): Given => {
  expect(answer.status, answer.text).to.equal(status)
  return answer.json() as unknown as Given
}
const said = (answer: Pick<Answer, 'status' | 'json'>) => [answer.status, answer.json().code]
const iso = (at: number) => new Date(at).toISOString()

async function make(me: Caller, wish: object = {}): Promise<Given & { path: string }> {
  const made = given(await me.post(KEYS, { ...WISH, ...wish }), 201)
  return { ...made, path: `${KEYS}/${made.key.id}` }
}
const exchange = (b: Bed, secret: string) => b.post('/v2/jwts', { json: { apiKey: secret } })
const works = async (b: Bed, secret: string) => (await exchange(b, secret)).status
const shown = async (me: Caller, path: string) => (await me.get(path)).json() as unknown as Shown

onBothStores('Rotation', (bed) => {
  const caller = async () => callerOf(bed(), 'acme-manage')
  // Refused exchanges of a minute are counted by address.
  beforeEach(() => bed().pass(60_000))

  it('both secrets are good until the overlap ends, each with its own last use', async () => {
    const b = bed()
    const me = await caller()
    const { secret: old, path, key } = await make(me)
    const start = b.now()
    const { key: turned, secret } = given(await me.post(`${path}/rotate`, { overlapSeconds: 3600 }))
    expect(turned.id).to.equal(key.id)
    expect(turned.version).to.equal(key.version + 1)
    expect(secret)
      .to.match(/^lk_v2_sk_/)
      .and.not.equal(old)
    expect(turned.secrets.map((s) => [s.last4, s.expiresAt])).to.deep.equal([
      [old.slice(-4), iso(start + HOUR)],
      [secret.slice(-4), null],
    ])
    expect(turned.rotation).to.deep.equal({ endsAt: iso(start + HOUR), safeToEnd: false })
    b.pass(1000)
    expect(await works(b, old)).to.equal(200)
    b.pass(1000)
    expect(await works(b, secret)).to.equal(200)
    await b.latchkey.flush()
    expect((await shown(me, path)).secrets.map((s) => s.lastUsedAt)).to.deep.equal([
      iso(start + 1000),
      iso(start + 2000),
    ])
    b.pass(HOUR / 2)
    const again = await caller()
    expect((await shown(again, path)).rotation?.safeToEnd).to.equal(true)
    b.pass(HOUR / 2 - 2000)
    expect(await works(b, old)).to.equal(401)
    expect(await works(b, secret)).to.equal(200)
  })

  it('the token of the old secret does not outlive it', async () => {
    const b = bed()
    const me = await caller()
    const { secret, path } = await make(me)
    await me.post(`${path}/rotate`, { overlapSeconds: 100 })
    const answer = await b.post('/v2/jwts', { json: { apiKey: secret }, headers: { accept: 'application/json' } })
    expect(answer.json().expires_in).to.be.at.most(100)
  })

  it('overlap 0 ends the old secret and its tokens in the same commit', async () => {
    const b = bed()
    const me = await caller()
    const { secret: old, path, key } = await make(me)
    const token = (await exchange(b, old)).text
    const { key: turned, secret } = given(await me.post(`${path}/rotate`, { overlapSeconds: 0 }))
    expect([turned.secrets.length, turned.rotation]).to.deep.equal([1, null])
    expect(statusOf(b, token)).to.equal(1)
    expect([await works(b, old), await works(b, secret)]).to.deep.equal([401, 200])
    const events = await eventsOf(me, 'acme', key.id)
    expect(events.map(({ type }) => type)).to.deep.equal(['key.created', 'key.rotated'])
    expect(events[1]?.data.object).to.deep.equal(turned)
    expect(JSON.stringify(events)).to.not.include(secret.slice(21, 53))
  })

  it('never goes beyond the end of the key', async () => {
    const b = bed()
    const me = await caller()
    const expiresAt = iso(b.now() + HOUR)
    const { path } = await make(me, { expiresAt })
    const { key } = given(await me.post(`${path}/rotate`, { overlapSeconds: 2_592_000 }))
    expect(key.rotation?.endsAt).to.equal(expiresAt)
    const moved = (await me.patch(`${path}/rotation`, { overlapSeconds: 2_592_000 }, null)).json() as unknown as Shown
    expect(moved.rotation?.endsAt).to.equal(expiresAt)
    b.pass(HOUR)
    expect(said(await (await caller()).post(`${path}/rotate`, { overlapSeconds: 0 }))).to.deep.equal([
      409,
      'key_expired',
    ])
  })

  it('a key that is to end sooner ends the overlap with it, for good', async () => {
    const b = bed()
    const me = await caller()
    const { path, secret: old, key } = await make(me)
    const { key: turned, secret } = given(await me.post(`${path}/rotate`, { overlapSeconds: 7200 }))
    const sooner = iso(b.now() + HOUR)
    const cut = (await me.patch(path, { expiresAt: sooner }, turned.version)).json() as unknown as Shown
    expect([cut.rotation?.endsAt, cut.secrets[0]?.expiresAt]).to.deep.equal([sooner, sooner])
    await me.patch(path, { expiresAt: iso(b.now() + DAY) }, cut.version)
    expect([await works(b, old), await works(b, secret)]).to.deep.equal([200, 200])
    b.pass(HOUR)
    const again = await caller()
    expect((await shown(again, path)).rotation).to.equal(null)
    expect([await works(b, old), await works(b, secret)]).to.deep.equal([401, 200])
    for (let n = 0; n < 2; n++) await closeOverlaps(b.latchkey.keys)
    const types = (await eventsOf(again, 'acme', key.id)).map(({ type }) => type)
    expect(types).to.deep.equal(['key.created', 'key.rotated', 'key.updated', 'key.updated', 'key.rotation_ended'])
  })

  it('a key that has expired shows no rotation, also after a later end', async () => {
    const b = bed()
    const me = await caller()
    const { path, secret: old } = await make(me)
    const { key: turned } = given(await me.post(`${path}/rotate`, { overlapSeconds: 7200 }))
    await me.patch(path, { expiresAt: iso(b.now() + HOUR) }, turned.version)
    b.pass(HOUR)
    const again = await caller()
    const expired = await shown(again, path)
    expect(expired.rotation).to.equal(null)
    await again.patch(path, { expiresAt: null }, expired.version)
    expect((await shown(again, path)).rotation).to.equal(null)
    expect(await works(b, old)).to.equal(401)
  })

  it('again after a lost answer: the unused secret is replaced, the one in use and the deadline stay', async () => {
    const b = bed()
    const me = await caller()
    const { secret: old, path } = await make(me)
    const first = given(await me.post(`${path}/rotate`, { overlapSeconds: 3600 }))
    b.pass(60_000)
    const second = given(await me.post(`${path}/rotate`, { overlapSeconds: 7200 }))
    expect(second.key.rotation).to.deep.equal(first.key.rotation)
    expect(second.key.secrets).to.have.length(2)
    expect([await works(b, old), await works(b, first.secret), await works(b, second.secret)]).to.deep.equal([
      200, 401, 200,
    ])
  })

  it('409 once the new secret was used, though nothing of it is written yet', async () => {
    const b = bed()
    const me = await caller()
    const { path } = await make(me)
    const { secret } = given(await me.post(`${path}/rotate`, { overlapSeconds: 3600 }))
    expect(await works(b, secret)).to.equal(200)
    expect(said(await me.post(`${path}/rotate`, { overlapSeconds: 0 }))).to.deep.equal([409, 'rotation_in_progress'])
    expect(await works(b, secret)).to.equal(200)
  })

  for (const [how, show, status] of [
    [
      'at introspection',
      (b: Bed, { id }: Shown, secret: string) =>
        b.post('/v2/oauth/introspect', { form: { client_id: id, client_secret: secret, token: 'x' } }),
      200,
    ],
    ['and refused', (b: Bed, _: Shown, apiKey: string) => b.post('/v3/jwts', { json: { apiKey } }), 403],
  ] as const) {
    it(`409 once the new secret was shown ${how}`, async () => {
      const me = await caller()
      const { path } = await make(me)
      const { key, secret } = given(await me.post(`${path}/rotate`, { overlapSeconds: 3600 }))
      expect((await show(bed(), key, secret)).status).to.equal(status)
      expect(said(await me.post(`${path}/rotate`, {}))).to.deep.equal([409, 'rotation_in_progress'])
    })
  }

  it('409 in doubt: an instance that does not answer may have seen it used', async () => {
    const b = bed()
    const me = await caller()
    const { path } = await make(me)
    given(await me.post(`${path}/rotate`, { overlapSeconds: 3600 }))
    const { store } = b.latchkey
    const silent = { id: 'ins_silent', account: '', asked: 0, answered: 0, seenAt: b.now() } as const
    await store.commit('', { insert: [{ collection: 'instances', document: silent }] })
    expect(said(await me.post(`${path}/rotate`, { overlapSeconds: 0 }))).to.deep.equal([409, 'rotation_in_progress'])
    // It ended well before this secret was made.
    const document = await store.get('', 'instances', silent.id)
    if (document === null) throw new Error('it is gone')
    const longAgo = { ...document, seenAt: b.now() - 61_000 }
    await store.commit('', { replace: [{ collection: 'instances', document: longAgo }] })
    expect((await me.post(`${path}/rotate`, { overlapSeconds: 0 })).status).to.equal(200)
    const rest = await store.get('', 'instances', silent.id)
    if (rest !== null) await store.commit('', { remove: [{ collection: 'instances', document: rest }] })
  })

  for (const overlapSeconds of [3600, 0]) {
    it(`of many at once one makes the successor (overlap ${overlapSeconds})`, async () => {
      const b = bed()
      const me = await caller()
      const { path, secret: old } = await make(me)
      const answers = await Promise.all(Array.from({ length: 20 }, () => me.post(`${path}/rotate`, { overlapSeconds })))
      const good = answers.filter(({ status }) => status === 200)
      // One that came in when the first had ended replaces an unused secret, which is no race any more.
      for (const answer of answers) expect([200, 409]).to.include(answer.status)
      const secrets = await Promise.all(good.map((a) => works(b, (a.json() as unknown as Given).secret)))
      expect(secrets.filter((status) => status === 200)).to.have.length(1)
      expect((await shown(me, path)).secrets.length).to.be.at.most(2)
      expect(await works(b, old)).to.equal(overlapSeconds === 0 ? 401 : 200)
    }).timeout(60_000)
  }

  it('Idempotency-Key: once, and the secret told once', async () => {
    const me = await caller()
    const { path } = await make(me)
    const headers = { 'idempotency-key': 'turn-1' }
    const first = given(await me.post(`${path}/rotate`, { overlapSeconds: 60 }, headers))
    const again = (await me.post(`${path}/rotate`, { overlapSeconds: 60 }, headers)).json()
    expect(again).to.deep.equal({ key: first.key, secret: null })
    const other = await me.post(`${path}/rotate`, { overlapSeconds: 61 }, headers)
    expect(said(other)).to.deep.equal([422, 'idempotency_key_reused'])
  })

  it('the overlap is moved, from now, and ended, with the tokens of the old secret', async () => {
    const b = bed()
    const me = await caller()
    const { path, secret: old, key } = await make(me)
    expect(said(await me.patch(`${path}/rotation`, { overlapSeconds: 60 }, null))).to.deep.equal([409, 'no_rotation'])
    expect(said(await me.delete(`${path}/rotation`))).to.deep.equal([409, 'no_rotation'])
    given(await me.post(`${path}/rotate`, { overlapSeconds: 60 }))
    b.pass(30_000)
    const moved = await me.patch(`${path}/rotation`, { overlapSeconds: 7200 }, null)
    expect((moved.json() as unknown as Shown).rotation?.endsAt).to.equal(iso(b.now() + 2 * HOUR))
    expect(moved.headers.get('etag')).to.equal(`"${key.version + 2}"`)
    const stale = await me.patch(`${path}/rotation`, { overlapSeconds: 60 }, key.version + 1)
    expect([...said(stale), stale.headers.get('etag')]).to.deep.equal([
      412,
      'precondition_failed',
      `"${key.version + 2}"`,
    ])
    const same = await me.patch(`${path}/rotation`, { overlapSeconds: 7200 }, key.version + 2)
    expect([same.status, same.headers.get('etag')]).to.deep.equal([200, `"${key.version + 3}"`])
    const token = (await exchange(b, old)).text
    expect((await me.delete(`${path}/rotation`)).status).to.equal(204)
    expect(statusOf(b, token)).to.equal(1)
    expect(await works(b, old)).to.equal(401)
    const now = await shown(me, path)
    expect([now.rotation, now.secrets.length]).to.deep.equal([null, 1])
    const types = (await eventsOf(me, 'acme', key.id)).map(({ type }) => type)
    expect(types).to.deep.equal(['key.created', 'key.rotated', 'key.updated', 'key.updated', 'key.rotation_ended'])
  })

  it('an overlap that is over is closed by itself, once, with an event', async () => {
    const b = bed()
    const me = await caller()
    const { path, secret: old, key } = await make(me)
    const token = (await exchange(b, old)).text
    await b.latchkey.flush()
    given(await me.post(`${path}/rotate`, { overlapSeconds: 2 * 86_400 }))
    await closeOverlaps(b.latchkey.keys)
    expect((await shown(me, path)).secrets).to.have.length(2)
    b.pass(2 * DAY)
    await Promise.all([1, 2, 3].map(() => closeOverlaps(b.latchkey.keys)))
    const again = await caller()
    const kept = await b.latchkey.store.get('acme', 'keys', key.id)
    expect(kept?.secrets).to.have.length(1)
    const now = await shown(again, path)
    expect([now.rotation, now.secrets.length, now.version]).to.deep.equal([null, 1, 3])
    expect(statusOf(b, token)).to.equal(1)
    const ends = (await eventsOf(again, 'acme', key.id)).filter(({ type }) => type === 'key.rotation_ended')
    expect(ends).to.have.length(1)
    expect(ends[0]?.actor).to.deep.equal({ type: 'system', id: null, name: 'Latchkey' })
    expect(ends[0]?.data.object).to.deep.equal(now)
    given(await again.post(`${path}/rotate`, { overlapSeconds: 60 }))
  })

  it('is told of when the overlap is over, though nobody asks for anything', async () => {
    const b = bed()
    const { path, key } = await make(await caller())
    given(await (await caller()).post(`${path}/rotate`, { overlapSeconds: 60 }))
    b.pass(60_000)
    const me = await caller()
    const types = async () => (await eventsOf(me, 'acme', key.id)).map(({ type }) => type)
    while ((await types()).length < 3);
    expect(await types()).to.deep.equal(['key.created', 'key.rotated', 'key.rotation_ended'])
  })

  it('of a revoked key nothing is left to rotate', async () => {
    const me = await caller()
    const { path } = await make(me)
    given(await me.post(`${path}/rotate`, { overlapSeconds: 60 }))
    await me.post(`${path}/revoke`, { reason: 'other' })
    expect(said(await me.post(`${path}/rotate`, {}))).to.deep.equal([409, 'key_revoked'])
    expect(said(await me.delete(`${path}/rotation`))).to.deep.equal([409, 'no_rotation'])
    expect((await shown(me, path)).rotation).to.equal(null)
  })

  for (const overlapSeconds of [-1, 2_592_001, 1.5, '60', null]) {
    it(`overlapSeconds ${JSON.stringify(overlapSeconds)}: 400`, async () => {
      const me = await caller()
      const path = `${KEYS}/${bed().keyId('acme-v2-readonly')}`
      expect(said(await me.post(`${path}/rotate`, { overlapSeconds }))).to.deep.equal([400, 'invalid_request'])
      expect((await me.patch(`${path}/rotation`, { overlapSeconds }, null)).status).to.equal(400)
    })
  }

  it('nobody rotates a key of more than they have', async () => {
    const b = bed()
    const me = await caller()
    const manage = `${KEYS}/${b.keyId('acme-manage')}`
    expect(said(await me.post(`${manage}/rotate`, {}))).to.deep.equal([403, 'exceeds_your_rights'])
    expect(said(await me.post(`${manage}/share`, {}))).to.deep.equal([403, 'exceeds_your_rights'])
    const manager = await signIn(b, 'manager')
    expect(said(await manager.post(`${manage}/rotate`, {}))).to.deep.equal([403, 'exceeds_your_rights'])
    const owner = await signIn(b, 'owner')
    const made = given(
      await owner.post(KEYS, {
        ...WISH,
        namespace: 'manage',
        grants: [{ subAccount: null, scopes: ['members:write'] }],
      }),
      201,
    )
    given(await owner.post(`${KEYS}/${made.key.id}/rotate`, {}))
  })

  it('a holder rotates their own key and handles its rotation, but does not share it', async () => {
    const b = bed()
    const nora = await signIn(b, 'holder')
    const own = `${KEYS}/${b.keyId('acme-northwind')}`
    const { secret } = given(await nora.post(`${own}/rotate`, { overlapSeconds: 600 }))
    expect(await works(b, secret)).to.equal(200)
    expect((await nora.patch(`${own}/rotation`, { overlapSeconds: 60 }, null)).status).to.equal(200)
    expect((await nora.delete(`${own}/rotation`)).status).to.equal(204)
    expect((await nora.post(`${own}/share`, {})).status).to.equal(404)
    expect((await nora.post(`${KEYS}/${b.keyId('acme-v2-server')}/rotate`, {})).status).to.equal(404)
  })
})
