// The yardstick: Koa, nothing but Koa, and one signature by jose over claims like those of the token measured.
import { generateKeyPair, SignJWT } from 'jose'
import Koa from 'koa'

const { privateKey } = await generateKeyPair('ES256')
const CLAIMS = {
  client_id: 'key_4fK2mZ90aQbX',
  jti: 'AAAAAAAAAAAAAAAAAAAAAA',
  scope: 'analytics:read links:read',
  account: 'acme',
  plan: 'agency',
  entitlements: { domains: null },
  status: { status_list: { idx: 888999, uri: 'http://localhost:3000/v2/status/0' } },
}
const app = new Koa()
app.use(async (ctx) => {
  for await (const _ of ctx.req);
  ctx.type = 'text/plain'
  ctx.body = await new SignJWT(CLAIMS)
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
