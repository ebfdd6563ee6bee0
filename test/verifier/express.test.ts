import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Request, type Response } from 'express'
import { latchkey } from '../../src/verifier/express.ts'
import { Issuer } from './issuer.ts'
import { describeMiddleware, listening } from './middleware.ts'
import { athOf, createClient, prove } from './proofs.ts'

describeMiddleware('express', (issuer, options) => {
  const protect = latchkey(issuer.verifier(), options)
  const app = express()
  const answer = (req: Request, res: Response) => {
    res.json(req.token?.claims)
  }
  app.get('/any', protect(), answer)
  app.get('/links', protect('links:read'), answer)
  app.get('/export', protect(['links:read', 'links:export']), answer)
  app.get('/globex', protect({ account: 'globex' }), answer)
  app.get('/held', protect({ holder: (req) => req.headers['x-holder']?.toString() }), answer)
  const subAccount = (req: Request) => req.params.subAccount as string
  app.get('/orders/:subAccount', protect({ scope: 'orders:read', subAccount }), answer)
  app.get('/broken', protect({ scope: () => expect.fail('a broken demand') }), answer)
  const onError: ErrorRequestHandler = (_error, _req, res, _next) => {
    res.sendStatus(500)
  }
  app.use(onError)
  return app.listen(0, '127.0.0.1')
})

describe('verifier: express behind a router', () => {
  it('a proof names the whole path, not what the router left of it', async () => {
    const issuer = await new Issuer().start()
    const client = await createClient()
    const protect = latchkey(issuer.verifier(), { baseUrl: 'https://api.example.com' })
    const router = express.Router().get('/links', protect(), (_req, res) => void res.send('in'))
    const server = await listening(express().use('/v2', router).listen(0, '127.0.0.1'))
    const { port } = server.address() as AddressInfo
    const token = await issuer.token({ cnf: { jkt: client.jkt } })
    const call = async (htu: string) => {
      const dpop = await prove(client, { htu, iat: issuer.seconds, ath: athOf(token) })
      const headers = { authorization: `DPoP ${token}`, dpop, connection: 'close' }
      return (await fetch(`http://127.0.0.1:${port}/v2/links`, { headers })).status
    }
    expect(await call('https://api.example.com/v2/links')).to.equal(200)
    expect(await call('https://api.example.com/links')).to.equal(401)
    server.close()
    await issuer.stop()
  })
})
