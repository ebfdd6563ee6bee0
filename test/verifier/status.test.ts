import { deflateSync } from 'node:zlib'
import { expect } from 'chai'
import type { Verifier } from '../../src/verifier/index.ts'
import { createSigningKey, type Failure, Issuer, refused } from './issuer.ts'

describe('verifier: status lists by polling', () => {
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
  const token = (idx = 5, overrides = {}) => issuer.token({ ...issuer.status(idx), ...overrides })
  const open = { failure: 'open' } as const

  it('0 passes, 1 is revoked, 2 suspended, 3 taken as revoked', async () => {
    issuer.set(1, 1)
    issuer.set(2, 2)
    issuer.set(3, 3)
    await verifier.verify(await token(0))
    await refused(verifier.verify(await token(1)), 'revoked')
    await refused(verifier.verify(await token(2)), 'suspended')
    await refused(verifier.verify(await token(3)), 'revoked')
    await verifier.verify(await token(4))
    expect(issuer.hits.status).to.equal(1)
  })

  it('denies single tokens', async () => {
    issuer.list = { denied_jti: [{ jti: 'bad', exp: issuer.seconds + 300 }] }
    await refused(verifier.verify(await token(5, { jti: 'bad' })), 'revoked')
    await verifier.verify(await token(5, { jti: 'good' }))
  })

  it('denies a token with any that it was exchanged from', async () => {
    issuer.list = { denied_jti: [{ jti: 'bad', exp: issuer.seconds + 300 }] }
    const from = (...parents: string[]) => token(5, { jti: 'child', parents })
    await refused(verifier.verify(await from('bad')), 'revoked')
    await refused(verifier.verify(await from('a', 'b', 'c', 'bad')), 'revoked')
    await verifier.verify(await from('a', 'b', 'c', 'd'))
  })

  it('honours a revocation once the ttl is over, and a loosening too', async () => {
    await verifier.verify(await token())
    issuer.set(5, 2)
    wait(29)
    await verifier.verify(await token())
    wait(1)
    await refused(verifier.verify(await token()), 'suspended')
    issuer.set(5, 0)
    wait(30)
    await verifier.verify(await token())
    expect(issuer.hits.status).to.equal(3)
  })

  for (const [ttl, seconds] of [
    [undefined, 60],
    [0.5, 1],
    [-1, 60],
    ['x', 60],
    [1e9, 3600],
  ] as const) {
    it(`takes a ttl of ${ttl} for ${seconds} s`, async () => {
      issuer.list = { ttl, exp: undefined }
      const verifier = issuer.verifier({ revocation: { mode: 'poll', maxStaleSeconds: 3600 } })
      const lasting = { exp: issuer.seconds + 7200 }
      await verifier.verify(await token(5, lasting))
      wait(seconds - 0.001)
      await verifier.verify(await token(5, lasting))
      expect(issuer.hits.status).to.equal(1)
      wait(0.001)
      await verifier.verify(await token(5, lasting))
      expect(issuer.hits.status).to.equal(2)
    })
  }

  it('a list that expires before its ttl is fetched again by then', async () => {
    issuer.list = { exp: issuer.seconds + 10, ttl: 300 }
    await verifier.verify(await token())
    wait(10)
    issuer.list = {}
    await verifier.verify(await token())
    expect(issuer.hits.status).to.equal(2)
  })

  it('asks conditionally; an unchanged list is fresh again, but not beyond its exp', async () => {
    issuer.listHeaders = { etag: '"1"' }
    const lasting = { exp: issuer.seconds + 3600 }
    for (let i = 0; i < 10; i++) {
      await verifier.verify(await token(5, lasting))
      wait(30)
    }
    expect(issuer.hits).to.include({ status: 10, notModified: 9 })
    await verifier.verify(await token(5, lasting))
    expect(issuer.hits).to.include({ status: 11, notModified: 9 })
  })

  it('an unchanged list that expires before its next ttl is fetched anew by then', async () => {
    issuer.listHeaders = { etag: '"1"' }
    const lasting = { exp: issuer.seconds + 3600 }
    await verifier.verify(await token(5, lasting))
    wait(290)
    await verifier.verify(await token(5, lasting))
    wait(10)
    await verifier.verify(await token(5, lasting))
    expect(issuer.hits).to.include({ status: 3, notModified: 1 })
  })

  it('reads gzipped answers', async () => {
    issuer.gzip = true
    issuer.set(5, 1)
    await refused(verifier.verify(await token()), 'revoked')
  })

  it('a token without status passes, unless it is required', async () => {
    await verifier.verify(await issuer.token())
    expect(issuer.hits.status).to.equal(0)
    await refused(issuer.verifier({ requireStatus: true }).verify(await issuer.token()), 'missing_claim')
  })

  it('asks nothing when turned off', async () => {
    issuer.set(5, 1)
    await issuer.verifier({ revocation: false }).verify(await token())
    expect(issuer.hits.status).to.equal(0)
  })

  it('never follows a token to another place', async () => {
    const base = issuer.url
    const outside = [
      'https://evil.example/v2/status/1',
      `${base}/status/../jwks`,
      `${base}/status/`,
      `${base}/statusx/1`,
    ]
    const odd = [
      `${base}/status/1?x=1`,
      `${base}/status/1#x`,
      `${base}/status/%2e%2e`,
      `${base}/status/a/b`,
      `${base}@evil/status/1`,
    ]
    for (const uri of [...outside, ...odd, base.replace('/v2', '/v3/status/1'), `${base}/status/1\n`]) {
      const status = { status_list: { idx: 1, uri } }
      await refused(verifier.verify(await issuer.token({ status })), 'status_unavailable')
      await refused(issuer.verifier({ revocation: open }).verify(await issuer.token({ status })), 'status_unavailable')
    }
    expect(issuer.hits).to.include({ status: 0, other: 0 })
  })

  it('rejects an index outside of the list, even when open', async () => {
    await verifier.verify(await token(63))
    await refused(verifier.verify(await token(64)), 'status_unavailable')
    await refused(verifier.verify(await token(2 ** 52)), 'status_unavailable')
    await refused(issuer.verifier({ revocation: open }).verify(await token(64)), 'status_unavailable')
  })

  describe('a list that does not verify is no list', () => {
    const lst = (bytes: Uint8Array) => deflateSync(bytes).toString('base64url')
    const wrong: Record<string, (of: Issuer) => unknown> = {
      'another typ': (of) => Object.assign(of, { listHeader: { typ: 'at+jwt' } }),
      'no typ': (of) => Object.assign(of, { listHeader: { typ: undefined } }),
      'another key': async (of) => Object.assign(of, { listKey: await createSigningKey() }),
      'another key under our kid': async (of) => {
        of.listKey = { ...(await createSigningKey()), kid: of.key.kid }
      },
      'another issuer': (of) => Object.assign(of, { list: { iss: 'https://evil.example' } }),
      'another sub': (of) => Object.assign(of, { list: { sub: `${of.url}/status/2` } }),
      'no sub': (of) => Object.assign(of, { list: { sub: undefined } }),
      'no iat': (of) => Object.assign(of, { list: { iat: undefined } }),
      'iat in the future': (of) => Object.assign(of, { list: { iat: of.seconds + 61 } }),
      'exp in the past': (of) => Object.assign(of, { list: { exp: of.seconds } }),
      'exp no number': (of) => Object.assign(of, { list: { exp: 'never' } }),
      '3 bits': (of) => Object.assign(of, { list: { status_list: { bits: 3, lst: lst(new Uint8Array(8)) } } }),
      'no list': (of) => Object.assign(of, { list: { status_list: undefined } }),
      'not deflated': (of) => Object.assign(of, { list: { status_list: { bits: 2, lst: 'AAAA' } } }),
      'a bomb': (of) =>
        Object.assign(of, { list: { status_list: { bits: 2, lst: lst(new Uint8Array(4 * 1024 * 1024 + 1)) } } }),
      'a bomb in gzip': (of) => Object.assign(of, { gzip: true, list: { padding: 'x'.repeat(4 * 1024 * 1024) } }),
      'a strange version': (of) => Object.assign(of, { list: { version: 'x' } }),
      'a strange denied_jti': (of) => Object.assign(of, { list: { denied_jti: [{}] } }),
      'another content type': (of) => Object.assign(of, { listHeaders: { 'content-type': 'application/jwt' } }),
    }
    for (const [name, spoil] of Object.entries(wrong)) {
      it(name, async () => {
        await spoil(issuer)
        const error = await refused(verifier.verify(await token()), 'status_unavailable')
        expect(error.cause).to.be.instanceOf(Error)
        await issuer.verifier({ revocation: open }).verify(await token())
      })
    }

    it('a list without iss or exp is one', async () => {
      issuer.list = { iss: undefined, exp: undefined }
      issuer.listHeaders = { 'content-type': 'Application/StatusList+JWT; charset=utf-8' }
      await verifier.verify(await token())
    })
  })

  it('refuses an older version than it has seen, and keeps the newer list', async () => {
    issuer.list = { version: 7 }
    issuer.set(5, 1)
    await refused(verifier.verify(await token()), 'revoked')
    issuer.set(5, 0)
    for (const version of [6, undefined]) {
      issuer.list = { version }
      wait(30)
      await refused(verifier.verify(await token()), 'revoked')
    }
    wait(300)
    await refused(verifier.verify(await token(6)), 'status_unavailable')
    issuer.list = { version: 7 }
    wait(5)
    await verifier.verify(await token())
  })

  describe('outages', () => {
    for (const failure of ['refused', 'error', 'redirect'] as Failure[]) {
      it(`${failure}: the last good list stands in, asking once in 5 s`, async () => {
        await verifier.verify(await token())
        issuer.statusFailure = failure
        wait(30)
        const lasting = { exp: issuer.seconds + 3600 }
        await verifier.verify(await token(5, lasting))
        const before = issuer.hits.status
        await verifier.verify(await token(5, lasting))
        expect(issuer.hits.status).to.equal(before)
        wait(5)
        await verifier.verify(await token(5, lasting))
        expect(issuer.hits.status).to.be.above(before)
        expect(issuer.hits.other).to.equal(0)
      })
    }

    it('for maxStaleSeconds, then closed refuses and open accepts', async () => {
      issuer.list = { exp: undefined }
      const lasting = await token(5, { exp: issuer.seconds + 3600 })
      const lenient = issuer.verifier({ revocation: open })
      await verifier.verify(lasting)
      await lenient.verify(lasting)
      issuer.statusFailure = 'error'
      wait(300)
      await verifier.verify(lasting)
      wait(0.001)
      const error = await refused(verifier.verify(lasting), 'status_unavailable')
      expect(error.retryAfterSeconds).to.equal(5)
      await lenient.verify(lasting)
      issuer.set(5, 1)
      issuer.statusFailure = 'none'
      wait(5)
      await refused(verifier.verify(lasting), 'revoked')
      await refused(lenient.verify(lasting), 'revoked')
    })

    it('never beyond the exp of the list', async () => {
      issuer.list = { exp: issuer.seconds + 100 }
      const lasting = await token(5, { exp: issuer.seconds + 3600 })
      await verifier.verify(lasting)
      issuer.statusFailure = 'error'
      wait(99)
      await verifier.verify(lasting)
      wait(1)
      await refused(verifier.verify(lasting), 'status_unavailable')
    })

    it('tells that the last good list stands in, and when it does no more', async () => {
      const verifier = issuer.verifier({ revocation: { mode: 'poll', maxStaleSeconds: 60 } })
      const states = () => verifier.freshness().lists.map(({ state, ageSeconds }) => [state, ageSeconds])
      await verifier.verify(await token())
      issuer.statusFailure = 'error'
      expect(states()).to.deep.equal([['fresh', 0]])
      wait(60)
      await verifier.verify(await token())
      expect(states()).to.deep.equal([['stale', 60]])
      wait(1)
      await refused(verifier.verify(await token()), 'status_unavailable')
      expect(states()).to.deep.equal([['unavailable', 61]])
      expect(verifier.freshness()).to.include({ mode: 'poll', connected: false })
      const off = issuer.verifier({ revocation: false })
      await off.verify(await token())
      expect(off.freshness()).to.deep.equal({ mode: 'off', connected: false, lists: [] })
      const never = issuer.verifier()
      await refused(never.verify(await token()), 'status_unavailable')
      expect(never.freshness().lists).to.deep.equal([
        { uri: `${issuer.url}/status/1`, version: 0, checkedAt: null, ageSeconds: null, state: 'unavailable' },
      ])
    })

    it('a revoked token stays revoked through one', async () => {
      issuer.set(5, 1)
      await refused(verifier.verify(await token()), 'revoked')
      issuer.statusFailure = 'refused'
      wait(60)
      await refused(verifier.verify(await token()), 'revoked')
    })

    it('an issuer that signs nothing new is one: age counts from its ttl after the iat, however often the list is fetched', async () => {
      const verifier = issuer.verifier({ revocation: { mode: 'poll', maxStaleSeconds: 60 } })
      for (const [exp, etag] of [
        [undefined, '"1"'],
        [issuer.seconds + 86_400, ''],
      ] as const) {
        issuer.list = { iat: issuer.seconds, exp, ttl: 30 }
        issuer.listHeaders = { etag }
        await verifier.verify(await token())
        wait(35)
        await verifier.verify(await token())
        wait(55)
        await verifier.verify(await token())
        wait(1)
        const error = await refused(verifier.verify(await token()), 'status_unavailable')
        expect((error.cause as Error).message).to.include('signed too long ago')
        const asked = issuer.hits.status
        await refused(verifier.verify(await token()), 'status_unavailable')
        expect(issuer.hits.status).to.equal(asked)
        wait(5)
      }
    })

    it('a list with an absurd iat is none', async () => {
      issuer.list = { iat: issuer.seconds - 86_400, exp: undefined }
      await refused(verifier.verify(await token()), 'status_unavailable')
    })

    it('a list with a ttl beyond maxStaleSeconds is fetched again before it is too old', async () => {
      const strict = issuer.verifier({ revocation: { mode: 'poll', maxStaleSeconds: 10 } })
      issuer.list = { ttl: 300 }
      await strict.verify(await token())
      wait(16)
      await strict.verify(await token())
      expect(issuer.hits.status).to.equal(2)
    })

    it('open never loosens: what was known to be refused stays so, however old', async () => {
      const lenient = issuer.verifier({ revocation: open })
      issuer.set(1, 1)
      issuer.set(2, 2)
      issuer.list = { denied_jti: [{ jti: 'bad', exp: issuer.seconds + 3600 }] }
      const lasting = { exp: issuer.seconds + 3600 }
      const [revoked, suspended] = [await token(1, lasting), await token(2, lasting)]
      const denied = await token(5, { ...lasting, jti: 'bad' })
      await lenient.verify(await token(5, lasting))
      issuer.statusFailure = 'error'
      wait(1200)
      await lenient.verify(await token(5, lasting))
      await refused(lenient.verify(revoked), 'revoked')
      await refused(lenient.verify(suspended), 'suspended')
      await refused(lenient.verify(denied), 'revoked')
    })

    it('a list that is gone refuses at once, even when open', async () => {
      const lenient = issuer.verifier({ revocation: open })
      for (const each of [verifier, lenient]) await each.verify(await token())
      issuer.statusFailure = 'missing'
      wait(30)
      for (const each of [verifier, lenient]) await refused(each.verify(await token()), 'status_unavailable')
      issuer.statusFailure = 'none'
      wait(1)
      for (const each of [verifier, lenient]) await each.verify(await token())
    })

    it('never had a list: one request a second', async () => {
      issuer.statusFailure = 'error'
      for (let i = 0; i < 10; i++) await refused(verifier.verify(await token()), 'status_unavailable')
      expect(issuer.hits.status).to.equal(1)
      wait(1)
      await refused(verifier.verify(await token()), 'status_unavailable')
      expect(issuer.hits.status).to.equal(2)
    })
  })

  it('the age of a list counts from the start of its fetch', async () => {
    issuer.beforeStatus = async () => wait(10)
    await verifier.verify(await token())
    issuer.beforeStatus = async () => {}
    wait(20)
    await verifier.verify(await token())
    expect(issuer.hits.status).to.equal(2)
  })

  it('a clock that is set back does not make the lists last', async () => {
    const right = issuer.time
    wait(3600)
    await verifier.verify(await token())
    issuer.time = right
    issuer.set(5, 1)
    await refused(verifier.verify(await token()), 'revoked')
    expect(issuer.hits).to.include({ keys: 2, status: 2 })
    issuer.statusFailure = 'error'
    wait(3600)
    await refused(verifier.verify(await token(6)), 'status_unavailable')
    issuer.time = right
    issuer.statusFailure = 'none'
    await refused(verifier.verify(await token()), 'revoked')
  })

  it('lists are kept apart', async () => {
    issuer.set(1, 1)
    await refused(verifier.verify(await issuer.token(issuer.status(1, '1'))), 'revoked')
    issuer.set(1, 0)
    await verifier.verify(await issuer.token(issuer.status(1, '2')))
    await refused(verifier.verify(await issuer.token(issuer.status(1, '1'))), 'revoked')
    expect(issuer.hits.status).to.equal(2)
  })

  it('forgets the longest unused of very many lists', async () => {
    for (let list = 0; list <= 256; list++) await verifier.verify(await issuer.token(issuer.status(1, `${list}`)))
    await verifier.verify(await issuer.token(issuer.status(1, '256')))
    expect(issuer.hits.status).to.equal(257)
    await verifier.verify(await issuer.token(issuer.status(1, '0')))
    expect(issuer.hits.status).to.equal(258)
  })
})
