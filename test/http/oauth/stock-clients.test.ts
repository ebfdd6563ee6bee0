/** Clients that were written without a thought of Latchkey, as they come. */
import { expect } from 'chai'
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { athOf, prove } from '../../verifier/proofs.ts'
import { claimsOf, onBothStores } from '../bed.ts'
import { ACCESS_TOKEN, TOKEN_EXCHANGE } from './asking.ts'

const AUDIENCE = 'https://api.example.com/v2'
const HTTP = { [oauth.allowInsecureRequests]: true }

/** Latchkey lives by the real clock here, for the clients do. */
const realTime = { clock: Date.now }

onBothStores(
  'Stock OAuth clients',
  (bed) => {
    let signer: { publicKey: CryptoKey; privateKey: CryptoKey; id: string }
    before(async () => {
      const pair = await generateKeyPair('ES256', { extractable: true })
      const headers = { authorization: `Bearer ${await bed().token('acme-manage')}` }
      const json = {
        name: 'signs for itself',
        namespace: 'v2',
        grants: [{ subAccount: null, scopes: ['links:read', 'links:write'] }],
        tokenEndpointAuthMethod: 'private_key_jwt',
        jwks: { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1' }] },
      }
      const { key } = (await bed().post('/manage/accounts/acme/keys', { json, headers })).json() as {
        key: { id: string }
      }
      signer = { ...pair, id: key.id }
    })

    describe('oauth4webapi', () => {
      const discover = async (ns = 'v2'): Promise<oauth.AuthorizationServer> => {
        const issuer = new URL(`${bed().url}/${ns}`)
        const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...HTTP })
        return oauth.processDiscoveryResponse(issuer, answer)
      }
      const me = () => ({ client_id: bed().keyId('acme-v2-server') })
      const secret = () => bed().secret('acme-v2-server')
      const ways: Record<string, () => { who: oauth.Client; auth: oauth.ClientAuth }> = {
        client_secret_basic: () => ({ who: me(), auth: oauth.ClientSecretBasic(secret()) }),
        client_secret_post: () => ({ who: me(), auth: oauth.ClientSecretPost(secret()) }),
        private_key_jwt: () => ({
          who: { client_id: signer.id },
          auth: oauth.PrivateKeyJwt({ key: signer.privateKey, kid: 'k1' }),
        }),
      }

      for (const [method, way] of Object.entries(ways)) {
        for (const bound of [false, true]) {
          it(`${method}${bound ? ' with DPoP' : ''}: discovery, token, validation, exchange, introspection, revocation`, async () => {
            const as = await discover()
            const { who, auth } = way()
            const pair = await generateKeyPair('ES256', { extractable: true })
            const DPoP = oauth.DPoP(who, pair)
            const options = { ...HTTP, ...(bound ? { DPoP } : {}) }
            const type = bound ? 'dpop' : 'bearer'

            const parameters = new URLSearchParams({ scope: 'links:read links:write', resource: AUDIENCE })
            const answer = await oauth.clientCredentialsGrantRequest(as, who, auth, parameters, options)
            const token = await oauth.processClientCredentialsResponse(as, who, answer)
            expect(token).to.include({ token_type: type, scope: 'links:read links:write', expires_in: 300 })

            const resource = `${bed().resourceUrl}/v2/links`
            const request = new Request(resource, {
              headers: { authorization: `${bound ? 'DPoP' : 'Bearer'} ${token.access_token}` },
            })
            if (bound) {
              const publicJwk = await exportJWK(pair.publicKey)
              const by = { alg: 'ES256', jkt: '', publicJwk, privateJwk: publicJwk, privateKey: pair.privateKey }
              const [iat, ath] = [Math.floor(Date.now() / 1000), athOf(token.access_token)]
              request.headers.set('dpop', await prove(by, { htu: resource, iat, ath }))
            }
            const claims = await oauth.validateJwtAccessToken(as, request, AUDIENCE, HTTP)
            expect(claims).to.include({ sub: who.client_id, client_id: who.client_id, aud: AUDIENCE })

            const url = new URL(resource)
            const called = await oauth.protectedResourceRequest(
              token.access_token,
              'GET',
              url,
              undefined,
              null,
              options,
            )
            expect(called.status).to.equal(200)

            const exchange = new URLSearchParams({
              subject_token: token.access_token,
              subject_token_type: ACCESS_TOKEN,
              scope: 'links:read',
            })
            const exchanged = await oauth.genericTokenEndpointRequest(as, who, auth, TOKEN_EXCHANGE, exchange, options)
            const child = await oauth.processGenericTokenEndpointResponse(as, who, exchanged)
            expect(child).to.include({ scope: 'links:read', token_type: type, issued_token_type: ACCESS_TOKEN })
            expect(claimsOf(child.access_token).parents).to.deep.equal([claims.jti])

            const ask = async (signed: boolean) => {
              const options = { ...HTTP, requestJwtResponse: signed }
              const asked = await oauth.introspectionRequest(as, who, auth, child.access_token, options)
              const hears = { ...who, introspection_signed_response_alg: 'ES256' }
              return oauth.processIntrospectionResponse(as, signed ? hears : who, asked)
            }
            expect(await ask(false)).to.include({ active: true, scope: 'links:read' })
            expect(await ask(true)).to.include({ active: true, scope: 'links:read' })

            const revoked = await oauth.revocationRequest(as, who, auth, token.access_token, HTTP)
            await oauth.processRevocationResponse(revoked)
            expect(await ask(false)).to.deep.equal({ active: false })
          })
        }
      }

      it('authorization_details are granted as asked', async () => {
        const as = await discover()
        const details = [{ type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read'] }]
        const parameters = { authorization_details: JSON.stringify(details) }
        const auth = oauth.ClientSecretBasic(secret())
        const answer = await oauth.clientCredentialsGrantRequest(as, me(), auth, parameters, HTTP)
        const token = await oauth.processClientCredentialsResponse(as, me(), answer)
        expect(token.authorization_details).to.deep.equal(details)
      })

      const refused: Record<string, [oauth.ClientAuth | null, Record<string, string>, string, number]> = {
        invalid_client: [oauth.ClientSecretBasic('wrong'), {}, 'invalid_client', 401],
        invalid_scope: [null, { scope: 'no:such' }, 'invalid_scope', 400],
        invalid_target: [null, { resource: 'https://rs.example' }, 'invalid_target', 400],
        invalid_authorization_details: [null, { authorization_details: '[]' }, 'invalid_authorization_details', 400],
      }
      for (const [what, [auth, parameters, error, status]] of Object.entries(refused)) {
        it(`reads ${what}`, async () => {
          const as = await discover()
          const way = auth ?? oauth.ClientSecretBasic(secret())
          const answer = await oauth.clientCredentialsGrantRequest(as, me(), way, parameters, HTTP)
          const thrown = await oauth.processClientCredentialsResponse(as, me(), answer).catch((e: unknown) => e)
          if (thrown instanceof oauth.WWWAuthenticateChallengeError) {
            expect([error, thrown.status, thrown.cause[0]?.scheme]).to.deep.equal(['invalid_client', 401, 'basic'])
            return
          }
          expect(thrown).to.be.instanceOf(oauth.ResponseBodyError)
          const { error: told, status: at } = thrown as oauth.ResponseBodyError
          expect([told, at]).to.deep.equal([error, status])
        })
      }

      it('reads unauthorized_client, unsupported_grant_type and a bad subject token', async () => {
        const [as, v3] = [await discover(), await discover('v3')]
        const auth = oauth.ClientSecretBasic(secret())
        const globex = { client_id: bed().keyId('globex-v3-server') }
        const off = await oauth.clientCredentialsGrantRequest(
          v3,
          globex,
          oauth.ClientSecretPost(bed().secret('globex-v3-server')),
          {},
          HTTP,
        )
        const told = async (pending: Promise<unknown>) =>
          ((await pending.catch((e: unknown) => e)) as oauth.ResponseBodyError).error
        expect(await told(oauth.processClientCredentialsResponse(v3, globex, off))).to.equal('unauthorized_client')
        const other = await oauth.genericTokenEndpointRequest(as, me(), auth, 'urn:example:grant', {}, HTTP)
        expect(await told(oauth.processGenericTokenEndpointResponse(as, me(), other))).to.equal(
          'unsupported_grant_type',
        )
        const bad = { subject_token: 'x', subject_token_type: ACCESS_TOKEN }
        const exchanged = await oauth.genericTokenEndpointRequest(as, me(), auth, TOKEN_EXCHANGE, bad, HTTP)
        expect(await told(oauth.processGenericTokenEndpointResponse(as, me(), exchanged))).to.equal('invalid_request')
      })
    })

    describe('openid-client', () => {
      const discover = (ns: string, id: string, auth: client.ClientAuth) =>
        client.discovery(new URL(`${bed().url}/${ns}`), id, undefined, auth, {
          algorithm: 'oauth2',
          execute: [client.allowInsecureRequests],
        })

      for (const method of ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const) {
        it(`${method}: token, exchange, introspection, revocation, with DPoP and without`, async () => {
          const [id, secret] = [bed().keyId('acme-v2-server'), bed().secret('acme-v2-server')]
          const config = await {
            client_secret_basic: () => discover('v2', id, client.ClientSecretBasic(secret)),
            client_secret_post: () => discover('v2', id, client.ClientSecretPost(secret)),
            private_key_jwt: () =>
              discover('v2', signer.id, client.PrivateKeyJwt({ key: signer.privateKey, kid: 'k1' })),
          }[method]()
          const pair = await client.randomDPoPKeyPair('ES256')
          for (const options of [{}, { DPoP: client.getDPoPHandle(config, pair) }]) {
            const token = await client.clientCredentialsGrant(config, { scope: 'links:read' }, options)
            expect(token.scope).to.equal('links:read')
            const subject = { subject_token: token.access_token, subject_token_type: ACCESS_TOKEN }
            const child = await client.genericGrantRequest(config, TOKEN_EXCHANGE, subject, options)
            expect(await client.tokenIntrospection(config, child.access_token)).to.include({ active: true })
            await client.tokenRevocation(config, token.access_token)
            expect(await client.tokenIntrospection(config, child.access_token)).to.deep.equal({ active: false })
          }
        })
      }

      it('discovers through the OpenID Connect address too', async () => {
        const config = await client.discovery(
          new URL(`${bed().url}/v2`),
          bed().keyId('acme-v2-server'),
          undefined,
          client.ClientSecretBasic(bed().secret('acme-v2-server')),
          { algorithm: 'oidc', execute: [client.allowInsecureRequests] },
        )
        expect((await client.clientCredentialsGrant(config)).token_type).to.equal('bearer')
      })
    })
  },
  realTime,
)
