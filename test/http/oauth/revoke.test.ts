import { expect } from 'chai'
import { formatKey } from '../../../src/keys/grammar.rules.ts'
import { type Bed, claimsOf, onBothStores } from '../bed.ts'
import { ask, basic } from './asking.ts'

onBothStores('Revocation (RFC 7009)', (bed) => {
  const eventsOf = async (b: Bed, type: string) => {
    const headers = { authorization: `Bearer ${await b.token('acme-manage')}` }
    return (await b.get(`/manage/accounts/acme/events?type=${type}`, headers)).json().items as Record<string, unknown>[]
  }
  const makeKey = async (b: Bed) => {
    const headers = { authorization: `Bearer ${await b.token('acme-manage')}` }
    const json = { name: 'to be lost', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
    const { key, secret } = (await b.post('/manage/accounts/acme/keys', { json, headers })).json() as {
      key: { id: string }
      secret: string
    }
    return { id: key.id, secret, headers }
  }

  it('a token is refused from then on: by introspection, in the next list, by a resource server', async () => {
    const b = bed()
    const [token, other] = [await b.token('acme-v2-readonly'), await b.token('acme-v2-readonly')]
    const answer = await ask(b, 'acme-v2-readonly', 'revoke', { token, token_type_hint: 'refresh_token' })
    expect([answer.status, answer.text]).to.deep.equal([200, ''])
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(claimsOf((await b.get('/v2/status/0')).text).denied_jti).to.deep.include({
      jti: claimsOf(token).jti,
      exp: claimsOf(token).exp,
    })
    const call = (one: string) =>
      fetch(new URL('/v2/links', b.resourceUrl), { headers: { authorization: `Bearer ${one}` } })
    b.pass(31_000)
    expect([(await call(token)).status, (await call(other)).status]).to.deep.equal([401, 200])
    const [event] = (await eventsOf(b, 'token.revoked')).slice(-1)
    expect(event?.data).to.deep.include({ jti: claimsOf(token).jti, namespace: 'v2' })
    expect((await ask(b, 'acme-v2-readonly', 'revoke', { token })).status).to.equal(200)
  })

  it('one that has expired needs no denying, and nonsense is as good as revoked (§2.2)', async () => {
    const token = await bed().token('acme-v2-readonly', { ttlSeconds: 1 })
    bed().pass(10_000)
    const before = claimsOf((await bed().get('/v2/status/0')).text).version
    for (const one of [token, 'nonsense', 'a.b.c'])
      expect((await ask(bed(), 'acme-v2-readonly', 'revoke', { token: one })).status).to.equal(200)
    expect(claimsOf((await bed().get('/v2/status/0')).text).version).to.equal(before)
  })

  it('stays denied for whoever still takes it after its end, by a clock that is late', async () => {
    const token = await bed().token('acme-v2-readonly', { ttlSeconds: 30 })
    await ask(bed(), 'acme-v2-readonly', 'revoke', { token })
    const denied = async () => {
      const list = claimsOf((await bed().get('/v2/status/0')).text)
      return (list.denied_jti as { jti: string }[]).some((one) => one.jti === claimsOf(token).jti)
    }
    bed().pass(80_000)
    await bed().latchkey.publisher.refresh()
    expect(await denied()).to.equal(true)
    bed().pass(60_000)
    await bed().latchkey.publisher.refresh()
    expect(await denied()).to.equal(false)
  })

  it('another client’s token: 400, and it lives on', async () => {
    const token = await bed().token('acme-v2-server')
    const answer = await ask(bed(), 'acme-v2-readonly', 'revoke', { token })
    expect([answer.status, answer.json().error]).to.deep.equal([400, 'invalid_request'])
    expect((await ask(bed(), 'acme-v2-server', 'introspect', { token })).json().active).to.equal(true)
  })

  it('a live token of another namespace is not said to be revoked', async () => {
    const b = bed()
    const token = await b.token('acme-v2-readonly')
    const answer = await ask(b, 'acme-v3-server', 'revoke', { token })
    expect([answer.status, answer.json().error]).to.deep.equal([400, 'invalid_request'])
    expect(answer.json().error_description).to.include(`${b.url}/v2`)
    expect((await ask(b, 'acme-v2-readonly', 'introspect', { token })).json().active).to.equal(true)
  })

  it('blanks around a token or a key, as files have them, are none of it', async () => {
    const b = bed()
    const token = await b.token('acme-v2-readonly')
    expect((await ask(b, 'acme-v2-readonly', 'revoke', { token: `${token}\n` })).status).to.equal(200)
    expect((await ask(b, 'acme-v2-readonly', 'introspect', { token })).json().active).to.equal(false)
    const { secret } = await makeKey(b)
    expect((await b.post('/v2/oauth/revoke', { form: { token: ` ${secret}\n` } })).status).to.equal(200)
    expect((await b.post('/v2/jwts', { json: { apiKey: secret } })).status).to.equal(401)
  })

  it('a suspended token stays revoked when it is resumed', async () => {
    const b = bed()
    const operator = { authorization: `Bearer ${await b.token('operator-manage')}` }
    const token = await b.token('globex-v2-server')
    await b.post('/manage/accounts/globex/suspend', { headers: operator })
    expect((await ask(b, 'globex-v2-server', 'revoke', { token })).status).to.equal(200)
    await b.post('/manage/accounts/globex/resume', { headers: operator })
    expect((await ask(b, 'globex-v2-server', 'introspect', { token })).json()).to.deep.equal({ active: false })
    const fresh = await b.token('globex-v2-server')
    expect((await ask(b, 'globex-v2-server', 'introspect', { token: fresh })).json().active).to.equal(true)
  })

  it('guessing at keys is counted like any other', async () => {
    const b = bed()
    const statuses: number[] = []
    for (let i = 0; i < 40; i++)
      statuses.push((await b.post('/v2/oauth/revoke', { form: { token: `lk_v2_sk_${i}` } })).status)
    expect([statuses[0], statuses.at(-1)]).to.deep.equal([200, 429])
    b.pass(61_000)
  })

  it('a token without its client: 401; no token at all: 400', async () => {
    const token = await bed().token('acme-v2-readonly')
    const nobody = await bed().post('/v2/oauth/revoke', { form: { token } })
    expect([nobody.status, nobody.json().error]).to.deep.equal([401, 'invalid_client'])
    const nothing = await ask(bed(), 'acme-v2-readonly', 'revoke', {})
    expect([nothing.status, nothing.json().error]).to.deep.equal([400, 'invalid_request'])
  })

  it('a secret key is revoked by whoever has it, and its tokens end', async () => {
    const b = bed()
    const { id, secret, headers } = await makeKey(b)
    const token = (await b.post('/v2/jwts', { json: { apiKey: secret } })).text
    const answer = await b.post('/v2/oauth/revoke', { form: { token: secret } })
    expect([answer.status, answer.text]).to.deep.equal([200, ''])
    expect((await b.post('/v2/jwts', { json: { apiKey: secret } })).status).to.equal(401)
    const shown = (await b.get(`/manage/accounts/acme/keys/${id}`, headers)).json()
    expect(shown).to.include({ status: 'revoked' })
    expect(shown.revoked).to.deep.include({ reason: 'other', by: { type: 'program', id, name: 'to be lost' } })
    const introspected = await b.post('/v2/oauth/introspect', {
      form: { token },
      headers: { authorization: `Bearer ${await b.token('resource-server')}` },
    })
    expect(introspected.json()).to.deep.equal({ active: false })
    expect((await b.post('/v2/oauth/revoke', { form: { token: secret } })).status).to.equal(200)
  })

  it('client authentication, where it is sent beside a key, must be right', async () => {
    const { secret } = await makeKey(bed())
    const headers = { authorization: `Basic ${Buffer.from('key_000000000000:nothing').toString('base64')}` }
    const answer = await bed().post('/v2/oauth/revoke', { form: { token: secret }, headers })
    expect([answer.status, answer.json().error]).to.deep.equal([401, 'invalid_client'])
    const right = { form: { token: secret }, headers: basic(bed(), 'acme-v2-readonly') }
    expect((await bed().post('/v2/oauth/revoke', right)).status).to.equal(200)
  })

  it('a publishable key is never revoked by possession', async () => {
    const answer = await bed().post('/v2/oauth/revoke', { form: { token: bed().secret('acme-v2-browser') } })
    expect([answer.status, answer.json().error]).to.deep.equal([400, 'unsupported_token_type'])
  })

  it('keys that are none, or not of here', async () => {
    const b = bed()
    const unknown = formatKey('v2', 'secret', 'key_000000000000', 'a'.repeat(32))
    for (const token of [unknown, 'lk_v2_sk_mistyped']) {
      expect((await b.post('/v2/oauth/revoke', { form: { token } })).status).to.equal(200)
    }
    const elsewhere = await b.post('/v2/oauth/revoke', { form: { token: b.secret('acme-v3-server') } })
    expect([elsewhere.status, elsewhere.json().error]).to.deep.equal([400, 'invalid_request'])
    expect((await b.post('/v3/jwts', { json: { apiKey: b.secret('acme-v3-server') } })).status).to.equal(200)
  })

  it('a hundred at once: every one succeeds, and none is lost', async () => {
    const b = bed()
    const tokens = await Promise.all(Array.from({ length: 100 }, () => b.token('acme-v2-server')))
    const answers = await Promise.all(tokens.map((token) => ask(b, 'acme-v2-server', 'revoke', { token })))
    expect(new Set(answers.map((a) => a.status))).to.deep.equal(new Set([200]))
    const denied = claimsOf((await b.get('/v2/status/0')).text).denied_jti as { jti: string }[]
    const ids = new Set(denied.map((d) => d.jti))
    expect(tokens.filter((token) => !ids.has(claimsOf(token).jti as string))).to.have.length(0)
  }).timeout(60_000)
})
