// The yardstick: Koa, nothing but Koa, and one signature by jose.
import { generateKeyPair, SignJWT } from 'jose'
import Koa from 'koa'

const { privateKey } = await generateKeyPair('ES256')
const app = new Koa()
app.use(async (ctx) => {
  for await (const _ of ctx.req);
  ctx.type = 'text/plain'
  ctx.body = await new SignJWT({ scope: 'links:read', account: 'acme' })
    .setProtectedHeader({ alg: 'ES256', kid: 'bench', typ: 'at+jwt' })
    .setIssuer('http://localhost/v2')
    .setAudience('https://api.example.com/v2')
    .setSubject('key_bench')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey)
})
const server = app.listen(0, '127.0.0.1', () => process.send?.({ url: `http://127.0.0.1:${server.address().port}/` }))
process.on('disconnect', () => process.exit(0))
