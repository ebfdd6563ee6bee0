/** What both middlewares must answer, over real HTTP, with exact headers and bodies. */
import { once } from 'node:events'
import { request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { OUTCOMES } from '../../src/verifier/errors.ts'
import type { ProtectOptions } from '../../src/verifier/guard.ts'
import { VerifyError, type VerifyErrorCode } from '../../src/verifier/index.ts'
import { AUDIENCE, Issuer } from './issuer.ts'

type Serve = (issuer: Issuer, options?: ProtectOptions) => Server
interface Answer {
  status: number
  challenge: string | undefined
  retryAfter: string | undefined
  type: string | undefined
  cacheControl: string | undefined
  body: Record<string, unknown>
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

export function describeMiddleware(name: string, serve: Serve): void {
  describe(`verifier: ${name} middleware`, () => {
    let issuer: Issuer
    let server: Server
    beforeEach(async () => {
      issuer = await new Issuer().start()
      server = await listening(serve(issuer))
    })
    afterEach(async () => {
      await stop(server)
      await issuer.stop()
    })

    const get = (path: string, ...authorization: string[]) => ask(server, path, { authorization })
    const bearer = async (overrides = {}) => `Bearer ${await issuer.token(overrides)}`
    const realm = `Bearer realm="${AUDIENCE}"`

    /** Every refusal has one shape. */
    function expectRefusal(answer: Answer, status: number, code: string, challenge: string | undefined): void {
      expect(answer).to.include({ status, challenge, type: 'application/problem+json', cacheControl: 'no-store' })
      const { detail, ...rest } = answer.body
      expect(rest).to.deep.equal({ type: 'about:blank', title: TITLES[status], status, code })
      expect(detail).to.be.a('string').and.match(/\.$/)
    }
    function expectInvalid(answer: Answer, code: string): void {
      const description = `error="invalid_token", error_description="${answer.body.detail}"`
      expectRefusal(answer, 401, code, `${realm}, ${description}`)
    }

    it('hands a good token to the route', async () => {
      const answer = await get('/links', await bearer())
      expect(answer.status).to.equal(200)
      expect(answer.body).to.deep.equal(issuer.claims())
      expect((await get('/links', (await bearer()).replace('Bearer', 'bEARER '))).status).to.equal(200)
    })

    it('no credentials: a challenge without error, and the way to a token', async () => {
      const answer = await get('/links')
      expectRefusal(answer, 401, 'missing_token', realm)
      expect(answer.body.detail).to.contain(`POST ${issuer.url}/jwts`)
    })

    it('other schemes, the query and the body are no credentials', async () => {
      const token = await issuer.token()
      for (const other of ['Basic a2V5OnNlY3JldA==', token, `DPoP ${token}`, `Bearer${token}`, `Token ${token}`]) {
        expectRefusal(await get('/links', other), 401, 'missing_token', realm)
      }
      expectRefusal(await get(`/links?access_token=${token}`), 401, 'missing_token', realm)
      expect((await get(`/links?access_token=x`, `Bearer ${token}`)).status).to.equal(200)
    })

    it('two headers, or a scheme without a token: 400', async () => {
      const good = await bearer()
      for (const answer of [
        await get('/links', good, good),
        await get('/links', 'Bearer'),
        await get('/links', 'Bearer  '),
      ]) {
        const description = `error="invalid_request", error_description="${answer.body.detail}"`
        expectRefusal(answer, 400, 'invalid_request', `${realm}, ${description}`)
      }
    })

    it('a raw API key is told where to exchange', async () => {
      const key = `lk_v2_sk_${'a'.repeat(50)}`
      const answer = await get('/links', `Bearer ${key}`)
      expectInvalid(answer, 'malformed_token')
      expect(answer.body.detail).to.contain(`POST ${issuer.url}/jwts`).and.not.contain(key)
    })

    it('an expired, a bound and a revoked token', async () => {
      expectInvalid(await get('/any', await bearer({ exp: issuer.seconds - 10 })), 'expired')
      expectInvalid(await get('/any', await bearer({ cnf: { jkt: 'x' } })), 'proof_required')
      issuer.set(3, 1)
      expectInvalid(await get('/any', await bearer(issuer.status(3))), 'revoked')
      expectInvalid(await get('/any', 'Bearer "; evil'), 'malformed_token')
    })

    it('too little scope: 403 that names what is needed', async () => {
      const answer = await get('/export', await bearer())
      const description = `error="insufficient_scope", error_description="${answer.body.detail}"`
      expectRefusal(answer, 403, 'insufficient_scope', `${realm}, ${description}, scope="links:read links:export"`)
    })

    it('a sub-account read from the request', async () => {
      const details = [{ type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read'] }]
      const token = await bearer({ authorization_details: details })
      expect((await get('/orders/acme-eu', token)).status).to.equal(200)
      expect((await get('/orders/acme-us', token)).body.code).to.equal('insufficient_scope')
    })

    it('another account or holder: 403 without scope', async () => {
      const foreign = await get('/globex', await bearer())
      const challenge = `${realm}, error="insufficient_scope", error_description="${foreign.body.detail}"`
      expectRefusal(foreign, 403, 'wrong_account', challenge)
      const token = await bearer({ holder: { id: 'hld_1', type: 'partner', externalId: 'A-1' } })
      const held = (holder: string) => ask(server, '/held', { authorization: [token], 'x-holder': holder })
      expect((await held('A-1')).status).to.equal(200)
      expect((await held('A-2')).body.code).to.equal('wrong_holder')
    })

    it('a holder that the request does not name is refused, not skipped', async () => {
      const token = await bearer({ holder: { id: 'hld_1', type: 'partner', externalId: '' } })
      expect((await get('/held', token)).body.code).to.equal('wrong_holder')
    })

    it('keys or status out of reach: 503 with Retry-After, and no challenge', async () => {
      issuer.keysFailure = 'error'
      const answer = await get('/any', await bearer())
      expectRefusal(answer, 503, 'keys_unavailable', undefined)
      expect(answer.retryAfter).to.equal('1')
      issuer.keysFailure = 'none'
      issuer.statusFailure = 'error'
      issuer.time += 1000
      const unknown = await get('/any', await bearer(issuer.status(3)))
      expectRefusal(unknown, 503, 'status_unavailable', undefined)
      expect(unknown.retryAfter).to.equal('1')
    })

    it('names the resource metadata where it is given', async () => {
      const resourceMetadata = 'https://api.example.com/.well-known/oauth-protected-resource/v2'
      const described = await listening(serve(issuer, { resourceMetadata }))
      const answer = await ask(described, '/links', {})
      expect(answer.challenge).to.equal(`${realm}, resource_metadata="${resourceMetadata}"`)
      await stop(described)
    })

    it('an error of the demand itself is the application’s to handle', async () => {
      expect((await get('/broken', await bearer())).status).to.equal(500)
    })

    it('every message fits the challenge and ends like a sentence', () => {
      for (const code of Object.keys(OUTCOMES) as VerifyErrorCode[]) {
        expect(new VerifyError(code).message).to.match(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+\.$/)
      }
    })
  })
}

export async function listening(server: Server): Promise<Server> {
  if (!server.listening) await once(server, 'listening')
  return server
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

/** By node:http, for it sends a header twice where asked to. */
async function ask(server: Server, path: string, headers: Record<string, string | string[]>): Promise<Answer> {
  const { port } = server.address() as AddressInfo
  const sent = request({ port, host: '127.0.0.1', path, agent: false })
  for (const [name, value] of Object.entries(headers)) if (value.length > 0) sent.setHeader(name, value)
  sent.end()
  const [answer] = await once(sent, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return {
    status: answer.statusCode,
    challenge: answer.headers['www-authenticate'],
    retryAfter: answer.headers['retry-after'],
    type: answer.headers['content-type'],
    cacheControl: answer.headers['cache-control'],
    body: text.startsWith('{') ? JSON.parse(text) : {},
  }
}
