import { expect } from 'chai'
import { unusedIds } from '../../../src/keys/create.ts'
import { closeOverlaps } from '../../../src/keys/end-rotation.ts'
import { newKeyId } from '../../../src/keys/grammar.rules.ts'
import { onBothStores } from '../bed.ts'
import { callerOf, eventsOf, statusOf } from '../manage/caller.ts'
import { signIn } from '../people/browser.ts'
import { KEYS, makeKey, whole } from './making.ts'

onBothStores('Suspending and resuming a key', (bed) => {
  it('suspended: refused, its tokens suspended; resumed: as before', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme)
    const token = await key.token()
    const suspended = await acme.post(`${key.path}/suspend`, {})
    expect(suspended.json()).to.include({ status: 'suspended', version: 2 })
    expect(suspended.headers.get('etag')).to.equal('"2"')
    expect(statusOf(b, token)).to.equal(2)
    expect((await key.exchange()).json()).to.include({ status: 403, code: 'key_suspended' })
    expect((await acme.post(`${key.path}/suspend`)).json()).to.deep.equal(suspended.json())
    const resumed = await acme.post(`${key.path}/resume`, {})
    expect(resumed.json()).to.include({ status: 'active', version: 3 })
    expect(statusOf(b, token)).to.equal(0)
    await key.token()
    expect((await acme.post(`${key.path}/resume`)).json()).to.deep.equal(resumed.json())
    const events = await eventsOf(acme, 'acme', key.id)
    expect(events.map(({ type, data }) => [type, data.object])).to.deep.equal([
      ['key.created', events[0]?.data.object],
      ['key.suspended', suspended.json()],
      ['key.resumed', resumed.json()],
    ])
  })

  it('resuming gives back nothing that something else has ended or suspended', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const { id } = (await acme.post('/manage/accounts/acme/holders', { type: 'vendor', name: 'V' })).json()
    const key = await makeKey(b, acme, { holderId: id })
    const old = await key.token()
    await acme.patch(key.path, { grants: whole('links:read') }, 1)
    const token = await key.token()
    await acme.post(`${key.path}/suspend`)
    await acme.post(`/manage/accounts/acme/holders/${id}/suspend`)
    await acme.post(`${key.path}/resume`)
    expect([statusOf(b, old), statusOf(b, token)]).to.deep.equal([1, 2])
    await acme.post(`/manage/accounts/acme/holders/${id}/resume`)
    expect([statusOf(b, old), statusOf(b, token)]).to.deep.equal([1, 0])
  })

  it('narrowed while suspended: its tokens stay ended when it is resumed', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme)
    const token = await key.token()
    await acme.post(`${key.path}/suspend`)
    expect((await acme.patch(key.path, { grants: whole('links:read') }, 2)).status).to.equal(200)
    await acme.post(`${key.path}/resume`)
    expect([statusOf(b, token), statusOf(b, await key.token())]).to.deep.equal([1, 0])
  })

  it('a revoked key is neither suspended nor resumed: 409', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme)
    await acme.post(`${key.path}/revoke`, { reason: 'other' })
    for (const verb of ['suspend', 'resume'])
      expect((await acme.post(`${key.path}/${verb}`)).json()).to.include({ status: 409, code: 'key_revoked' })
  })

  it('suspended and revoked at once: revoked, whichever came first', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    for (let n = 0; n < 5; n++) {
      const key = await makeKey(b, acme)
      const token = await key.token()
      const [suspended, revoked] = await Promise.all([
        acme.post(`${key.path}/suspend`),
        acme.post(`${key.path}/revoke`, { reason: 'other' }),
      ])
      expect(revoked.status).to.equal(200)
      expect([200, 409]).to.include(suspended.status)
      expect((await key.shown()).status).to.equal('revoked')
      expect(statusOf(b, token)).to.equal(1)
    }
  })

  it('support may, and a viewer may not', async () => {
    const b = bed()
    const key = await makeKey(b, await callerOf(b, 'acme-manage'))
    const support = await signIn(b, 'support')
    expect((await support.post(`${key.path}/suspend`, {})).json()).to.include({ status: 'suspended' })
    const viewer = await signIn(b, 'viewer')
    expect((await viewer.post(`${key.path}/resume`, {})).status).to.equal(403)
  })
})

