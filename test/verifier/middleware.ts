/** What both middlewares must answer, over real HTTP, with exact headers and bodies. */
import { once } from 'node:events'
import { request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { OUTCOMES } from '../../src/verifier/errors.ts'
import type { ProtectOptions } from '../../src/verifier/guard.ts'
import { VerifyError, type VerifyErrorCode } from '../../src/verifier/index.ts'
import { PROOF_ALGORITHMS } from '../../src/verifier/proof.ts'
import { AUDIENCE, Issuer } from './issuer.ts'
import { athOf, type Client, createClient, prove } from './proofs.ts'

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

    describe('with a baseUrl', () => {
      const baseUrl = 'https://api.example.com/v2'
      const algs = `algs="${PROOF_ALGORITHMS.join(' ')}"`
      let bound: Server
      let client: Client
      let token: string
      beforeEach(async () => {
        bound = await listening(serve(issuer, { baseUrl }))
        client = await createClient()
        token = await issuer.token({ cnf: { jkt: client.jkt } })
      })
      afterEach(() => stop(bound))

      const proof = (claims = {}, of = token) =>
        prove(client, { htu: `${baseUrl}/links`, iat: issuer.seconds, ath: athOf(of), ...claims })
      const send = (authorization: string | string[], dpop: string | string[] = [], path = '/links') =>
        ask(bound, path, { authorization, dpop })
      function expectDpop(answer: Answer, code: string, error: string, more = ''): void {
        const said = `error="${error}", error_description="${answer.body.detail}"`
        expectRefusal(answer, more === '' ? 401 : 403, code, `DPoP realm="${AUDIENCE}", ${said}${more}, ${algs}`)
      }

      it('takes a bound token with its proof, whatever Host says', async () => {
        for (const [path, htu] of [
          ['/links', `${baseUrl}/links`],
          ['/links?x=1', `${baseUrl}/links`],
        ] as const) {
          const authorization = path === '/links' ? `DPoP ${token}` : `dPoP  ${token}`
          const answer = await ask(bound, path, { authorization, dpop: await proof({ htu }), host: 'evil.example' })
          expect(answer.status).to.equal(200)
          expect(answer.body.cnf).to.deep.equal({ jkt: client.jkt })
        }
        const elsewhere = await proof({ htu: `http://evil.example/links` })
        const answer = await ask(bound, '/links', {
          authorization: `DPoP ${token}`,
          dpop: elsewhere,
          host: 'evil.example',
        })
        expectDpop(answer, 'invalid_proof', 'invalid_dpop_proof')
      })

      it('no credentials: both challenges, without error', async () => {
        const answer = await send([])
        expectRefusal(answer, 401, 'missing_token', `${realm}, DPoP realm="${AUDIENCE}", ${algs}`)
        expect(answer.body.detail).to.contain('DPoP')
        expectRefusal(await send('Basic x'), 401, 'missing_token', `${realm}, DPoP realm="${AUDIENCE}", ${algs}`)
      })

      it('a bound token is no bearer token, not even with its proof', async () => {
        expectDpop(await send(`Bearer ${token}`), 'proof_required', 'invalid_token')
        expectDpop(await send(`Bearer ${token}`, await proof()), 'proof_required', 'invalid_token')
      })

      it('an unbound token is no DPoP token', async () => {
        const unbound = await issuer.token()
        expectDpop(await send(`DPoP ${unbound}`, await proof({}, unbound)), 'invalid_proof', 'invalid_dpop_proof')
        expectDpop(await send(`DPoP ${unbound}`), 'invalid_proof', 'invalid_dpop_proof')
        expect((await send(`Bearer ${unbound}`)).status).to.equal(200)
      })

      it('a proof that is missing, of another request, or used before', async () => {
        expectDpop(await send(`DPoP ${token}`), 'invalid_proof', 'invalid_dpop_proof')
        for (const wrong of [{ htm: 'POST' }, { htu: `${baseUrl}/any` }, { htu: 'http://127.0.0.1/links' }]) {
          expectDpop(await send(`DPoP ${token}`, await proof(wrong)), 'invalid_proof', 'invalid_dpop_proof')
        }
        const once = await proof()
        expect((await send(`DPoP ${token}`, once)).status).to.equal(200)
        expectDpop(await send(`DPoP ${token}`, once), 'invalid_proof', 'invalid_dpop_proof')
      })

      it('another fault of a bound token is answered in its scheme', async () => {
        token = await issuer.token({ cnf: { jkt: client.jkt }, exp: issuer.seconds - 10 })
        expectDpop(await send(`DPoP ${token}`, await proof()), 'expired', 'invalid_token')
        token = await issuer.token({ cnf: { jkt: client.jkt } })
        const answer = await send(`DPoP ${token}`, await proof({ htu: `${baseUrl}/export` }), '/export')
        expectDpop(answer, 'insufficient_scope', 'insufficient_scope', ', scope="links:read links:export"')
      })

      it('two headers of either kind, or no token: 400 with both challenges', async () => {
        const [one, two] = [await proof(), await proof()]
        for (const answer of [
          await send([`Bearer ${token}`, `DPoP ${token}`], one),
          await send(`DPoP ${token}`, [one, two]),
          await send(`DPoP ${token}`, [one, one]),
          await send('DPoP', one),
        ]) {
          const said = `error="invalid_request", error_description="${answer.body.detail}"`
          const challenge = `${realm}, ${said}, DPoP realm="${AUDIENCE}", ${said}, ${algs}`
          expectRefusal(answer, 400, 'invalid_request', challenge)
        }
        expectDpop(await send(`DPoP ${token}`, `${one}, ${two}`), 'invalid_proof', 'invalid_dpop_proof')
      })

      it('refuses a baseUrl that nobody could write in one way only', () => {
        for (const wrong of [
          'api.example.com',
          'http://api.example.com',
          `${baseUrl}/`,
          `${baseUrl}?x`,
          `${baseUrl}#`,
          '',
        ]) {
          expect(() => serve(issuer, { baseUrl: wrong })).to.throw(TypeError, 'baseUrl')
        }
      })
    })

    it('without a baseUrl no bound token is taken, and Bearer alone is offered', async () => {
      const client = await createClient()
      const token = await issuer.token({ cnf: { jkt: client.jkt } })
      const claims = { htu: 'http://127.0.0.1/links', iat: issuer.seconds, ath: athOf(token) }
      const sent = { authorization: `DPoP ${token}`, dpop: await prove(client, claims) }
      expectRefusal(await ask(server, '/links', sent), 401, 'missing_token', realm)
      expectInvalid(await get('/links', `Bearer ${token}`), 'proof_required')
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
