import { expect } from 'chai'
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import { claimsOf, onBothStores } from '../bed.ts'
import { ask, aToken, CC, createClient, proofFor } from './asking.ts'

const JWT = 'application/token-introspection+jwt'

onBothStores('Introspection (RFC 7662, RFC 9701)', (bed) => {
  const own = (token: string, headers = {}) => ask(bed(), 'acme-v2-readonly', 'introspect', { token }, headers)
  const asProgram = async (name: string, token: string, headers = {}) =>
    bed().post('/v2/oauth/introspect', {
      form: { token },
      headers: { authorization: `Bearer ${await bed().token(name)}`, ...headers },
    })

  it('a client sees its own token, with all that it says', async () => {
    const token = await bed().token('acme-v2-readonly')
    const answer = await own(token)
    const { status: _, ...claims } = claimsOf(token)
    expect(answer.json()).to.deep.equal({ active: true, token_type: 'Bearer', ...claims })
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(answer.headers.get('vary')).to.equal('Accept')
    expect(answer.headers.get('content-type')).to.equal('application/json')
  })

  it('nothing but active: false for whatever else (§2.2)', async () => {
    const b = bed()
    const expired = await b.token('acme-v2-readonly', { ttlSeconds: 1 })
    b.pass(10_000)
    const justExpired = await b.token('acme-v2-readonly', { ttlSeconds: 1 })
    b.pass(1_000)
    const revoked = await b.token('acme-v2-readonly')
    await ask(b, 'acme-v2-readonly', 'revoke', { token: revoked })
    const inactive = {
      expired,
      justExpired,
      revoked,
      anotherClients: await b.token('acme-v2-server'),
      anotherNamespaces: await b.token('acme-v3-server'),
      aKey: b.secret('acme-v2-readonly'),
      aStatusList: (await b.get('/v2/status/0')).text,
      nonsense: 'x.y.z',
      aJwe: 'a.b.c.d.e',
      dots: '.'.repeat(10_000),
      'very long': 'x'.repeat(40_000),
    }
    for (const [what, token] of Object.entries(inactive)) {
      const answer = await own(token)
      expect([answer.status, answer.text], what).to.deep.equal([200, '{"active":false}'])
    }
  })

  it('tells a bound token for what it is (RFC 9449 §6.2)', async () => {
    const client = await createClient()
    const dpop = await proofFor(bed(), client, '/v2/oauth/token')
    const answer = await own(await aToken(ask(bed(), 'acme-v2-readonly', 'token', CC, { dpop })))
    expect(answer.json()).to.deep.include({ active: true, token_type: 'DPoP', cnf: { jkt: client.jkt } })
  })

  it('a resource server of the operator sees every account’s, one of an account its own', async () => {
    const [acme, globex] = [await bed().token('acme-v2-readonly'), await bed().token('globex-v2-server')]
    expect((await asProgram('resource-server', acme)).json().active).to.equal(true)
    expect((await asProgram('resource-server', globex)).json().active).to.equal(true)
    expect((await asProgram('acme-manage', globex)).json()).to.deep.equal({ active: false })
    expect((await asProgram('acme-manage', acme)).json().active).to.equal(true)
  })

  it('without the scope: 403 insufficient_scope (RFC 6750 §3.1)', async () => {
    const narrow = await bed().token('acme-manage', { scope: 'keys:read' })
    const answer = await bed().post('/v2/oauth/introspect', {
      form: { token: await bed().token('acme-v2-readonly') },
      headers: { authorization: `Bearer ${narrow}` },
    })
    expect([answer.status, answer.json().error]).to.deep.equal([403, 'insufficient_scope'])
    expect(answer.headers.get('www-authenticate')).to.equal(
      'Bearer error="insufficient_scope", scope="tokens:introspect"',
    )
  })

  it('callers that are none', async () => {
    const token = await bed().token('acme-v2-readonly')
    const post = (headers: Record<string, string>, form: Record<string, string> = { token }) =>
      bed().post('/v2/oauth/introspect', { form, headers })
    const nobody = await post({})
    expect([nobody.status, nobody.json().error]).to.deep.equal([401, 'invalid_client'])
    const signed = await post({ accept: JWT })
    expect([signed.status, signed.json().error]).to.deep.equal([400, 'invalid_request'])
    const v2 = await post({ authorization: `Bearer ${token}` })
    expect([v2.status, v2.json().error]).to.deep.equal([401, 'invalid_token'])
    expect(v2.headers.get('www-authenticate')).to.match(/^Bearer /)
    const aKey = await post({ authorization: `Bearer ${bed().secret('acme-manage')}` })
    expect(aKey.json().error_description).to.include('/manage/jwts')
    const wrong = await post({ authorization: `Basic ${Buffer.from('key_000000000000:nothing').toString('base64')}` })
    expect([wrong.status, wrong.json().error]).to.deep.equal([401, 'invalid_client'])
    expect(wrong.headers.get('www-authenticate')).to.equal('Basic realm="latchkey"')
    const bearer = { authorization: `Bearer ${await bed().token('acme-manage')}` }
    for (const more of [{ client_secret: 'x' }, { client_assertion: 'x' }] as Record<string, string>[]) {
      const both = await post(bearer, { token, client_id: 'key_000000000000', ...more })
      expect([both.status, both.json().error]).to.deep.equal([400, 'invalid_request'])
    }
    const noToken = await ask(bed(), 'acme-v2-readonly', 'introspect', {})
    expect([noToken.status, noToken.json().error]).to.deep.equal([400, 'invalid_request'])
    expect((await bed().get('/v2/oauth/introspect')).status).to.equal(405)
  })

  it('a signed answer is made out to its caller, and is no access token (RFC 9701 §5, §8.1)', async () => {
    const token = await bed().token('acme-v2-readonly')
    const answer = await own(token, { accept: JWT })
    expect(answer.headers.get('content-type')).to.equal(JWT)
    const keys = createLocalJWKSet((await bed().get('/v2/.well-known/jwks.json')).json() as unknown as JSONWebKeySet)
    const { payload, protectedHeader } = await jwtVerify(answer.text, keys, {
      typ: 'token-introspection+jwt',
      issuer: `${bed().url}/v2`,
      audience: bed().keyId('acme-v2-readonly'),
      currentDate: new Date(bed().now()),
    })
    expect(protectedHeader.alg).to.equal('ES256')
    expect(Object.keys(payload).sort()).to.deep.equal(['aud', 'iat', 'iss', 'token_introspection'])
    expect(payload.token_introspection).to.deep.include({ active: true, jti: claimsOf(token).jti })
    const used = await fetch(new URL('/v2/links', bed().resourceUrl), {
      headers: { authorization: `Bearer ${answer.text}` },
    })
    expect(used.status).to.equal(401)
    const none = await own('nonsense', { accept: JWT })
    expect(decodeJwt(none.text).token_introspection).to.deep.equal({ active: false })
    const program = await asProgram('resource-server', token, { accept: JWT })
    expect(decodeJwt(program.text).aud).to.equal(bed().keyId('resource-server'))
  })
})
