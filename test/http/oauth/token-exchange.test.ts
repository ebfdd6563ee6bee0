import { expect } from 'chai'
import { claimsOf, onBothStores } from '../bed.ts'
import { ACCESS_TOKEN, ask, aToken, basic, createClient, narrow, proofFor, TOKEN_EXCHANGE } from './asking.ts'

onBothStores('Token exchange (RFC 8693)', (bed) => {
  it('narrows a token, and says what it answers (§2.2.1)', async () => {
    const parent = await bed().token('acme-v2-server', { scope: 'links:read links:write tags:read' })
    const answer = await narrow(bed(), 'acme-v2-server', parent, { scope: 'links:read' })
    const { access_token, ...rest } = answer.json()
    expect([answer.status, rest]).to.deep.equal([
      200,
      { token_type: 'Bearer', expires_in: 300, scope: 'links:read', issued_token_type: ACCESS_TOKEN },
    ])
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    const child = claimsOf(access_token as string)
    expect(child).to.deep.include({ parents: [claimsOf(parent).jti], scope: 'links:read' })
    expect(child.jti).to.not.equal(claimsOf(parent).jti)
  })

  it('gives all that the subject has where nothing is asked for, and never more', async () => {
    const parent = await bed().token('acme-v2-server', { scope: 'links:read tags:read' })
    expect((await narrow(bed(), 'acme-v2-server', parent)).json()).to.include({ scope: 'links:read tags:read' })
    const more = await narrow(bed(), 'acme-v2-server', parent, { scope: 'links:read domains:read' })
    expect([more.status, more.json()]).to.deep.equal([
      400,
      {
        error: 'invalid_scope',
        error_description:
          'The subject token does not have: domains:read. Ask for less, or leave scope out to get all that it has.',
      },
    ])
  })

  it('narrows to a sub-account, and does not widen from it again', async () => {
    const parent = await bed().token('acme-v2-server', { scope: 'links:read orders:read', subAccount: 'acme-eu' })
    const child = (await narrow(bed(), 'acme-v2-server', parent, { scope: 'orders:read' })).json()
    expect(child).to.deep.include({
      scope: '',
      authorization_details: [{ type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read'] }],
    })
    const other = await narrow(bed(), 'acme-v2-server', parent, { subAccount: 'acme-main' })
    expect([other.status, other.json().error]).to.deep.equal([400, 'invalid_scope'])
  })

  it('never outlives its subject', async () => {
    const parent = await bed().token('acme-v2-server', { ttlSeconds: 100 })
    bed().pass(40_000)
    expect((await narrow(bed(), 'acme-v2-server', parent)).json()).to.include({ expires_in: 60 })
    expect((await narrow(bed(), 'acme-v2-server', parent, { ttlSeconds: '20' })).json()).to.include({ expires_in: 20 })
  })

  it('four times in a row, and no more', async () => {
    let token = await bed().token('acme-v2-readonly')
    const line: unknown[] = []
    for (let i = 0; i < 4; i++) {
      line.push(claimsOf(token).jti)
      token = await aToken(narrow(bed(), 'acme-v2-readonly', token))
      expect(claimsOf(token).parents).to.deep.equal(line)
    }
    const fifth = await narrow(bed(), 'acme-v2-readonly', token)
    expect([fifth.status, fifth.json().error]).to.deep.equal([400, 'invalid_request'])
  })

  it('a subject that is not good is invalid_request (§2.2.2)', async () => {
    const b = bed()
    const expired = await b.token('acme-v2-readonly', { ttlSeconds: 1 })
    b.pass(10_000)
    const good = await b.token('acme-v2-readonly')
    const revoked = await b.token('acme-v2-readonly')
    await ask(b, 'acme-v2-readonly', 'revoke', { token: revoked })
    const bad = {
      expired,
      revoked,
      ofAnotherClient: await b.token('acme-v2-server'),
      ofAnotherNamespace: await b.token('acme-v3-server'),
      forged: `${good.slice(0, -8)}AAAAAAAA`,
      aKey: b.secret('acme-v2-readonly'),
      aStatusList: (await b.get('/v2/status/0')).text,
      noToken: 'nonsense',
    }
    for (const [what, subject] of Object.entries(bad)) {
      const answer = await narrow(b, 'acme-v2-readonly', subject)
      expect([answer.status, answer.json().error], what).to.deep.equal([400, 'invalid_request'])
      expect(answer.text, what).to.not.include(subject)
    }
  })

  const subject = { subject_token: 'x', subject_token_type: ACCESS_TOKEN }
  const malformed: Record<string, Record<string, string>> = {
    'no subject_token': { subject_token_type: ACCESS_TOKEN },
    'no subject_token_type': { subject_token: 'x' },
    'another subject_token_type': {
      subject_token: 'x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    },
    'another requested_token_type': {
      ...subject,
      requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
    },
    'an actor_token': { ...subject, actor_token: 'y', actor_token_type: ACCESS_TOKEN },
    'an actor_token_type alone': { ...subject, actor_token_type: ACCESS_TOKEN },
  }
  for (const [what, form] of Object.entries(malformed)) {
    it(`${what}: 400 invalid_request`, async () => {
      const answer = await ask(bed(), 'acme-v2-readonly', 'token', { grant_type: TOKEN_EXCHANGE, ...form })
      expect([answer.status, answer.json().error]).to.deep.equal([400, 'invalid_request'])
    })
  }

  it('resource and audience: this namespace’s, and no other (RFC 8707, RFC 8693 §2.1)', async () => {
    const parent = await bed().token('acme-v2-readonly')
    const here = 'https://api.example.com/v2'
    const good = [
      ['resource', here],
      ['audience', here],
      ['resource', ''],
    ] as [string, string][]
    const grant = Object.entries({
      grant_type: TOKEN_EXCHANGE,
      subject_token: parent,
      subject_token_type: ACCESS_TOKEN,
    })
    expect((await ask(bed(), 'acme-v2-readonly', 'token', [...grant, ...good])).status).to.equal(200)
    for (const name of ['resource', 'audience']) {
      for (const target of [
        `${here}/`,
        `${here}#`,
        `${here}?x=1`,
        'https://API.example.com/v2',
        'https://rs.example',
        'v2',
      ]) {
        const answer = await ask(bed(), 'acme-v2-readonly', 'token', [...grant, [name, here], [name, target]])
        expect([answer.status, answer.json().error], `${name}=${target}`).to.deep.equal([400, 'invalid_target'])
      }
    }
  })

  it('revoking a parent ends its children, offline too', async () => {
    const b = bed()
    const [parent, other] = [await b.token('acme-v2-readonly'), await b.token('acme-v2-readonly')]
    const child = await aToken(narrow(b, 'acme-v2-readonly', parent))
    const grandchild = await aToken(narrow(b, 'acme-v2-readonly', child))
    const bystander = await aToken(narrow(b, 'acme-v2-readonly', other))
    expect((await ask(b, 'acme-v2-readonly', 'revoke', { token: parent })).status).to.equal(200)
    const active = async (token: string) => (await ask(b, 'acme-v2-readonly', 'introspect', { token })).json().active
    expect(await Promise.all([parent, child, grandchild, other, bystander].map(active))).to.deep.equal([
      false,
      false,
      false,
      true,
      true,
    ])
    const list = claimsOf((await b.get('/v2/status/0')).text)
    expect(list.denied_jti).to.deep.include({ jti: claimsOf(parent).jti, exp: claimsOf(parent).exp })
  })

  it('a bound subject yields a token bound to the same key, and nothing without its proof', async () => {
    const b = bed()
    const [mine, theirs] = [await createClient(), await createClient()]
    const dpop = await proofFor(b, mine, '/v2/oauth/token')
    const parent = await aToken(ask(b, 'acme-v2-readonly', 'token', { grant_type: 'client_credentials' }, { dpop }))
    for (const headers of [{}, { dpop: await proofFor(b, theirs, '/v2/oauth/token') }] as Record<string, string>[]) {
      const answer = await narrow(b, 'acme-v2-readonly', parent, {}, headers)
      expect([answer.status, answer.json().error]).to.deep.equal([400, 'invalid_dpop_proof'])
    }
    const again = { dpop: await proofFor(b, mine, '/v2/oauth/token') }
    const child = await narrow(b, 'acme-v2-readonly', parent, {}, again)
    expect(child.json()).to.include({ token_type: 'DPoP' })
    expect(claimsOf(child.json().access_token as string).cnf).to.deep.equal({ jkt: mine.jkt })
  })

  it('is no door for a key in the body of a parent', async () => {
    const answer = await bed().post('/v2/oauth/token', {
      form: {
        grant_type: TOKEN_EXCHANGE,
        subject_token: await bed().token('acme-v2-readonly'),
        subject_token_type: ACCESS_TOKEN,
      },
    })
    expect([answer.status, answer.json().error]).to.deep.equal([401, 'invalid_client'])
    expect(basic(bed(), 'acme-v2-readonly').authorization).to.match(/^Basic /)
  })
})
