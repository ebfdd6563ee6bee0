import { expect } from 'chai'
import type { AccessToken } from '../../src/verifier/index.ts'
import type { VerificationKey } from '../../src/verifier/jwks.ts'
import { createKnownTokens } from '../../src/verifier/known.ts'
import { NEVER } from '../../src/verifier/span.ts'
import type { Verifier } from '../../src/verifier/verify.ts'
import { createSigningKey, Issuer, refused } from './issuer.ts'
import { athOf, createClient, prove } from './proofs.ts'

describe('verifier: tokens seen before', () => {
  let issuer: Issuer
  let token: string
  beforeEach(async () => {
    issuer = await new Issuer().start()
    token = await issuer.token(issuer.status(9))
  })
  afterEach(() => issuer.stop())
  const wait = (seconds: number) => {
    issuer.time += seconds * 1000
  }
  const polling = () => issuer.verifier({ revocation: { mode: 'poll' } })
  /** Whether the signature was left unchecked: then it is the very same object. */
  const isRemembered = async (verifier: Verifier, one: string) => {
    const first = await verifier.verify(one)
    return (await verifier.verify(one)) === first
  }

  it('the signature is checked once, and what is asked of the token each time', async () => {
    const verifier = polling()
    expect(await isRemembered(verifier, token)).to.equal(true)
    await verifier.verify(token, { scope: 'links:read', account: 'acme' })
    await refused(verifier.verify(token, { scope: 'orders:read' }), 'insufficient_scope')
    await refused(verifier.verify(token, { account: 'globex' }), 'wrong_account')
  })

  it('nobody can change what is remembered', async () => {
    const verifier = polling()
    const details = [{ type: 'sub_account', identifier: 'eu', actions: ['orders:read'] }]
    const one = await issuer.token({ authorization_details: details })
    const { claims } = await verifier.verify(one)
    expect(() => Object.assign(claims, { account: 'globex' })).to.throw(TypeError)
    const actions = claims.authorization_details?.[0]?.actions as string[]
    expect(() => actions.push('orders:write')).to.throw(TypeError)
    expect(await verifier.verify(one)).to.have.property('account', 'acme')
  })

  it('is refused from its exp on, as one never seen', async () => {
    const verifier = polling()
    await verifier.verify(token)
    wait(304)
    await verifier.verify(token)
    wait(1)
    const asked = { ...issuer.hits }
    await refused(verifier.verify(token), 'expired')
    expect(issuer.hits, 'what has expired is not worth a request').to.deep.equal({ ...asked, keys: issuer.hits.keys })
    await refused(polling().verify(token), 'expired')
  })

  it('is refused where a clock is set back to before it was issued', async () => {
    const verifier = polling()
    await verifier.verify(token)
    wait(-61)
    await refused(verifier.verify(token), 'not_yet_valid')
  })

  it('a newer list ends it, and a denied jti', async () => {
    const verifier = polling()
    const other = await issuer.token({ ...issuer.status(10), jti: 'other' })
    for (const one of [token, other]) await verifier.verify(one)
    issuer.set(9, 2)
    issuer.list = { version: 2, denied_jti: [{ jti: 'other', exp: issuer.seconds + 300 }] }
    wait(30)
    await refused(verifier.verify(token), 'suspended')
    await refused(verifier.verify(other), 'revoked')
    issuer.set(9, 0)
    issuer.list = { version: 3 }
    wait(30)
    for (const one of [token, other]) await verifier.verify(one)
  })

  it('a key that is published no more ends it', async () => {
    const verifier = issuer.verifier({ revocation: false })
    await verifier.verify(token)
    issuer.keys = [await createSigningKey()]
    wait(299)
    await verifier.verify(token)
    wait(1)
    await refused(verifier.verify(token), 'unknown_key')
  })

  it('another key under the same kid: the signature is checked anew', async () => {
    const verifier = issuer.verifier({ revocation: false })
    await verifier.verify(token)
    const { kid } = issuer.key
    const other = await createSigningKey()
    issuer.keys = [{ ...other, kid, publicJwk: { ...other.publicJwk, kid } }]
    wait(300)
    await refused(verifier.verify(token), 'invalid_signature')
  })

  it('a key set fetched again: the signature is checked anew, and once', async () => {
    const verifier = issuer.verifier({ revocation: false })
    const before = await verifier.verify(token)
    wait(300)
    const after = await verifier.verify(token)
    expect(after).to.not.equal(before)
    expect(await verifier.verify(token)).to.equal(after)
  })

  it('nothing refused is remembered', async () => {
    const verifier = issuer.verifier({ revocation: false })
    const early = await issuer.token({ nbf: issuer.seconds + 20 })
    await refused(verifier.verify(early), 'not_yet_valid')
    wait(20)
    await verifier.verify(early)
    const foreign = await createSigningKey()
    const unknown = await issuer.token({}, {}, foreign)
    await refused(verifier.verify(unknown), 'unknown_key')
    issuer.keys.push(foreign)
    wait(30)
    await verifier.verify(unknown)
  })

  it('the same header and payload under another signature is another token', async () => {
    const verifier = polling()
    await verifier.verify(token)
    const [header, payload] = token.split('.')
    const other = (await issuer.token({ jti: 'other' })).split('.')[2]
    for (let round = 0; round < 2; round++) {
      await refused(verifier.verify(`${header}.${payload}.${other}`), 'invalid_signature')
      await refused(verifier.verify(`${header}.${payload}.${'A'.repeat(86)}`), 'invalid_signature')
    }
    await refused(verifier.verify(`${token}.`), 'malformed_token')
    await refused(verifier.verify(` ${token}`), 'malformed_token')
    await verifier.verify(token)
  })

  it('a bound token needs a fresh proof each time', async () => {
    const verifier = polling()
    const client = await createClient()
    const bound = await issuer.token({ ...issuer.status(9), cnf: { jkt: client.jkt } })
    const request = { method: 'GET', url: 'https://api.example.com/v2/links' }
    const proof = async () => {
      return prove(client, { htu: request.url, iat: issuer.seconds, ath: athOf(bound) })
    }
    const first = { ...request, proof: await proof() }
    await verifier.verify(bound, { dpop: first })
    await refused(verifier.verify(bound, { dpop: first }), 'invalid_proof')
    await refused(verifier.verify(bound), 'proof_required')
    await verifier.verify(bound, { dpop: { ...request, proof: await proof() } })
  })

  it('one verifier does not know what another has seen', async () => {
    await polling().verify(token)
    await refused(issuer.verifier({ audience: 'https://other.example.com' }).verify(token), 'wrong_audience')
  })
})

describe('verifier: the memory of tokens seen before', () => {
  const entry = { kid: 'k', key: {} as VerificationKey, access: {} as AccessToken, valid: NEVER }

  it('holds so many, and forgets the longest unused', () => {
    const known = createKnownTokens(3)
    for (const text of ['a', 'b', 'c']) known.keep(text, entry)
    expect(known.find('a')).to.equal(entry)
    for (let n = 0; n < 2; n++) known.keep(`flood ${n}`, entry)
    expect(['a', 'b', 'c'].filter((text) => known.find(text) !== undefined)).to.deep.equal(['a'])
  })

  it('holds no long ones', () => {
    const known = createKnownTokens()
    known.keep('x'.repeat(4096), entry)
    known.keep('y'.repeat(4097), entry)
    expect([known.find('x'.repeat(4096)), known.find('y'.repeat(4097))]).to.deep.equal([entry, undefined])
  })

  it('a flood of a hundred thousand leaves five thousand', () => {
    const known = createKnownTokens()
    for (let n = 0; n < 100_000; n++) known.keep(`token ${n}`, entry)
    const left = Array.from({ length: 100_000 }, (_, n) => known.find(`token ${n}`)).filter((one) => one !== undefined)
    expect(left).to.have.length(5000)
  })
})
