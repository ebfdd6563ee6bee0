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

  it('oauth4webapi accepts the same bound token and proof', async () => {
    const keys = await oauth.generateKeyPair('ES256')
    const DPoP = oauth.DPoP({}, keys)
    const token = await issuer.token({ cnf: { jkt: await DPoP.calculateThumbprint() } })
    const url = 'https://api.example.com/v2/links?limit=1'
    let sent = new Request(url)
    const catching = async (input: string, { headers }: { headers: Record<string, string> }) => {
      sent = new Request(input, { headers })
      return new Response('{}')
    }
    await oauth.protectedResourceRequest(token, 'GET', new URL(url), undefined, null, {
      DPoP,
      [oauth.customFetch]: catching,
    })
    expect(sent.headers.get('authorization')).to.equal(`DPoP ${token}`)
    const dpop = { proof: sent.headers.get('dpop') as string, method: 'GET', url: sent.url }
    const ours = await issuer.verifier().verify(token, { dpop })
    const server = { issuer: issuer.url, jwks_uri: `${issuer.url}/.well-known/jwks.json` }
    const theirs = await oauth.validateJwtAccessToken(server, sent, AUDIENCE, { [oauth.allowInsecureRequests]: true })
    expect({ ...theirs }).to.deep.equal(ours.claims)
  })
})
