import { expect } from 'chai'
import { athOf } from '../../verifier/proofs.ts'
import { claimsOf, onBothStores } from '../bed.ts'
import { ask, aToken, CC, type Client, createClient, proofFor } from './asking.ts'

const PATH = '/v2/oauth/token'

onBothStores('DPoP at the token endpoint (RFC 9449)', (bed) => {
  let client: Client
  before(async () => {
    client = await createClient()
  })
  const get = (dpop: string | undefined, name = 'acme-v2-readonly') =>
    ask(bed(), name, 'token', CC, dpop === undefined ? {} : { dpop })
  const proof = (claims: Record<string, unknown> = {}) => proofFor(bed(), client, PATH, claims)

  it('binds the token to the key of the proof (§5, §6)', async () => {
    const answer = await get(await proof())
    expect(answer.status).to.equal(200)
    expect(answer.json()).to.include({ token_type: 'DPoP' })
    expect(claimsOf(answer.json().access_token as string).cnf).to.deep.equal({ jkt: client.jkt })
    expect(answer.headers.get('dpop-nonce')).to.match(/^[\w-]{22}$/)
    expect(answer.headers.get('access-control-expose-headers')).to.equal(null)
    const fromAPage = await ask(bed(), 'acme-v2-readonly', 'token', CC, {
      dpop: await proof(),
      origin: 'https://a.example',
    })
    expect(fromAPage.headers.get('access-control-expose-headers'))
      .to.include('DPoP-Nonce')
      .and.include('WWW-Authenticate')
  })

  it('binds at /jwts too, and says so', async () => {
    const dpop = await proofFor(bed(), client, '/v2/jwts')
    const json = { apiKey: bed().secret('acme-v2-readonly') }
    const answer = await bed().post('/v2/jwts', { json, headers: { dpop, accept: 'application/json' } })
    expect(answer.json()).to.include({ token_type: 'DPoP' })
    const again = await bed().post('/v2/jwts', { json, headers: { dpop } })
    expect([again.status, again.json().code]).to.deep.equal([400, 'invalid_dpop_proof'])
  })

  it('is a key of any algorithm that the metadata names', async () => {
    const { dpop_signing_alg_values_supported: algs } = (
      await bed().get('/.well-known/oauth-authorization-server/v2')
    ).json()
    for (const alg of algs as string[]) {
      const one = await createClient(alg)
      const answer = await get(await proofFor(bed(), one, PATH))
      expect([alg, answer.json().token_type]).to.deep.equal([alg, 'DPoP'])
    }
  })

  it('a key that is for bound tokens only gets none without a proof, at either door (§5.2)', async () => {
    const b = bed()
    const headers = { authorization: `Bearer ${await b.token('acme-manage')}` }
    const grants = [{ subAccount: null, scopes: ['links:read'] }]
    const json = { name: 'bound', namespace: 'v2', grants, dpopBoundAccessTokens: true }
    const made = (await b.post('/manage/accounts/acme/keys', { json, headers })).json() as {
      key: { id: string; dpopBoundAccessTokens: boolean }
      secret: string
    }
    expect(made.key.dpopBoundAccessTokens).to.equal(true)
    const form = { ...CC, client_id: made.key.id, client_secret: made.secret }
    const doors: [string, Record<string, unknown>][] = [
      [PATH, { form }],
      ['/v2/jwts', { json: { apiKey: made.secret } }],
    ]
    for (const [path, init] of doors) {
      const without = await b.post(path, init)
      expect([without.status, without.json().error ?? without.json().code], path).to.deep.equal([
        400,
        'invalid_dpop_proof',
      ])
      const dpop = await proofFor(b, client, path)
      expect((await b.post(path, { ...init, headers: { dpop } })).status, path).to.equal(200)
    }
  })

  const bad: Record<string, () => Promise<string>> = {
    'for another method': () => proof({ htm: 'GET' }),
    'for another address': () => proof({ htu: `${bed().url}/v2/jwts` }),
    'for another host': () => proof({ htu: `http://evil.example${PATH}` }),
    'of long ago': () => proof({ iat: Math.floor(bed().now() / 1000) - 61 }),
    'of the future': () => proof({ iat: Math.floor(bed().now() / 1000) + 60 }),
    'without jti': () => proof({ jti: undefined }),
    'that is no JWT': async () => 'nonsense',
    'that is an access token': () => bed().token('acme-v2-readonly'),
    'twice in one request': async () => `${await proof()}, ${await proof()}`,
  }
  for (const [what, make] of Object.entries(bad)) {
    it(`a proof ${what}: 400 invalid_dpop_proof`, async () => {
      const answer = await get(await make())
      expect([answer.status, answer.json().error]).to.deep.equal([400, 'invalid_dpop_proof'])
      expect(answer.json().error_description).to.match(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
    })
  }

  it('Host and X-Forwarded-* change nothing about the address', async () => {
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const htu = `https://evil.example${PATH}`
    const foreign = await ask(bed(), 'acme-v2-readonly', 'token', CC, { dpop: await proof({ htu }), ...headers })
    expect(foreign.json().error).to.equal('invalid_dpop_proof')
    expect((await ask(bed(), 'acme-v2-readonly', 'token', CC, { dpop: await proof(), ...headers })).status).to.equal(
      200,
    )
  })

  it('a proof is good once, also between namespaces’ doors', async () => {
    const dpop = await proof()
    expect((await get(dpop)).status).to.equal(200)
    const again = await get(dpop)
    expect(again.json()).to.deep.equal({
      error: 'invalid_dpop_proof',
      error_description: 'The proof was used before. Make a new one for each request.',
    })
  })

  it('a hundred at once with one proof: one token', async () => {
    const dpop = await proof()
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(dpop, 'acme-v2-server')))
    expect(answers.filter((a) => a.status === 200)).to.have.length(1)
    expect(new Set(answers.filter((a) => a.status !== 200).map((a) => a.json().error))).to.deep.equal(
      new Set(['invalid_dpop_proof']),
    )
  }).timeout(30_000)

  it('nonces: one of ours is taken for minutes, another is answered with use_dpop_nonce and a new one (§8)', async () => {
    const nonce = (await get(await proof())).headers.get('dpop-nonce') as string
    expect((await get(await proof({ nonce }))).status).to.equal(200)
    const wrong = await get(await proof({ nonce: 'A'.repeat(22) }))
    expect([wrong.status, wrong.json().error]).to.deep.equal([400, 'use_dpop_nonce'])
    const told = wrong.headers.get('dpop-nonce') as string
    expect((await get(await proof({ nonce: told }))).status).to.equal(200)
    bed().pass(150_000)
    expect((await get(await proof({ nonce: told }))).status).to.equal(200)
    bed().pass(150_000)
    expect((await get(await proof({ nonce: told }))).json().error).to.equal('use_dpop_nonce')
  })

  it('a bound token sent as Bearer is refused: by the management API and by a resource server', async () => {
    const token = await aToken(get(await proof()))
    const resource = await fetch(new URL('/v2/links', bed().resourceUrl), {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(resource.status).to.equal(401)
  })

  it('the management API takes a bound token with its proof, once, and refuses it as Bearer', async () => {
    const b = bed()
    const dpop = await proofFor(b, client, '/manage/oauth/token')
    const manage = await aToken(ask(b, 'acme-manage', 'token', CC, { dpop }))
    const whoami = (scheme: string, proofs: Record<string, string>, token = manage) =>
      b.get('/manage/whoami', { authorization: `${scheme} ${token}`, ...proofs })
    const prove = (more: Record<string, unknown> = {}) =>
      proofFor(b, client, '/manage/whoami', { htm: 'GET', ath: athOf(manage), ...more })
    const good = await prove()
    expect((await whoami('DPoP', { dpop: good })).status).to.equal(200)
    const refused = {
      'sent as Bearer': await whoami('Bearer', {}),
      'used twice': await whoami('DPoP', { dpop: good }),
      'without a proof': await whoami('DPoP', {}),
      'for another token': await whoami('DPoP', { dpop: await prove({ ath: athOf('another') }) }),
      'for another address': await whoami('DPoP', { dpop: await prove({ htu: `${b.url}/manage/catalog` }) }),
      'for another method': await whoami('DPoP', { dpop: await prove({ htm: 'POST' }) }),
      'with an unbound token': await whoami('DPoP', { dpop: await prove() }, await b.token('acme-manage')),
    }
    for (const [what, answer] of Object.entries(refused)) {
      expect([answer.status, answer.json().code], what).to.deep.equal([401, 'invalid_token'])
    }
    const challenges = Object.fromEntries(
      Object.entries(refused).map(([what, { headers }]) => [
        what,
        /^\w+ error="\w+"/.exec(headers.get('www-authenticate') ?? '')?.[0],
      ]),
    )
    expect(challenges).to.include({
      'sent as Bearer': 'DPoP error="invalid_token"',
      'used twice': 'DPoP error="invalid_dpop_proof"',
      'for another token': 'DPoP error="invalid_dpop_proof"',
    })
    const nobody = (await b.get('/manage/whoami')).headers.get('www-authenticate') as string
    expect(nobody).to.match(/^Bearer realm="[^"]+", resource_metadata="[^"]+", DPoP realm=.*, algs="ES256 /)
    expect(nobody).to.not.include('error')
  })

  it('a client that knows nothing but the management API finds out the rest (RFC 9728)', async () => {
    const b = bed()
    const challenge = (await b.get('/manage/whoami')).headers.get('www-authenticate') as string
    const url = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] as string
    expect(url).to.equal(`${b.url}/.well-known/oauth-protected-resource/manage`)
    const described = (await b.get(new URL(url).pathname)).json()
    expect(described).to.deep.include({
      resource: `${b.url}/manage`,
      authorization_servers: [`${b.url}/manage`],
      bearer_methods_supported: ['header'],
    })
    expect(described.scopes_supported).to.include('keys:write')
  })
})