onBothStores('Deleting a key', (bed) => {
  it('it is gone, its tokens end, its log stays', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme, { name: 'Short-lived' })
    const token = await key.token()
    const shown = await key.shown()
    const count = async () => (await b.latchkey.store.get('acme', 'heads', 'acme'))?.counts.keys as number
    const before = await count()
    expect((await acme.delete(key.path)).status).to.equal(204)
    expect(await count()).to.equal(before - 1)
    expect(statusOf(b, token)).to.equal(1)
    for (const answer of [
      await acme.get(key.path),
      await acme.delete(key.path),
      await acme.post(`${key.path}/resume`),
      await acme.post(`${key.path}/revoke`, { reason: 'other' }),
      await acme.patch(key.path, { name: 'x' }, 1),
    ])
      expect(answer.status).to.equal(404)
    expect((await key.exchange()).json()).to.include({ status: 401, code: 'invalid_api_key' })
    const list = (await acme.get(`${KEYS}?limit=200`)).json().items as { id: string }[]
    expect(list.map(({ id }) => id)).not.to.include(key.id)
    const events = await eventsOf(acme, 'acme', key.id)
    expect(events.map(({ type }) => type)).to.deep.equal(['key.created', 'key.deleted'])
    const { lastUsedAt, secrets, ...lasting } = shown
    expect(events[1]?.data.object).to.deep.include(lasting)
  })

  it('its id is never given again', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme)
    await acme.delete(key.path)
    const { store } = b.latchkey
    const taken = newKeyId((count) => Buffer.alloc(count, 7))
    await store.commit('acme', {
      insert: [{ collection: 'deletedKeys', document: { id: taken, account: '', deletedAt: b.now() } }],
    })
    let rolls = 0
    const given = await unusedIds({ store, random: (count) => Buffer.alloc(count, 7 + rolls++) }, 2)
    expect(given).to.deep.equal([8, 9].map((byte) => newKeyId((count) => Buffer.alloc(count, byte))))
    expect((await store.get('', 'deletedKeys', key.id))?.deletedAt).to.equal(b.now())
  })

  it('its open link is good for nothing, and its rotation is over, once and silently', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme)
    const old = await key.token()
    const { secret } = (await acme.post(`${key.path}/rotate`, { overlapSeconds: 3600 })).json() as { secret: string }
    const { text: fresh } = await b.post('/v2/jwts', { json: { apiKey: secret } })
    const { url } = (await acme.post(`${key.path}/share`, {})).json() as { url: string }
    expect([statusOf(b, old), statusOf(b, fresh)]).to.deep.equal([0, 0])
    expect((await acme.delete(key.path)).status).to.equal(204)
    expect([statusOf(b, old), statusOf(b, fresh)]).to.deep.equal([1, 1])
    for (const apiKey of [key.secret, secret])
      expect((await b.post('/v2/jwts', { json: { apiKey } })).json().code).to.equal('invalid_api_key')
    for (const answer of [await b.get(url), await b.post(url)])
      expect([answer.status, answer.headers.get('content-type')]).to.deep.equal([404, 'application/problem+json'])
    b.pass(3_600_000)
    await closeOverlaps(b.latchkey.keys)
    const again = await callerOf(b, 'acme-manage')
    const types = (await eventsOf(again, 'acme', key.id)).map(({ type }) => type)
    expect(types).to.deep.equal(['key.created', 'key.rotated', 'key.shared', 'key.deleted'])
    expect(await b.latchkey.store.get('acme', 'rotations', key.id)).to.equal(null)
  })

  it('a revoked key may be deleted; a manage key’s token is refused afterwards', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme)
    await acme.post(`${key.path}/revoke`, { reason: 'other' })
    expect((await acme.delete(key.path)).status).to.equal(204)
    const owner = await signIn(b, 'owner')
    const body = { name: 'M', namespace: 'manage', grants: whole('keys:read') }
    const made = (await owner.post(KEYS, body)).json() as { key: { id: string }; secret: string }
    const token = (await b.post('/manage/jwts', { json: { apiKey: made.secret } })).text
    expect((await b.get(KEYS, { authorization: `Bearer ${token}` })).status).to.equal(200)
    expect((await acme.delete(`${KEYS}/${made.key.id}`)).status).to.equal(204)
    expect((await b.get(KEYS, { authorization: `Bearer ${token}` })).status).to.equal(401)
  })
})
