import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { type Bed, claimsOf, onBothStores } from '../bed.ts'
import { callerOf, eventsOf, statusOf } from '../manage/caller.ts'
import { type Browser, OWN_PAGE, send, signIn } from '../people/browser.ts'
import { KEYS, makeKey, whole } from './making.ts'

const jwk = (kid: string) => ({
  ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
  kid,
})

onBothStores('Changing a key', (bed) => {
  it('changes what is named, leaves the rest, and tells which members', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme)
    const before = await key.shown()
    b.pass(1000)
    const to = { name: 'Renamed', description: 'New purpose', customData: { team: 'a' } }
    const changed = await acme.patch(key.path, to, 1)
    expect(changed.status, changed.text).to.equal(200)
    expect(changed.headers.get('etag')).to.equal('"2"')
    const updatedAt = new Date(b.now()).toISOString()
    expect(changed.json()).to.deep.equal({ ...before, ...to, updatedAt, version: 2 })
    expect(await key.shown()).to.deep.equal(changed.json())
    const [, event] = await eventsOf(acme, 'acme', key.id)
    expect(event).to.deep.include({
      type: 'key.updated',
      data: { object: changed.json(), changed: ['name', 'description', 'customData'] },
    })
    const same = await acme.patch(key.path, { name: 'Renamed' }, 2)
    expect(same.json()).to.deep.equal(changed.json())
    expect(await eventsOf(acme, 'acme', key.id)).to.have.length(2)
  })

  it('needs the version that was read: 428 without, 412 with another', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const { path } = await makeKey(b, acme)
    expect((await acme.patch(path, { name: 'x' }, null)).status).to.equal(428)
    const stale = await acme.patch(path, { name: 'x' }, 9)
    expect([stale.status, stale.headers.get('etag')]).to.deep.equal([412, '"1"'])
    expect((await acme.patch(`${KEYS}/key_000000000000`, { name: 'x' }, 1)).status).to.equal(404)
  })

  it('of two with one version, one wins', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme)
    const answers = await Promise.all(['A', 'B'].map((name) => acme.patch(key.path, { name }, 1)))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 412])
    expect((await key.shown()).version).to.equal(2)
  })

  it('never changes namespace, kind or how it authenticates', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const { path } = await makeKey(b, acme)
    for (const member of [
      { namespace: 'v3' },
      { kind: 'publishable' },
      { tokenEndpointAuthMethod: 'private_key_jwt' },
    ]) {
      const answer = await acme.patch(path, member, 1)
      expect([answer.status, answer.json().code]).to.deep.equal([400, 'invalid_request'])
    }
  })

  it('holds to the rules of creation', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const { path } = await makeKey(b, acme)
    const flagged = (
      await acme.post('/manage/accounts/acme/holders', { type: 'partner', name: 'F', flags: ['new'] })
    ).json()
    const faults: [object, number, string][] = [
      [{ grants: whole('nope:read') }, 422, 'unknown_scope'],
      [{ grants: [{ subAccount: 'nope', scopes: ['links:read'] }] }, 422, 'unknown_sub_account'],
      [{ grants: [] }, 400, 'invalid_request'],
      [{ holderId: 'hld_nope' }, 422, 'unknown_holder'],
      [{ holderId: flagged.id }, 409, 'holder_flagged'],
      [{ allowedIps: ['300.1.1.1'] }, 400, 'invalid_request'],
      [{ allowedOrigins: ['nope'] }, 400, 'invalid_request'],
      [{ expiresAt: '2020-01-01T00:00:00Z' }, 400, 'invalid_request'],
      [{ jwks: { keys: [jwk('a')] } }, 400, 'invalid_request'],
      [{ name: b.secret('acme-manage') }, 400, 'invalid_request'],
    ]
    for (const [to, status, code] of faults) {
      const answer = await acme.patch(path, to, 1)
      expect([answer.status, answer.json().code], answer.text).to.deep.equal([status, code])
      expect(answer.text).not.to.include(b.secret('acme-manage'))
    }
    expect((await acme.patch(path, { holderId: flagged.id, confirm: true }, 1)).status).to.equal(200)
  })

  it('a revoked key is left as it is: 409', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const { path } = await makeKey(b, acme)
    await acme.post(`${path}/revoke`, { reason: 'other' })
    const answer = await acme.patch(path, { name: 'x' }, 2)
    expect([answer.status, answer.json().code]).to.deep.equal([409, 'key_revoked'])
  })

  it('an expired key may be renamed, and lives again with a later end', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const key = await makeKey(b, acme, { expiresAt: new Date(b.now() + 60_000).toISOString() })
    b.pass(61_000)
    expect((await acme.patch(key.path, { name: 'Late' }, 1)).json()).to.include({ status: 'expired' })
    expect((await acme.patch(key.path, { expiresAt: null }, 2)).json()).to.include({ status: 'active' })
    expect((await key.exchange()).status).to.equal(200)
  })
})

