import { expect } from 'chai'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { AUDIENCE, Issuer } from './issuer.ts'

describe('verifier: agrees with stock libraries', () => {
  let issuer: Issuer
  before(async () => {
    issuer = await new Issuer().start()
  })
  after(() => issuer.stop())

  it('oauth4webapi accepts the same token', async () => {
    const token = await issuer.token()
    const ours = await issuer.verifier().verify(token)
    const server = { issuer: issuer.url, jwks_uri: `${issuer.url}/.well-known/jwks.json` }
    const request = new Request('https://api.example.com/v2/links', { headers: { authorization: `Bearer ${token}` } })
    const theirs = await oauth.validateJwtAccessToken(server, request, AUDIENCE, {
      [oauth.allowInsecureRequests]: true,
    })
    expect({ ...theirs }).to.deep.equal(ours.claims)
  })

  it('jose accepts the same token', async () => {
    const token = await issuer.token()
    const keys = createRemoteJWKSet(new URL(`${issuer.url}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(token, keys, { issuer: issuer.url, audience: AUDIENCE, typ: 'at+jwt' })
    expect(payload).to.deep.equal((await issuer.verifier().verify(token)).claims)
  })
})
