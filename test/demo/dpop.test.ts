import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import { athOf, type Client, createClient, prove } from '../verifier/proofs.ts'
import { type Answer, Demo, expectRefusal } from './harness.ts'

const RESOURCE = 'http://localhost:3001'

describe('demo resource server: bound tokens and its description', () => {
  let demo: Demo
  let client: Client
  beforeEach(async () => {
    demo = await new Demo().start()
    client = await createClient()
  })
  afterEach(() => demo.stop())

  async function callBound(path: string, claims = {}, proof = {}): Promise<Answer> {
    const token = await demo.token(path.split('/')[1] ?? '', { cnf: { jkt: client.jkt }, ...claims })
    const htu = `${RESOURCE}${path}`
    const dpop = await prove(client, { htu, iat: demo.v2.seconds, ath: athOf(token), ...proof })
    return demo.call('GET', path, { token: '', headers: { authorization: `DPoP ${token}`, dpop } })
  }

  it('answers a bound token with its proof', async () => {
    const answer = await callBound('/v2/links?limit=1', { scope: 'links:read' })
    expect([answer.status, answer.body.items.length]).to.deep.equal([200, 1])
    expect((await callBound('/v3/vehicles', { scope: 'vehicles:read' })).status).to.equal(200)
  })

  it('refuses a proof of another URL, and a bound token sent as Bearer', async () => {
    const proof = { htu: `${RESOURCE}/v2/orders` }
    expectRefusal(await callBound('/v2/links', { scope: 'links:read' }, proof), 401, 'invalid_proof')
    const claims = { cnf: { jkt: client.jkt } }
    expectRefusal(await demo.call('GET', '/v2/links', { scope: 'links:read', claims }), 401, 'proof_required')
  })

  it('challenges in the scheme of the token, also for what a row needs', async () => {
    const answer = await callBound('/v2/orders', { scope: 'links:read' })
    expectRefusal(answer, 403, 'insufficient_scope')
    expect(answer.headers.get('www-authenticate')).to.match(/^DPoP realm=/)
    const bearer = await demo.call('GET', '/v2/orders', { scope: 'links:read' })
    expect(bearer.headers.get('www-authenticate')).to.match(/^Bearer realm=/)
  })

  it('a client that knows nothing but the URL finds the description and the issuer', async () => {
    for (const ns of ['v2', 'v3'] as const) {
      const refused = await demo.call('GET', ns === 'v2' ? '/v2/links' : '/v3/vehicles', { token: '' })
      const challenges = refused.headers.get('www-authenticate') ?? ''
      const named = [...challenges.matchAll(/resource_metadata="([^"]+)"/g)].map((match) => match[1])
      const url = `${RESOURCE}/.well-known/oauth-protected-resource/${ns}`
      expect(named).to.deep.equal([url, url])
      const described = await fetch(`${demo.url}${new URL(url).pathname}`)
      expect(described.headers.get('access-control-allow-origin')).to.equal('*')
      const resource = new URL(`${RESOURCE}/${ns}`)
      const metadata = await oauth.processResourceDiscoveryResponse(resource, described)
      expect(metadata.authorization_servers).to.deep.equal([demo[ns].url])
      expect(metadata.bearer_methods_supported).to.deep.equal(['header'])
      expect(metadata.dpop_signing_alg_values_supported).to.include('ES256')
      expect(metadata.scopes_supported).to.include(ns === 'v2' ? 'links:read' : 'vehicles:read')
      expect(metadata.resource_name).to.be.a('string')
    }
  })
})
