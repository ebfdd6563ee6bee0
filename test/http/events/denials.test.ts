import { expect } from 'chai'
import { type Bed, onBothStores } from '../bed.ts'
import { callerOf, type Told } from '../manage/caller.ts'
import { join, send, signIn } from '../people/browser.ts'

const ACME = '/manage/accounts/acme'
const KEYS = `${ACME}/keys`
const wish = { name: 'More', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }

async function logOf(b: Bed, type: string, account = 'acme'): Promise<Told[]> {
  await b.latchkey.flush()
  const operator = await callerOf(b, 'operator-manage')
  const answer = await operator.get(`/manage/accounts/${account}/events?type=${type}&limit=200`)
  return answer.json().items as unknown as Told[]
}

onBothStores('The event log: refused attempts', (bed) => {
  it('holds what somebody may not do, with who, what and why; once a code and minute', async () => {
    const b = bed()
    const viewer = await signIn(b, 'viewer')
    const refused = await viewer.post(KEYS, wish)
    expect(refused.status).to.equal(403)
    for (let n = 0; n < 3; n++) await viewer.post(`${KEYS}/${b.keyId('acme-v2-server')}/suspend`)
    const told = await logOf(b, 'access.denied')
    expect(told).to.have.length(1)
    expect(told[0]).to.deep.include({
      requestId: refused.headers.get('request-id'),
      subject: { type: 'account', id: 'acme', name: 'Acme Outdoor' },
      data: { action: 'keys.create', code: 'forbidden', detail: refused.json().detail },
    })
    expect(told[0]?.actor).to.include({ type: 'person', name: 'Vera Viewer' })
    b.pass(60_000)
    await viewer.post(`${KEYS}/${b.keyId('acme-v2-server')}/suspend`)
    const [, later, ...more] = await logOf(b, 'access.denied')
    expect(later?.subject).to.deep.include({ type: 'key', id: b.keyId('acme-v2-server') })
    expect(later?.data.action).to.equal('keys.suspend')
    expect(more).to.deep.equal([])
  })

  it('holds what would exceed somebody’s rights, and tokens without the scope', async () => {
    const b = bed()
    b.pass(60_000)
    const before = (await logOf(b, 'access.denied')).length
    const manager = await signIn(b, 'manager')
    const scopes = ['members:write']
    await manager.post(KEYS, { ...wish, namespace: 'manage', grants: [{ subAccount: null, scopes }] })
    const reader = await callerOf(b, 'acme-manage', { scope: 'keys:read' })
    await reader.delete(`${ACME}/holders/${b.demo.holders.northwind}`)
    const headers = { authorization: `Bearer ${await b.token('acme-manage', { scope: 'keys:read' })}` }
    const token = await b.token('acme-v2-server')
    expect((await b.post('/v2/oauth/introspect', { form: { token }, headers })).status).to.equal(403)
    const told = (await logOf(b, 'access.denied')).slice(before)
    expect(
      told.map(({ actor, subject, data }) => [actor.type, subject.type, data.action, data.code]),
    ).to.have.deep.members([
      ['person', 'account', 'keys.create', 'exceeds_your_rights'],
      ['program', 'holder', 'holders.delete', 'forbidden'],
      ['program', 'account', 'tokens.introspect', 'insufficient_scope'],
    ])
    expect(JSON.stringify(told)).not.to.include(token)
  })

  it('holds nothing of what is out of reach: foreign, missing or hidden', async () => {
    const b = bed()
    b.pass(60_000)
    const logs = async () =>
      Promise.all(
        ['acme', 'globex', 'operator'].map(async (account) => (await logOf(b, 'access.denied', account)).length),
      )
    const before = await logs()
    const owner = await signIn(b, 'owner')
    const holder = await signIn(b, 'holder')
    const acme = await callerOf(b, 'acme-manage')
    for (const answer of [
      await owner.post('/manage/accounts/globex/keys', wish),
      await owner.post('/manage/accounts/nowhere/keys', wish),
      await acme.delete(`/manage/accounts/globex/keys/${b.keyId('globex-v2-server')}`),
      await acme.delete(`${KEYS}/key_000000000000`),
      await holder.post(KEYS, wish),
    ])
      expect(answer.status).to.equal(404)
    expect(await logs()).to.deep.equal(before)
  })

  it('holds what the operator’s people may not do for a customer, in the customer’s log', async () => {
    const b = bed()
    b.pass(60_000)
    const support = await signIn(b, 'support')
    expect((await support.post('/manage/accounts/globex/keys', wish)).status).to.equal(403)
    const [told] = await logOf(b, 'access.denied', 'globex')
    expect(told?.actor).to.include({ type: 'person', onBehalfOf: 'globex' })
  })

  it('holds wrong passwords at an invitation and at a change of password', async () => {
    const b = bed()
    b.pass(60_000)
    const operator = await signIn(b, 'operator')
    const person = await join(b, operator, 'acme', { email: 'twice@acme.example', role: 'viewer' })
    const invite = { email: person.email, name: 'Twice', role: 'viewer' }
    const { invitationUrl } = (await operator.post('/manage/accounts/globex/members', invite)).json() as {
      invitationUrl: string
    }
    const json = { password: 'a guess of twelve' }
    for (let n = 0; n < 3; n++) expect((await send(b, 'POST', invitationUrl, { json })).status).to.equal(401)
    const guesses = await logOf(b, 'session.failed', 'globex')
    expect(guesses.map(({ subject, data }) => [subject.id, data.address])).to.deep.equal([[person.id, '127.0.0.1']])
    b.pass(60_000)
    const me = await signIn(b, person)
    const change = { current: 'not my password', password: 'another fine password' }
    expect((await me.put('/manage/session/password', change)).status).to.equal(401)
    expect((await logOf(b, 'session.failed')).at(-1)?.subject.id).to.equal(person.id)
  })
})
