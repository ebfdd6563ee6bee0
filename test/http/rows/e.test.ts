/** E. A tracking platform with a beta API version. */
import { expect } from 'chai'
import { createVerifier } from '../../../src/verifier/index.ts'
import { claimsOf, onBothStores } from '../bed.ts'
import { callerOf, eventsOf } from '../manage/caller.ts'
import { signIn } from '../people/browser.ts'
import { ACME, call, exchange, KEYS, make, ok, refused, tokenOf, unzipped, whole } from './bed.ts'

const GLOBEX = '/manage/accounts/globex'

onBothStores('E. Tracking platform with a beta API version', (bed) => {
  it('E1 as many keys as there are partners, each with its purpose; deleting one ends it', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const wish = (n: number) => ({ description: `Partner ${n}, on their own server`, grants: whole('links:read') })
    const made = await Promise.all(Array.from({ length: 20 }, (_, n) => make(manager, wish(n))))
    const { items } = ok<{ items: object[] }>(await manager.get(`${KEYS}?q=own+server&limit=200`))
    expect(items).to.have.length(20)
    const [one] = made
    ok(await manager.delete(one?.path as string))
    expect(refused(await exchange(b, one?.secret as string))).to.deep.equal([401, 'invalid_api_key'])
  })

  it('E1 a leaked key is found and revoked in seconds, and its tokens with it', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const { key, path, secret } = await make(manager, { grants: whole('links:read') })
    const token = await tokenOf(b, secret)
    expect((await call(b, token, '/v2/links')).status).to.equal(200)
    const found = {
      token: secret,
      type: 'latchkey_api_key',
      url: 'https://github.com/octocat/hello',
      source: 'content',
    }
    expect((await b.post('/manage/leaks', { json: [found] })).status).to.equal(202)
    await b.latchkey.flush()
    expect(ok(await manager.get(path))).to.deep.include({ status: 'revoked' })
    expect((await call(b, token, '/v2/links')).status).to.equal(401)
    const types = (await eventsOf(await callerOf(b, 'acme-manage'), 'acme', key.id)).map(({ type }) => type)
    expect(types).to.include.members(['key.leaked', 'key.revoked'])
  })

  it('E2 a host link of the account’s own, set by the operator, shown beside its keys and in its documentation', async () => {
    const b = bed()
    const host = 'https://track.acme.example/v2'
    const [operator, viewer] = [await signIn(b, 'operator'), await signIn(b, 'viewer')]
    ok(await operator.patch(ACME, { hosts: { v2: host } }))
    const { namespaces } = ok<{ namespaces: { id: string; host: string }[] }>(await viewer.get('/manage/catalog'))
    expect(namespaces.find(({ id }) => id === 'v2')?.host).to.equal(host)
    const pack = await fetch(new URL(`${ACME}/documentation?namespace=v2`, b.url), {
      headers: { cookie: viewer.cookie },
    })
    expect(unzipped(new Uint8Array(await pack.arrayBuffer()))['README.md']).to.include(`<${host}>`)
  })

  it('E2 a token of one account never works at another’s host', async () => {
    const b = bed()
    const trusted = { issuer: `${b.url}/v2`, audience: 'https://api.example.com/v2', now: b.now }
    const verifier = createVerifier({ ...trusted, revocation: { mode: 'poll' } })
    const token = await tokenOf(b, b.secret('acme-v2-server'))
    try {
      expect((await verifier.verify(token, { account: 'acme' })).claims.account).to.equal('acme')
      const refusal = await verifier.verify(token, { account: 'globex' }).catch((error) => error)
      expect(refusal.code).to.equal('wrong_account')
    } finally {
      verifier.close()
    }
  })

  it('E3 V3 is off until Support enables it: shown as Experimental, with whom to contact', async () => {
    const b = bed()
    const apiKey = b.secret('globex-v3-server')
    const off = await exchange(b, apiKey, {}, 'v3')
    expect(refused(off)).to.deep.equal([403, 'namespace_not_enabled'])
    expect(off.json().detail).to.include('support@example.com')
    const [operator, support] = [await signIn(b, 'operator'), await signIn(b, 'support')]
    expect(refused(await support.put(`${GLOBEX}/namespaces/v3`, {}))).to.deep.equal([409, 'plan_excludes_namespace'])
    ok(await operator.patch(GLOBEX, { plan: 'agency' }))
    ok(await support.put(`${GLOBEX}/namespaces/v3`, {}))
    expect((await exchange(b, apiKey, {}, 'v3')).status).to.equal(200)
    const { namespaces } = ok<{ namespaces: { id: string; label: string; stage: string }[] }>(
      await support.get('/manage/catalog'),
    )
    expect(namespaces.find(({ id }) => id === 'v3')).to.include({ stage: 'beta', label: 'Experimental' })
  })

  it('E3 V3 needs its own keys', async () => {
    const b = bed()
    const answer = await exchange(b, b.secret('acme-v2-server'), {}, 'v3')
    expect(refused(answer)).to.deep.equal([403, 'wrong_namespace'])
    expect(claimsOf(await tokenOf(b, b.secret('acme-v3-server'), 'v3')).iss).to.equal(`${b.url}/v3`)
  })

  it('E4 the Swagger flow: paste the key, copy the body, authorize, call', async () => {
    const b = bed()
    const pasted = { apiKey: b.secret('acme-v2-server') }
    const answer = await b.post('/v2/jwts', { json: pasted, headers: { accept: '*/*' } })
    expect([answer.status, answer.headers.get('content-type')]).to.deep.equal([200, 'text/plain; charset=utf-8'])
    expect(answer.text).to.match(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
    expect((await call(b, answer.text, '/v2/links')).status).to.equal(200)
  })

  it('E7 custom data on accounts, holders, sub-accounts and keys, returned in messages', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const owner = await signIn(b, 'owner')
    const customData = { crm: { id: 7 }, tier: 'gold' }
    ok(await owner.patch(ACME, { customData }))
    const holder = ok<{ id: string }>(await manager.post(`${ACME}/holders`, { type: 'vendor', name: 'V', customData }))
    const sub = ok<{ id: string }>(await manager.post(`${ACME}/sub-accounts`, { name: 'Acme Asia', customData }))
    const { key } = await make(manager, { grants: whole('links:read'), customData })
    const program = await callerOf(b, 'acme-manage')
    for (const subject of ['acme', holder.id, sub.id, key.id]) {
      const [last] = (await eventsOf(program, 'acme', subject)).slice(-1)
      expect(last?.data.object, subject).to.deep.include({ customData })
    }
  })
})
