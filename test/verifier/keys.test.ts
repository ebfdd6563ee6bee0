import { expect } from 'chai'
import type { Verifier } from '../../src/verifier/index.ts'
import { createSigningKey, Issuer, refused, type SigningKey } from './issuer.ts'

describe('verifier: signing keys', () => {
  let issuer: Issuer
  let verifier: Verifier
  beforeEach(async () => {
    issuer = await new Issuer().start()
    verifier = issuer.verifier()
  })
  afterEach(() => issuer.stop())

  const wait = (seconds: number) => {
    issuer.time += seconds * 1000
  }
  const unknown = async () => issuer.token({}, {}, await createSigningKey())

  for (const alg of ['ES256', 'EdDSA', 'Ed25519', 'RS256']) {
    it(`verifies ${alg}`, async () => {
      issuer.keys = [await createSigningKey(alg)]
      await verifier.verify(await issuer.token())
    })
  }

  it('100 verifications at once fetch the keys and the list once each', async () => {
    const token = await issuer.token(issuer.status(3))
    await Promise.all(Array.from({ length: 100 }, () => verifier.verify(token)))
    expect(issuer.hits).to.include({ keys: 1, status: 1 })
  })

  it('fetches again after max-age', async () => {
    await verifier.verify(await issuer.token())
    wait(299)
    await verifier.verify(await issuer.token())
    expect(issuer.hits.keys).to.equal(1)
    wait(1)
    await verifier.verify(await issuer.token())
    expect(issuer.hits.keys).to.equal(2)
  })

  for (const [cacheControl, seconds] of [
    [null, 600],
    ['no-store', 600],
    ['max-age=0', 30],
    ['public,max-age=99999999', 3600],
    ['s-maxage=5', 600],
  ] as const) {
    it(`takes Cache-Control ${cacheControl} for ${seconds} s`, async () => {
      issuer.cacheControl = cacheControl
      await verifier.verify(await issuer.token())
      wait(seconds - 1)
      await verifier.verify(await issuer.token())
      expect(issuer.hits.keys).to.equal(1)
      wait(1)
      await verifier.verify(await issuer.token())
      expect(issuer.hits.keys).to.equal(2)
    })
  }

  it('drops a key once the issuer does', async () => {
    const token = await issuer.token({ exp: issuer.seconds + 3600 })
    await verifier.verify(token)
    issuer.keys = [await createSigningKey()]
    wait(300)
    await refused(verifier.verify(token), 'unknown_key')
  })

  it('learns a new key at once, yet a storm of made-up ones costs one request in 30 s', async () => {
    await verifier.verify(await issuer.token())
    issuer.keys = [await createSigningKey(), ...issuer.keys]
    await Promise.all([verifier.verify(await issuer.token()), verifier.verify(await issuer.token())])
    expect(issuer.hits.keys).to.equal(2)
    const storm = await unknown()
    await Promise.all(Array.from({ length: 100 }, () => refused(verifier.verify(storm), 'unknown_key')))
    wait(29)
    await refused(verifier.verify(await unknown()), 'unknown_key')
    expect(issuer.hits.keys).to.equal(2)
    wait(1)
    await Promise.all(Array.from({ length: 100 }, () => refused(verifier.verify(storm), 'unknown_key')))
    expect(issuer.hits.keys).to.equal(3)
  })

  it('an unknown key as the first token costs one request', async () => {
    await refused(verifier.verify(await unknown()), 'unknown_key')
    expect(issuer.hits.keys).to.equal(1)
  })

  for (const failure of ['refused', 'error', 'missing', 'redirect'] as const) {
    it(`never had keys (${failure}): keys_unavailable, one request a second, then recovers`, async () => {
      issuer.keysFailure = failure
      const error = await refused(verifier.verify(await issuer.token()), 'keys_unavailable')
      expect(error.retryAfterSeconds).to.equal(1)
      expect(error.cause).to.be.instanceOf(Error)
      await refused(verifier.verify(await issuer.token()), 'keys_unavailable')
      expect(issuer.hits.keys).to.be.oneOf([1, 2])
      issuer.keysFailure = 'none'
      wait(1)
      await verifier.verify(await issuer.token())
      expect(issuer.hits.other).to.equal(0)
    })
  }

  it('keeps the last good keys through an outage, asking once in 5 s', async () => {
    await verifier.verify(await issuer.token())
    issuer.keysFailure = 'error'
    wait(3600)
    const before = issuer.hits.keys
    await verifier.verify(await issuer.token())
    await verifier.verify(await issuer.token())
    expect(issuer.hits.keys).to.equal(before + 1)
    const error = await refused(verifier.verify(await unknown()), 'keys_unavailable')
    expect(error.retryAfterSeconds).to.equal(5)
    expect(issuer.hits.keys).to.equal(before + 1)
    wait(5)
    issuer.keysFailure = 'none'
    await refused(verifier.verify(await unknown()), 'unknown_key')
    expect(issuer.hits.keys).to.equal(before + 2)
  })

  for (const [name, body] of [
    ['no JSON', '<html>'],
    ['no JWK Set', '{"keys":{}}'],
    ['null', 'null'],
    ['no key', '{"keys":[]}'],
    ['too large', JSON.stringify({ keys: [], pad: 'x'.repeat(300_000) })],
  ] as const) {
    it(`an answer that is ${name} is a failure`, async () => {
      issuer.jwksBody = body
      await refused(verifier.verify(await issuer.token()), 'keys_unavailable')
    })
  }

  it('ignores keys that it has no use for', async () => {
    const good = issuer.key.publicJwk
    const as = (kid: string, overrides: object) => ({ ...good, kid, ...overrides })
    const strange = [
      null,
      7,
      { kty: 'oct', kid: 'oct', alg: 'HS256', k: 'AAAA' },
      as('enc', { use: 'enc' }),
      as('ops', { key_ops: ['sign'] }),
      as('no-alg', { alg: undefined }),
      as('other-alg', { alg: 'RS256' }),
      as('future', { kty: 'AKP', alg: 'ML-DSA-44' }),
      as('off-curve', { x: good.y }),
      as('bad kid', {}),
      { ...(await createSigningKey()).publicJwk, kid: issuer.key.kid },
    ]
    const weak = { kty: 'RSA', alg: 'RS256', kid: 'weak', e: 'AQAB', n: Buffer.alloc(128, 0xff).toString('base64url') }
    issuer.jwksBody = JSON.stringify({ keys: [...strange.slice(0, -1), weak, { ...good, d: 'AAAA' }, strange.at(-1)] })
    await verifier.verify(await issuer.token())
    for (const kid of ['oct', 'enc', 'ops', 'no-alg', 'other-alg', 'future', 'off-curve', 'weak']) {
      await refused(verifier.verify(await issuer.token({}, { kid })), 'unknown_key')
    }
  })

  it('close ends what runs; what is at hand still serves', async () => {
    await verifier.verify(await issuer.token())
    verifier.close()
    await verifier.verify(await issuer.token())
    const closed = issuer.verifier()
    closed.close()
    await refused(closed.verify(await issuer.token()), 'keys_unavailable')
  })

  it('asks through the fetch it is given', async () => {
    const asked: string[] = []
    const spy: typeof fetch = (input, init) => {
      asked.push(String(input))
      return fetch(input, init)
    }
    await issuer.verifier({ fetch: spy }).verify(await issuer.token(issuer.status(0)))
    const urls = ['revocations', '.well-known/jwks.json', 'status/1'].map((path) => `${issuer.url}/${path}`)
    expect(asked).to.deep.equal(urls)
  })

  it('an expired token of a known key needs no request', async () => {
    const key: SigningKey = issuer.key
    await verifier.verify(await issuer.token({}, {}, key))
    const before = { ...issuer.hits }
    const exp = issuer.seconds - 60
    await refused(verifier.verify(await issuer.token({ exp, ...issuer.status(0) })), 'expired')
    await refused(verifier.verify(await issuer.token({ aud: 'x', ...issuer.status(0) })), 'wrong_audience')
    expect(issuer.hits).to.deep.equal(before)
  })
})