onBothStores('Changing a key: live tokens', (bed) => {
  const narrowings: [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['fewer rights', {}, { grants: whole('links:read') }],
    ['fewer places', {}, { grants: [{ subAccount: 'acme-eu', scopes: ['links:read', 'links:write'] }] }],
    ['fewer addresses', { allowedIps: ['127.0.0.0/8', '::1'] }, { allowedIps: ['127.0.0.1', '::1'] }],
    ['an earlier end', {}, { expiresAt: '2027-01-01T00:00:00Z' }],
    ['a holder', {}, { holderId: 'northwind' }],
    ['bound tokens', {}, { dpopBoundAccessTokens: true }],
  ]
  for (const [what, wish, to] of narrowings) {
    it(`end with ${what}, for good`, async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const key = await makeKey(b, acme, wish)
      const token = await key.token()
      const change = to.holderId === undefined ? to : { holderId: b.demo.holders.northwind }
      const answer = await acme.patch(key.path, change, 1)
      expect(answer.status, answer.text).to.equal(200)
      expect(statusOf(b, token)).to.equal(1)
      if (!to.dpopBoundAccessTokens) {
        const next = await key.token()
        expect(statusOf(b, next)).to.equal(0)
        if (to.grants && what === 'fewer rights') expect(claimsOf(next).scope).to.equal('links:read')
      }
    })
  }

  it('live on with more rights, more addresses, a later end, another name', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const limits = { allowedIps: ['127.0.0.1', '::1'], expiresAt: '2027-01-01T00:00:00Z' }
    const key = await makeKey(b, acme, limits)
    const token = await key.token()
    const more = { grants: whole('links:read', 'links:write', 'orders:read'), allowedIps: ['127.0.0.0/8', '::/0'] }
    const answer = await acme.patch(key.path, { ...more, expiresAt: null, name: 'More' }, 1)
    expect(answer.status, answer.text).to.equal(200)
    expect(statusOf(b, token)).to.equal(0)
    expect(claimsOf(await key.token()).scope).to.equal('links:read links:write orders:read')
  })

  it('a client’s new public keys beside the old end none; without the old they end', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const [one, two] = [jwk('one'), jwk('two')]
    const method = { tokenEndpointAuthMethod: 'private_key_jwt' }
    const key = await makeKey(b, acme, { ...method, jwks: { keys: [one] } })
    const place = async () => (await b.latchkey.store.get('acme', 'keys', key.id))?.jwksStatus
    const first = await place()
    expect((await acme.patch(key.path, { jwks: { keys: [one, two] } }, 1)).status).to.equal(200)
    expect(await place()).to.deep.equal(first)
    const rolled = await acme.patch(key.path, { jwks: { keys: [two] } }, 2)
    expect(rolled.json().jwks).to.deep.equal({ keys: [{ ...two }] })
    expect(await place()).not.to.deep.equal(first)
    const secret = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
    const refused = await acme.patch(key.path, { jwks: { keys: [{ ...secret, kid: 'p' }] } }, 3)
    expect(refused.status).to.equal(400)
    expect(refused.text).not.to.include(secret.d)
  })
})

onBothStores('Changing a key: nobody grants more than they have', (bed) => {
  const manageKey = async (b: Bed) => {
    const owner = await signIn(b, 'owner')
    const body = { name: 'Strong', namespace: 'manage', grants: whole('members:write', 'keys:read') }
    const { key } = (await owner.post(KEYS, body)).json() as { key: { id: string } }
    return { owner, path: `${KEYS}/${key.id}` }
  }
  const change = (b: Bed, { cookie }: Browser, path: string, json: object, version: number) =>
    send(b, 'PATCH', path, { json, headers: { cookie, ...OWN_PAGE, 'if-match': `"${version}"` } })

  it('no scopes beyond the plan; what is there already may be renamed and cut', async () => {
    const b = bed()
    const operator = await callerOf(b, 'operator-manage')
    const path = `/manage/accounts/globex/keys/${b.keyId('globex-v2-server')}`
    const more = await operator.patch(path, { grants: whole('links:read', 'orders:write') }, 1)
    expect([more.status, more.json().code]).to.deep.equal([403, 'exceeds_your_rights'])
    expect((await operator.patch(path, { name: 'Still globex' }, 1)).status).to.equal(200)
    expect((await operator.patch(path, { grants: whole('links:read', 'orders:read') }, 2)).status).to.equal(200)
  })

  it('a program may not widen a key of the management API, nor a person beyond their role', async () => {
    const b = bed()
    const { owner, path } = await manageKey(b)
    const acme = await callerOf(b, 'acme-manage')
    const manager = await signIn(b, 'manager')
    const wider = { grants: whole('members:write', 'keys:write') }
    expect((await acme.patch(path, wider, 1)).json()).to.include({ status: 403, code: 'exceeds_your_rights' })
    expect((await change(b, manager, path, wider, 1)).json()).to.include({ status: 403, code: 'exceeds_your_rights' })
    expect((await acme.patch(path, { expiresAt: '2027-01-01T00:00:00Z' }, 1)).status).to.equal(200)
    expect((await acme.patch(path, { expiresAt: null }, 2)).json()).to.include({ code: 'exceeds_your_rights' })
    expect((await change(b, manager, path, { grants: whole('keys:read') }, 2)).status).to.equal(200)
    expect((await change(b, owner, path, { grants: whole('members:write') }, 3)).status).to.equal(200)
  })
})
