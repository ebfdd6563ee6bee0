import { expect } from 'chai'
import { describeResource } from '../../src/verifier/index.ts'
import { PROOF_ALGORITHMS } from '../../src/verifier/proof.ts'

const issuer = 'https://id.example.com/v2'

describe('verifier: protected resource metadata (RFC 9728)', () => {
  for (const [resource, url] of [
    ['https://api.example.com/v2', 'https://api.example.com/.well-known/oauth-protected-resource/v2'],
    ['https://api.example.com', 'https://api.example.com/.well-known/oauth-protected-resource'],
    ['https://api.example.com:8443/a/b', 'https://api.example.com:8443/.well-known/oauth-protected-resource/a/b'],
    ['http://localhost:3001/v2', 'http://localhost:3001/.well-known/oauth-protected-resource/v2'],
  ] as const) {
    it(`of ${resource} is at ${url}`, () => {
      const described = describeResource({ resource, issuer })
      expect(described.url).to.equal(url)
      expect(described.path).to.equal(new URL(url).pathname)
      expect(described.metadata.resource).to.equal(resource)
    })
  }

  it('says what it is told, and leaves out what is empty', () => {
    const resource = 'https://api.example.com/v2'
    const least = {
      resource,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    }
    expect(describeResource({ resource, issuer }).metadata).to.deep.equal(least)
    const more = {
      scopes_supported: ['links:read'],
      resource_name: 'Partner API',
      dpop_bound_access_tokens_required: true,
    }
    expect(describeResource({ resource, issuer, metadata: more }).metadata).to.deep.equal({ ...least, ...more })
    const nothing = { scopes_supported: [], resource_name: '', resource: 'https://evil.example' }
    const { dpop_signing_alg_values_supported: _none, ...bearer } = least
    expect(describeResource({ resource, issuer, dpop: false, metadata: nothing }).metadata).to.deep.equal(bearer)
  })

  for (const wrong of [
    'http://api.example.com',
    'https://api.example.com/#',
    'https://api.example.com/v2/',
    '/v2',
    '',
  ]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      expect(() => describeResource({ resource: wrong, issuer })).to.throw(TypeError, 'resource')
      expect(() => describeResource({ resource: 'https://api.example.com', issuer: wrong })).to.throw(
        TypeError,
        'issuer',
      )
    })
  }
})
