import { expect } from 'chai'
import fc from 'fast-check'
import { ROLE_SCOPES } from '../../../src/people/access.rules.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { type Browser, type DemoPerson, join, signIn } from '../people/browser.ts'

const KEYS = '/manage/accounts/acme/keys'
const EVENTS = '/manage/accounts/acme/events'
const itemsOf = async (me: Browser, path: string) => (await me.get(path)).json().items as Record<string, unknown>[]
const wish = (namespace: string, scopes: string[], name = 'Made by a person') => ({
  name,
  namespace,
  grants: [{ subAccount: null, scopes }],
})

onBothStores('Roles: a holder', (bed) => {
  it('sees their own keys, and no others', async () => {
    const b = bed()
    const nora = await signIn(b, 'holder')
    expect((await itemsOf(nora, KEYS)).map(({ id }) => id)).to.deep.equal([b.keyId('acme-northwind')])
    expect(await itemsOf(nora, `${KEYS}?holderId=${b.demo.holders.bluemedia}`)).to.deep.equal([])
    expect((await nora.get(`${KEYS}/${b.keyId('acme-northwind')}`)).status).to.equal(200)
    const [others, missing] = [
      await nora.get(`${KEYS}/${b.keyId('acme-v2-server')}`),
      await nora.get(`${KEYS}/key_000000000000`),
    ]
    expect([others.status, { ...others.json(), requestId: '' }]).to.deep.equal([
      404,
      { ...missing.json(), requestId: '' },
    ])
    expect((await nora.post(KEYS, wish('v2', ['links:read']))).status).to.equal(404)
    expect((await nora.get('/manage/accounts/acme/members')).status).to.equal(404)
  })

  it('sees the events of their own keys, and no others', async () => {
    const b = bed()
    const nora = await signIn(b, 'holder')
    const seen = await itemsOf(nora, EVENTS)
    expect(seen.map((e) => e.type)).to.deep.equal(['key.created'])
    expect(seen[0]?.subject).to.include({ id: b.keyId('acme-northwind') })
    expect(await itemsOf(nora, `${EVENTS}?subject=${b.keyId('acme-v2-server')}`)).to.deep.equal([])
    expect(await itemsOf(nora, `${EVENTS}?subject=${b.keyId('acme-northwind')}`)).to.have.length(1)
  })
})

onBothStores('Roles: people and keys', (bed) => {
  it('what a person does is in the log under their name', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const made = await manager.post(KEYS, wish('v2', ['links:read']))
    expect(made.status, made.text).to.equal(201)
    const { key } = made.json() as { key: { id: string; createdBy: { id: string } } }
    expect(key.createdBy).to.deep.equal({ type: 'person', id: key.createdBy.id, name: 'Max Manager' })
    const operator = await signIn(b, 'operator')
    expect((await operator.post(`${KEYS}/${key.id}/revoke`, { reason: 'other' })).status).to.equal(200)
    const events = await itemsOf(operator, `${EVENTS}?subject=${key.id}`)
    expect(events.map((e) => [e.type, (e.actor as { onBehalfOf?: string }).onBehalfOf])).to.deep.equal([
      ['key.created', undefined],
      ['key.revoked', 'acme'],
    ])
  })

  it('scopes beyond the plan are beyond everybody', async () => {
    const operator = await signIn(bed(), 'operator')
    const answer = await operator.post('/manage/accounts/globex/keys', wish('v2', ['orders:read']))
    expect(answer.json()).to.include({ status: 403, code: 'exceeds_your_rights' })
  })

  it('a manage key has at most what its maker’s role has', async () => {
    const b = bed()
    const all = [...ROLE_SCOPES.admin]
    const makers: [DemoPerson, keyof typeof ROLE_SCOPES, string][] = [
      ['owner', 'owner', 'acme'],
      ['manager', 'manager', 'acme'],
      ['operator', 'admin', 'operator'],
    ]
    const implied = (scopes: string[]) =>
      scopes.flatMap((s) => (s.endsWith(':write') ? [s, s.replace('write', 'read')] : [s]))
    for (const [who, role, account] of makers) {
      const me = await signIn(b, who)
      await fc.assert(
        fc.asyncProperty(fc.subarray(all, { minLength: 1 }), async (scopes) => {
          const answer = await me.post(`/manage/accounts/${account}/keys`, wish('manage', scopes))
          const within = implied(scopes).every((scope) => ROLE_SCOPES[role].has(scope))
          expect([answer.status, scopes], answer.text).to.deep.equal([within ? 201 : 403, scopes])
          if (!within) expect(answer.json().code).to.equal('exceeds_your_rights')
        }),
        { numRuns: 12 },
      )
    }
  }).timeout(60_000)

  it('a key of a person’s rights works as its scopes say', async () => {
    const b = bed()
    const manager = await signIn(b, 'manager')
    const { secret } = (await manager.post(KEYS, wish('manage', ['keys:read']))).json() as { secret: string }
    const token = (await b.post('/manage/jwts', { json: { apiKey: secret } })).text
    const headers = { authorization: `Bearer ${token}` }
    expect((await b.get(KEYS, headers)).status).to.equal(200)
    expect((await b.get(EVENTS, headers)).status).to.equal(403)
  })
})

onBothStores('Roles: several accounts', (bed) => {
  const member = async (b: Bed, account: string, role: string, email: string) =>
    join(b, await signIn(b, 'operator'), account, { email, role })

  it('each account has its own role, and nothing carries over', async () => {
    const b = bed()
    const person = await member(b, 'acme', 'viewer', 'both@acme.example')
    await member(b, 'globex', 'manager', 'both@acme.example')
    const me = await signIn(b, person, 'acme')
    expect((await me.post(KEYS, wish('v2', ['links:read']))).status).to.equal(403)
    expect((await me.post('/manage/accounts/globex/keys', wish('v2', ['links:read']))).status).to.equal(201)
    expect((await me.get('/manage/accounts/operator/keys')).status).to.equal(404)
  })

  it('who leaves an account is out of it with the next request', async () => {
    const b = bed()
    const person = await member(b, 'acme', 'viewer', 'leaver@acme.example')
    await member(b, 'globex', 'viewer', 'leaver@acme.example')
    const owner = await signIn(b, 'owner')
    expect((await owner.delete(`/manage/accounts/acme/members/${person.id}`)).status).to.equal(204)
    const me = await signIn(b, person)
    expect((await me.get('/manage/whoami')).json()).to.include({ account: 'globex' })
    expect((await me.get(KEYS)).status).to.equal(404)
  })
})
