import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Router, { type RouterContext } from '@koa/router'
import { expect } from 'chai'
import Koa from 'koa'
import { latchkey, type TokenState } from '../../src/verifier/koa.ts'
import { AUDIENCE, Issuer } from './issuer.ts'
import { describeMiddleware, listening } from './middleware.ts'

describeMiddleware('koa', (issuer, options) => {
  const protect = latchkey(issuer.verifier({ requireStatus: false }), options)
  const router = new Router<TokenState>()
  const narrow = protect({ scope: 'orders:read', subAccount: (ctx: RouterContext) => ctx.params.subAccount })
  const answer = (ctx: { state: TokenState; body: unknown }) => {
    ctx.body = ctx.state.token.claims
  }
  router.get('/any', protect(), answer)
  router.get('/links', protect('links:read'), answer)
  router.get('/export', protect(['links:read', 'links:export']), answer)
  router.get('/globex', protect({ account: 'globex' }), answer)
  router.get('/held', protect({ holder: (ctx) => ctx.req.headers['x-holder']?.toString() }), answer)
  router.get('/orders/:subAccount', narrow, answer)
  const broken = protect({ scope: () => expect.fail('a broken demand') })
  router.get('/broken', broken, answer)
  const app = new Koa<TokenState>()
  app.silent = true
  app.use(router.routes())
  return app.listen(0, '127.0.0.1')
})

describe('verifier: koa in four lines', () => {
  let issuer: Issuer
  let server: Server
  before(async () => {
    issuer = await new Issuer().start()
  })
  after(async () => {
    server.close()
    await issuer.stop()
  })

  it('protects a whole application', async () => {
    const app = new Koa<TokenState>()
    const protect = latchkey({ issuer: issuer.url, audience: AUDIENCE, now: issuer.now })
    app.use(protect())
    app.use((ctx) => {
      ctx.body = ctx.state.token.sub
    })
    server = await listening(app.listen(0, '127.0.0.1'))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const headers = { authorization: `Bearer ${await issuer.token()}`, connection: 'close' }
    const answer = await fetch(url, { headers })
    expect([answer.status, await answer.text()]).to.deep.equal([200, 'key_0123456789ab'])
    expect((await fetch(url, { headers: { connection: 'close' } })).status).to.equal(401)
    expect(protect.verifier.audience).to.equal(AUDIENCE)
    protect.verifier.close()
  })
})
