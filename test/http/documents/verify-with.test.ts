import { expect } from 'chai'
import { calculateJwkThumbprint } from 'jose'
import { onBothStores } from '../bed.ts'

onBothStores('Keys to verify with', (bed) => {
  it('JWKS holds public members only, the current key and the next one', async () => {
    for (const ns of ['v2', 'v3', 'manage']) {
      const answer = await bed().get(`/${ns}/.well-known/jwks.json`)
      expect(answer.headers.get('content-type')).to.equal('application/jwk-set+json')
      expect(answer.headers.get('cache-control')).to.equal(
        'public, max-age=300, stale-while-revalidate=300, stale-if-error=86400',
      )
      const { keys } = answer.json() as { keys: Record<string, string>[] }
      expect(keys).to.have.length(2)
      for (const key of keys) {
        expect(Object.keys(key).sort()).to.deep.equal(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
        expect(key.kid).to.equal(
          await calculateJwkThumbprint({ kty: key.kty, crv: key.crv, x: key.x, y: key.y } as never),
        )
      }
      const again = await bed().get(`/${ns}/.well-known/jwks.json`, {
        'if-none-match': answer.headers.get('etag') as string,
      })
      expect([again.status, again.text]).to.deep.equal([304, ''])
    }
  })

  it('metadata is the same document at its three addresses, and true', async () => {
    const { url, get } = bed()
    const bodies = new Set<string>()
    for (const path of [
      '/.well-known/oauth-authorization-server/v2',
      '/v2/.well-known/oauth-authorization-server',
      '/v2/.well-known/openid-configuration',
    ]) {
      const answer = await get(path)
      expect(answer.headers.get('access-control-allow-origin')).to.equal('*')
      bodies.add(answer.text)
    }
    expect(bodies.size).to.equal(1)
    const { scopes_supported, ...metadata } = JSON.parse([...bodies][0] as string)
    expect(scopes_supported).to.include('links:read').and.have.length(19)
    const ways = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
    const signed = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'PS256']
    expect(metadata).to.deep.equal({
      issuer: `${url}/v2`,
      token_endpoint: `${url}/v2/oauth/token`,
      jwks_uri: `${url}/v2/.well-known/jwks.json`,
      response_types_supported: [],
      grant_types_supported: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      token_endpoint_auth_methods_supported: ways,
      token_endpoint_auth_signing_alg_values_supported: signed,
      introspection_endpoint: `${url}/v2/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: [...ways, 'Bearer', 'DPoP'],
      introspection_endpoint_auth_signing_alg_values_supported: signed,
      introspection_signing_alg_values_supported: ['ES256'],
      revocation_endpoint: `${url}/v2/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: [...ways, 'none'],
      revocation_endpoint_auth_signing_alg_values_supported: signed,
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'ES384', 'ES512', 'PS256'],
      authorization_details_types_supported: ['sub_account'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      status_list_aggregation_endpoint: `${url}/v2/status`,
      protected_resources: ['https://api.example.com/v2'],
      service_documentation: `${url}/docs?ns=v2`,
    })
  })

  it('never takes the issuer from the Host header', async () => {
    const { url } = bed()
    for (const headers of [
      { host: 'evil.example' },
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    ]) {
      const body = await rawGet(url, '/v2/.well-known/oauth-authorization-server', headers)
      expect(body).to.not.include('evil.example')
      expect(body).to.include(`"issuer":"${url}/v2"`)
    }
  })

  it('is healthy and ready', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await bed().get(path)
      expect([answer.status, answer.json()]).to.deep.equal([200, { status: 'ok' }])
    }
  })
})

/** fetch sets Host itself; this one does not. */
async function rawGet(url: string, path: string, headers: Record<string, string>): Promise<string> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const req = request(`${url}${path}`, { headers }, (res) => {
      let body = ''
      res.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      res.on('end', () => resolve(body))
    })
    req.on('error', reject)
    req.end()
  })
}
