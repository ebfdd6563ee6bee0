import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { ASSERTION_TYPE } from '../../../src/tokens/client.ts'
import { type Answer, type Bed, claimsOf, onBothStores } from '../bed.ts'
import { CC } from './asking.ts'

const KEYS = '/manage/accounts/acme/keys'

/** A program with a key pair of its own. */
async function pairOf(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg }, sign: { alg, kid, privateKey } }
}
type Pair = Awaited<ReturnType<typeof pairOf>>

async function clientWith(b: Bed, wish: Record<string, unknown>) {
  const headers = { authorization: `Bearer ${await b.token('acme-manage')}` }
  const grants = [{ subAccount: null, scopes: ['links:read'] }]
  const json = { name: 'Job', namespace: 'v2', grants, tokenEndpointAuthMethod: 'private_key_jwt', ...wish }
  const answer = await b.post(KEYS, { json, headers })
  expect(answer.status, answer.text).to.equal(201)
  return { id: (answer.json().key as { id: string }).id, headers }
}

let count = 0
async function ask(b: Bed, id: string, { sign }: Pair, change: JWTPayload = {}): Promise<Answer> {
  const seconds = Math.floor(b.now() / 1000)
  const claims = {
    iss: id,
    sub: id,
    aud: `${b.url}/v2`,
    jti: `j${count++}`,
    iat: seconds,
    exp: seconds + 60,
    ...change,
  }
  const client_assertion = await new SignJWT(claims)
    .setProtectedHeader({ alg: sign.alg, kid: sign.kid })
    .sign(sign.privateKey)
  return b.post('/v2/oauth/token', { form: { ...CC, client_assertion, client_assertion_type: ASSERTION_TYPE } })
}
const outcome = (answer: Answer) => [answer.status, answer.json().error]

onBothStores('POST /{ns}/oauth/token: private_key_jwt', (bed) => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections()
  })
  /** Publishes a JWK set at an address that may change its mind. */
  async function publish(...keys: unknown[]) {
    const state = { status: 200, keys, asked: 0 }
    const server = createServer((_, res) => {
      state.asked++
      res.writeHead(state.status, { 'Content-Type': 'application/jwk-set+json' })
      res.end(JSON.stringify({ keys: state.keys }))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return Object.assign(state, { jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks` })
  }

  for (const alg of ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'PS256']) {
    it(`gives a token for an assertion by ${alg}, signed with a key of the record`, async () => {
      const b = bed()
      const [pair, other] = await Promise.all([pairOf(alg, 'a'), pairOf(alg, 'a')])
      const { id } = await clientWith(b, { jwks: { keys: [pair.jwk] } })
      const answer = await ask(b, id, pair)
      expect(answer.status, answer.text).to.equal(200)
      expect(claimsOf(answer.json().access_token as string)).to.include({ client_id: id, scope: 'links:read' })
      expect(outcome(await ask(b, id, other))).to.deep.equal([401, 'invalid_client'])
      expect(outcome(await ask(b, id, { ...pair, sign: { ...pair.sign, kid: 'b' } }))).to.deep.equal([
        401,
        'invalid_client',
      ])
    })
  }

  it('takes the token endpoint for an audience only from a key that was made so', async () => {
    const b = bed()
    const pair = await pairOf('ES256', 'a')
    const aud = `${b.url}/v2/oauth/token`
    const strict = await clientWith(b, { jwks: { keys: [pair.jwk] } })
    const old = await clientWith(b, { jwks: { keys: [pair.jwk] }, tokenEndpointAuthAudience: 'token_endpoint' })
    expect(outcome(await ask(b, strict.id, pair, { aud }))).to.deep.equal([401, 'invalid_client'])
    expect((await ask(b, old.id, pair, { aud })).status).to.equal(200)
    expect((await ask(b, old.id, pair)).status).to.equal(200)
  })

  it('ends its tokens with the key', async () => {
    const b = bed()
    const pair = await pairOf('ES256', 'a')
    const { id, headers } = await clientWith(b, { jwks: { keys: [pair.jwk] } })
    const token = (await ask(b, id, pair)).json().access_token as string
    const inspect = { form: { token }, headers: { authorization: `Bearer ${await b.token('resource-server')}` } }
    expect((await b.post('/v2/oauth/introspect', inspect)).json().active).to.equal(true)
    expect((await b.post(`${KEYS}/${id}/revoke`, { json: { reason: 'exposed' }, headers })).status).to.equal(200)
    expect((await b.post('/v2/oauth/introspect', inspect)).json().active).to.equal(false)
    expect(outcome(await ask(b, id, pair))).to.deep.equal([401, 'invalid_client'])
  })

  it('reads keys at the client’s address, new ones when it publishes them', async () => {
    const b = bed()
    const [first, second] = await Promise.all([pairOf('ES256', 'a'), pairOf('EdDSA', 'b')])
    const at = await publish(first.jwk)
    const { id } = await clientWith(b, { jwksUri: at.jwksUri })
    expect(at.asked).to.equal(0)
    expect((await ask(b, id, first)).status).to.equal(200)
    at.keys = [second.jwk]
    b.pass(30_000)
    expect((await ask(b, id, second)).status).to.equal(200)
    expect(outcome(await ask(b, id, first))).to.deep.equal([401, 'invalid_client'])
    expect(at.asked).to.equal(2)
  })

  it('while that address fails: 503 with Retry-After, never a 500', async () => {
    const b = bed()
    const pair = await pairOf('ES256', 'a')
    const at = await publish(pair.jwk)
    at.status = 500
    const { id } = await clientWith(b, { jwksUri: at.jwksUri })
    const down = await ask(b, id, pair)
    expect(outcome(down)).to.deep.equal([503, 'temporarily_unavailable'])
    expect([down.json().code, down.headers.get('retry-after')]).to.deep.equal(['client_keys_unavailable', '5'])
    expect(down.text).to.not.include('127.0.0.1')
    at.status = 200
    b.pass(5_000)
    expect((await ask(b, id, pair)).status).to.equal(200)
  })
})
