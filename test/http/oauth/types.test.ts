import { expect } from 'chai'
import { exportJWK } from 'jose'
import { sign } from '../../verifier/issuer.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { ask, aToken, type Client, createClient, narrow, proofFor } from './asking.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** RFC 8725 §3.11 and 7523bis: every kind of JWT there is, at every place that takes one. */
onBothStores('Kinds of JWT at the server’s doors', (bed) => {
  let client: Client
  let id: string
  before(async () => {
    client = await createClient()
    const headers = { authorization: `Bearer ${await bed().token('acme-manage')}` }
    const json = {
      name: 'signs for itself',
      namespace: 'v2',
      grants: [{ subAccount: null, scopes: ['links:read'] }],
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks: { keys: [{ ...(await exportJWK(client.privateKey)), d: undefined, kid: 'one' }] },
    }
    const answer = await bed().post('/manage/accounts/acme/keys', { json, headers })
    id = (answer.json().key as { id: string }).id
  })

  let count = 0
  const kinds: Record<string, (b: Bed) => Promise<string>> = {
    'an access token': (b) => b.token('acme-v2-readonly'),
    'a management token': (b) => b.token('acme-manage'),
    'a signed introspection': async (b) => {
      const accept = 'application/token-introspection+jwt'
      const form = { token: await b.token('acme-v2-readonly') }
      return (await ask(b, 'acme-v2-readonly', 'introspect', form, { accept })).text
    },
    'a status list': async (b) => (await b.get('/v2/status/0')).text,
    'a client assertion': (b) => {
      const now = Math.floor(b.now() / 1000)
      const claims = { iss: id, sub: id, aud: `${b.url}/v2`, iat: now, exp: now + 60, jti: `kind-${++count}` }
      return sign(claims, { typ: 'client-authentication+jwt' }, { ...client, kid: 'one' })
    },
    'a DPoP proof': (b) => proofFor(b, client, '/v2/oauth/token'),
  }
  const places: Record<string, { takes: string; accepted: (b: Bed, jwt: string) => Promise<boolean> }> = {
    'as client_assertion': {
      takes: 'a client assertion',
      async accepted(b, client_assertion) {
        const form = { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion }
        return (await b.post('/v2/oauth/token', { form })).status === 200
      },
    },
    'as subject_token': {
      takes: 'an access token',
      accepted: async (b, jwt) => (await narrow(b, 'acme-v2-readonly', jwt)).status === 200,
    },
    'at introspection': {
      takes: 'an access token',
      accepted: async (b, token) => (await ask(b, 'acme-v2-readonly', 'introspect', { token })).json().active === true,
    },
    'as DPoP proof': {
      takes: 'a DPoP proof',
      async accepted(b, dpop) {
        return (
          (await ask(b, 'acme-v2-readonly', 'token', { grant_type: 'client_credentials' }, { dpop })).status === 200
        )
      },
    },
    'as Bearer at the management API': {
      takes: 'a management token',
      accepted: async (b, jwt) => (await b.get('/manage/whoami', { authorization: `Bearer ${jwt}` })).status === 200,
    },
    'as Bearer at a resource server': {
      takes: 'an access token',
      async accepted(b, jwt) {
        const headers = { authorization: `Bearer ${jwt}` }
        return (await fetch(new URL('/v2/links', b.resourceUrl), { headers })).status === 200
      },
    },
  }
  for (const [place, { takes, accepted }] of Object.entries(places)) {
    it(`${place}: ${takes}, and nothing else`, async () => {
      const taken: string[] = []
      for (const [kind, make] of Object.entries(kinds)) if (await accepted(bed(), await make(bed()))) taken.push(kind)
      expect(taken).to.deep.equal([takes])
    })
  }

  it('forged access tokens are no subject and not active, whatever is forged', async () => {
    const b = bed()
    const good = await b.token('acme-v2-readonly')
    const [header, payload, signature] = good.split('.') as [string, string, string]
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const read = (part: string) =>
      JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
    const other = await createClient()
    const claims = read(payload)
    const forged: Record<string, string> = {
      none: `${encode({ ...read(header), alg: 'none' })}.${payload}.`,
      nOnE: `${encode({ ...read(header), alg: 'nOnE' })}.${payload}.${signature}`,
      HS256: `${encode({ ...read(header), alg: 'HS256' })}.${payload}.${signature}`,
      'another’s key in the header': await sign(
        claims,
        { ...read(header), jwk: other.publicJwk },
        { ...other, kid: '' },
      ),
      'no kid': await sign(claims, { typ: 'at+jwt', kid: undefined }, { ...other, kid: '' }),
      'a kid that is a path': await sign(claims, { typ: 'at+jwt', kid: '../../x' }, { ...other, kid: '' }),
      crit: `${encode({ ...read(header), crit: ['x'] })}.${payload}.${signature}`,
      'more scope': `${header}.${encode({ ...claims, scope: 'links:write' })}.${signature}`,
      'no signature': `${header}.${payload}.`,
      'five parts': `${good}.x.y`,
      'JSON serialisation': JSON.stringify({ protected: header, payload, signature }),
      'r = s = 0': `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
      'a space before it': ` ${good}`,
    }
    for (const [what, token] of Object.entries(forged)) {
      const introspected = await ask(b, 'acme-v2-readonly', 'introspect', { token })
      expect(introspected.text, what).to.equal('{"active":false}')
      const exchanged = await narrow(b, 'acme-v2-readonly', token)
      expect([exchanged.status, exchanged.json().error], what).to.deep.equal([400, 'invalid_request'])
    }
    expect((await narrow(b, 'acme-v2-readonly', await aToken(narrow(b, 'acme-v2-readonly', good)))).status).to.equal(
      200,
    )
  })
})
