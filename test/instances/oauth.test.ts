import { expect } from 'chai'
import { sign } from '../verifier/issuer.ts'
import { createClient, prove } from '../verifier/proofs.ts'
import { onInstances } from './instances.ts'

onInstances(2, 'the OAuth endpoints', (both) => {
  const post = (n: number, path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(both.urls[n % 2] + path, { method: 'POST', body: new URLSearchParams(form), headers })
  const basic = (name: string) => {
    const { id, secret } = both.demo.keys[name] as { id: string; secret: string }
    return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
  }
  const token = async (n: number, headers: Record<string, string> = {}) =>
    post(n, '/v2/oauth/token', { grant_type: 'client_credentials' }, { ...basic('acme-v2-readonly'), ...headers })
  const htu = () => `${both.publicUrl}/v2/oauth/token`
  const iat = () => Math.floor(Date.now() / 1000)

  it('one proof sent a hundred times to both: one token', async () => {
    const dpop = await prove(await createClient(), { htm: 'POST', htu: htu(), iat: iat() })
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => token(n, { dpop })))
    expect(answers.filter((a) => a.status === 200)).to.have.length(1)
    expect(answers.filter((a) => a.status === 400)).to.have.length(99)
  }).timeout(60_000)

  it('one assertion sent a hundred times to both: one token', async () => {
    const client = await createClient()
    const manage = await post(0, '/manage/oauth/token', { grant_type: 'client_credentials' }, basic('acme-manage'))
    const { access_token } = (await manage.json()) as { access_token: string }
    const made = await fetch(`${both.urls[0]}/manage/accounts/acme/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'signs for itself',
        namespace: 'v2',
        grants: [{ subAccount: null, scopes: ['links:read'] }],
        tokenEndpointAuthMethod: 'private_key_jwt',
        jwks: { keys: [client.publicJwk] },
      }),
    })
    const { id } = ((await made.json()) as { key: { id: string } }).key
    const claims = { iss: id, sub: id, aud: `${both.publicUrl}/v2`, iat: iat(), exp: iat() + 60, jti: 'once' }
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await sign(claims, { typ: 'JWT', kid: undefined }, { ...client, kid: '' }),
    }
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => post(n, '/v2/oauth/token', form)))
    expect(answers.filter((a) => a.status === 200)).to.have.length(1)
    expect(new Set(answers.filter((a) => a.status !== 200).map((a) => a.status))).to.deep.equal(new Set([401, 429]))
  }).timeout(60_000)

  it('a nonce of one is known to the other', async () => {
    const client = await createClient()
    const first = await token(0, { dpop: await prove(client, { htm: 'POST', htu: htu(), iat: iat() }) })
    const nonce = first.headers.get('dpop-nonce') as string
    const second = await token(1, { dpop: await prove(client, { htm: 'POST', htu: htu(), iat: iat(), nonce }) })
    expect(second.status).to.equal(200)
  })

  it('a token revoked at one is inactive at the other at once', async () => {
    for (let round = 0; round < 5; round++) {
      const { access_token } = (await (await token(round)).json()) as { access_token: string }
      const form = { token: access_token }
      expect((await post(round, '/v2/oauth/revoke', form, basic('acme-v2-readonly'))).status).to.equal(200)
      const answer = await post(round + 1, '/v2/oauth/introspect', form, basic('acme-v2-readonly'))
      expect(await answer.json()).to.deep.equal({ active: false })
    }
  })

  it('a token of the management API ended at one is refused by the other at once', async () => {
    const manage = async (n: number) =>
      (
        await post(n, '/manage/oauth/token', { grant_type: 'client_credentials' }, basic('acme-manage'))
      ).json() as Promise<{ access_token: string }>
    const whoami = (n: number, access_token: string) =>
      fetch(`${both.urls[n % 2]}/manage/whoami`, { headers: { authorization: `Bearer ${access_token}` } })
    for (let round = 0; round < 10; round++) {
      const { access_token } = await manage(round)
      expect((await whoami(round + 1, access_token)).status).to.equal(200)
      const ended = await post(round, '/manage/oauth/revoke', { token: access_token }, basic('acme-manage'))
      expect(ended.status).to.equal(200)
      const refused = await whoami(round + 1, access_token)
      expect([refused.status, ((await refused.json()) as { code: string }).code]).to.deep.equal([401, 'invalid_token'])
    }
  }).timeout(30_000)

  it('a token ended at one is not exchanged at the other, by itself or with all of its key', async () => {
    const exchange = (n: number, subject: string) =>
      post(
        n,
        '/v2/oauth/token',
        {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: subject,
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        },
        basic('acme-v2-readonly'),
      )
    const manage = await post(0, '/manage/oauth/token', { grant_type: 'client_credentials' }, basic('acme-manage'))
    const { access_token: manager } = (await manage.json()) as { access_token: string }
    const endings = {
      itself: (n: number, ended: string) => post(n, '/v2/oauth/revoke', { token: ended }, basic('acme-v2-readonly')),
      'all of its key': (n: number) =>
        fetch(`${both.urls[n % 2]}/manage/accounts/acme/revocations`, {
          method: 'POST',
          headers: { authorization: `Bearer ${manager}`, 'content-type': 'application/json' },
          body: JSON.stringify({ keyId: both.demo.keys['acme-v2-readonly']?.id }),
        }),
    }
    for (const [what, end] of Object.entries(endings)) {
      for (let round = 0; round < 5; round++) {
        const { access_token } = (await (await token(round)).json()) as { access_token: string }
        expect((await exchange(round + 1, access_token)).status, what).to.equal(200)
        expect((await end(round, access_token)).status, what).to.equal(200)
        const refused = await exchange(round + 1, access_token)
        expect([refused.status, await refused.json()], what).to.deep.include(400)
      }
    }
  }).timeout(30_000)
})
