import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Request, type Response } from 'express'
import { latchkey } from '../../src/verifier/express.ts'
import { describeMiddleware } from './middleware.ts'

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
