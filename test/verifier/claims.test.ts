import { expect } from 'chai'
import { AUDIENCE, Issuer, refused } from './issuer.ts'

describe('verifier: claims (RFC 9068 §4)', () => {
  let issuer: Issuer
  before(async () => {
    issuer = await new Issuer().start()
  })
  after(() => issuer.stop())

  it('answers the claims of a good token, as properties and whole', async () => {
    const holder = { id: 'hld_1', type: 'partner', externalId: null }
    const token = await issuer.verifier().verify(await issuer.token({ holder, entitlements: { domains: 1 } }))
    expect(token.claims).to.deep.equal(issuer.claims({ holder, entitlements: { domains: 1 } }))
    expect(token.sub).to.equal('key_0123456789ab')
    expect(token.account).to.equal('acme')
    expect(token.holder).to.deep.equal(holder)
    expect(Object.isFrozen(token)).to.equal(true)
  })

  it('accepts each spelling of the type', async () => {
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      await issuer.verifier().verify(await issuer.token({}, { typ }))
    }
  })

  it('accepts an audience list that contains ours', async () => {
    const verifier = issuer.verifier()
    await verifier.verify(await issuer.token({ aud: ['https://other.example', AUDIENCE] }))
    await refused(verifier.verify(await issuer.token({ aud: ['https://other.example'] })), 'wrong_audience')
    await refused(verifier.verify(await issuer.token({ aud: `${AUDIENCE}/` })), 'wrong_audience')
    await refused(verifier.verify(await issuer.token({ aud: [] })), 'missing_claim')
    await refused(verifier.verify(await issuer.token({ aud: [AUDIENCE, 7] })), 'missing_claim')
  })

  for (const claim of ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id']) {
    it(`requires ${claim}, and of its type`, async () => {
      const verifier = issuer.verifier()
      const error = await refused(verifier.verify(await issuer.token({ [claim]: undefined })), 'missing_claim')
      expect(error.message).to.contain(` ${claim} `)
      for (const wrong of [null, {}, '', -1, 1.5, true]) {
        await refused(verifier.verify(await issuer.token({ [claim]: wrong })), 'missing_claim')
      }
    })
  }

  for (const [claim, wrong] of Object.entries({
    exp: ['1700000000', 2 ** 53 + 2, 1e300],
    scope: [['links:read'], null, 7],
    account: [7, '', null],
    holder: ['hld_1', { id: 'hld_1' }, null],
    authorization_details: [{}, [{ identifier: 'x' }], [{ type: 'sub_account', identifier: 'x', actions: 'orders' }]],
    status: [{}, 'x', { status_list: { idx: -1, uri: 'x' } }, { status_list: { idx: '1', uri: 'x' } }],
    nbf: ['now'],
    parents: ['jti', [7], ['a', 'b', 'c', 'd', 'e']],
  })) {
    it(`refuses ${claim} of the wrong shape`, async () => {
      for (const value of wrong) {
        await refused(issuer.verifier().verify(await issuer.token({ [claim]: value })), 'missing_claim')
      }
    })
  }

  it('takes the issuer exactly, and asks nobody for the keys of another', async () => {
    const verifier = issuer.verifier()
    const before = issuer.hits.keys
    for (const iss of [`${issuer.url}/`, issuer.url.toUpperCase(), issuer.url.replace('/v2', '/v3')]) {
      await refused(verifier.verify(await issuer.token({ iss })), 'wrong_issuer')
    }
    expect(issuer.hits.keys).to.equal(before)
  })

  it('gives exp 5 s, nbf 10 s and iat 60 s of leeway', async () => {
    const verifier = issuer.verifier()
    const at = issuer.seconds
    await verifier.verify(await issuer.token({ exp: at - 4 }))
    await refused(verifier.verify(await issuer.token({ exp: at - 5 })), 'expired')
    await verifier.verify(await issuer.token({ nbf: at + 10 }))
    await refused(verifier.verify(await issuer.token({ nbf: at + 11 })), 'not_yet_valid')
    await verifier.verify(await issuer.token({ iat: at + 60 }))
    await refused(verifier.verify(await issuer.token({ iat: at + 61 })), 'not_yet_valid')
  })

  it('tells the owner of a raw API key where to exchange it, without a request', async () => {
    const verifier = issuer.verifier()
    const before = { ...issuer.hits }
    for (const key of [`lk_v2_sk_${'a'.repeat(50)}`, 'lk_v3_pk_cut', 'lk_manage_sk_']) {
      const error = await refused(verifier.verify(key), 'malformed_token')
      expect(error.message).to.contain(`POST ${issuer.url}/jwts`).and.not.contain(key)
    }
    expect(issuer.hits).to.deep.equal(before)
  })

  it('a claim cannot replace allows or claims', async () => {
    const token = await issuer.verifier().verify(await issuer.token({ claims: { sub: 'evil' }, allows: 1 }))
    expect(token.claims.sub).to.equal('key_0123456789ab')
    expect(token.allows('admin')).to.equal(false)
  })
})
