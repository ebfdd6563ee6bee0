import { expect } from 'chai'
import fc from 'fast-check'
import { createHeldList, type HeldList } from '../../src/verifier/held-list.ts'
import type { Verifier } from '../../src/verifier/index.ts'
import { remoteKeys } from '../../src/verifier/keys.ts'
import { createRemote } from '../../src/verifier/remote.ts'
import { isWithin, NEVER, type Span } from '../../src/verifier/span.ts'
import { STATUS } from '../../src/verifier/status-list.ts'
import type { VerifierOptions } from '../../src/verifier/verify.ts'
import { type Failure, Issuer, refused, settles } from './issuer.ts'

describe('verifier: the status of a token seen before', () => {
  let issuer: Issuer
  let verifier: Verifier
  let token: string
  beforeEach(async () => {
    issuer = await new Issuer().start()
    issuer.place = '1.4'
    issuer.list = { version: 4 }
  })
  afterEach(() => issuer.stop())

  const wait = (seconds: number) => {
    issuer.time += seconds * 1000
  }
  /** Has the token verified until its status is known, with the stream followed. */
  const known = async (options: Partial<VerifierOptions> = {}) => {
    verifier = issuer.verifier(options)
    token = await issuer.token({ ...issuer.status(9), parents: ['parent'], exp: issuer.seconds + 7200 })
    const connected = options.revocation === undefined ? issuer.followed() : null
    for (let n = 0; n < 3; n++) await verifier.verify(token)
    await connected
    if (connected !== null) await settles(async () => expect(verifier.freshness().connected).to.equal(true))
    await verifier.verify(token)
    expect(issuer.hits.status).to.equal(1)
  }
  const polling = (rules: object = {}) => ({ revocation: { mode: 'poll', ...rules } as const })
  const asksAgain = () =>
    settles(async () => {
      await verifier.verify(token)
      expect(issuer.hits.status).to.equal(2)
    })

  describe('what the stream tells counts at once', () => {
    // The list cannot be fetched: only what was told can refuse.
    beforeEach(async () => {
      await known()
      issuer.statusFailure = 'error'
    })

    it('a revocation', async () => {
      issuer.tell({ version: 5, since: 4, changed: [{ idx: 9, value: 1 }] })
      await settles(() => refused(verifier.verify(token), 'revoked'))
    })

    it('a suspension', async () => {
      issuer.tell({ version: 5, since: 4, changed: [{ idx: 9, value: 2 }] })
      await settles(() => refused(verifier.verify(token), 'suspended'))
    })

    for (const jti of ['jti-1', 'parent']) {
      it(`a denied ${jti}`, async () => {
        issuer.tell({ version: 5, since: 4, denied: [{ jti, exp: 1 }] })
        await settles(() => refused(verifier.verify(token), 'revoked'))
      })
    }

    it('a key that is removed', async () => {
      issuer.say(`event: keys\ndata: ${JSON.stringify({ removed: [issuer.key.kid] })}`)
      await settles(() => refused(verifier.verify(token), 'unknown_key'))
    })

    it('more than is kept: no list says it, so that none stands', async () => {
      const changed = Array.from({ length: 20_001 }, (_, n) => ({ idx: 100 + n, value: 1 }))
      issuer.tell({ version: 5, since: 4, changed })
      await settles(() => refused(verifier.verify(token), 'status_unavailable'))
    })
  })

  describe('what the stream lets guess is asked of the list at once', () => {
    beforeEach(() => known())

    it('a later place', async () => {
      issuer.say('id: 1.5')
      await asksAgain()
    })

    it('an event after one that was missed', async () => {
      issuer.tell({ version: 6, since: 5, changed: [{ idx: 1, value: 1 }] })
      await asksAgain()
    })

    it('a reset', async () => {
      issuer.say('event: reset\ndata: {}')
      await asksAgain()
    })

    it('a loosening, within two seconds', async () => {
      issuer.tell({ version: 5, since: 4 })
      await settles(async () => expect(verifier.freshness().lists[0]?.version).to.equal(5))
      await verifier.verify(token)
      wait(2)
      issuer.set(9, 1)
      issuer.list = { version: 5 }
      await refused(verifier.verify(token), 'revoked')
    })
  })

  describe('goes with the time that the list is good for', () => {
    it('its ttl', async () => {
      await known(polling())
      issuer.set(9, 1)
      issuer.list = { version: 5 }
      wait(29.999)
      await verifier.verify(token)
      wait(0.001)
      await refused(verifier.verify(token), 'revoked')
      wait(-20)
      await refused(verifier.verify(token), 'revoked')
    })

    it('its exp', async () => {
      issuer.list = { exp: issuer.seconds + 10 }
      await known(polling())
      issuer.statusFailure = 'error'
      wait(9.999)
      await verifier.verify(token)
      wait(0.001)
      await refused(verifier.verify(token), 'status_unavailable')
    })

    it('maxStaleSeconds below its ttl', async () => {
      await known(polling({ maxStaleSeconds: 10 }))
      issuer.statusFailure = 'error'
      wait(10)
      await verifier.verify(token)
      wait(0.001)
      await refused(verifier.verify(token), 'status_unavailable')
    })

    it('maxStaleSeconds of 0', async () => {
      await known(polling({ maxStaleSeconds: 0 }))
      issuer.statusFailure = 'error'
      wait(0.001)
      await refused(verifier.verify(token), 'status_unavailable')
    })

    it('an outage: the last good list stands in, and no longer than it may', async () => {
      issuer.list = { exp: undefined }
      await known(polling())
      issuer.statusFailure = 'error'
      wait(300)
      await verifier.verify(token)
      wait(0.001)
      await refused(verifier.verify(token), 'status_unavailable')
    })

    it('an outage with failure open: it is accepted, and the list asked for until it is back', async () => {
      issuer.list = { exp: undefined }
      await known(polling({ failure: 'open' }))
      issuer.statusFailure = 'error'
      wait(1000)
      await verifier.verify(token)
      await verifier.verify(token)
      issuer.statusFailure = 'none'
      issuer.set(9, 1)
      wait(5)
      await refused(verifier.verify(token), 'revoked')
    })

    it('a clock that is set back', async () => {
      await known(polling())
      issuer.set(9, 1)
      wait(-1)
      await refused(verifier.verify(token), 'revoked')
    })

    it('a list that is gone', async () => {
      await known(polling({ failure: 'open' }))
      issuer.statusFailure = 'missing'
      wait(30)
      await refused(verifier.verify(token), 'status_unavailable')
      wait(-20)
      await refused(verifier.verify(token), 'status_unavailable')
    })
  })

  it('a list that was forgotten for others hears of nothing: it is read anew', async () => {
    await known(polling())
    for (let list = 2; list <= 257; list++) await verifier.verify(await issuer.token(issuer.status(9, `${list}`)))
    issuer.set(9, 1)
    await refused(verifier.verify(token), 'revoked')
  })
})

describe('verifier: how long a status that was found stands', () => {
  const JTIS = ['jti', 'parent']
  let issuer: Issuer
  let list: HeldList
  const remote = createRemote(fetch)
  before(async () => {
    issuer = await new Issuer().start()
  })
  beforeEach(() => {
    issuer.time = issuer.seconds * 1000
    issuer.list = {}
    issuer.beforeStatus = async () => {}
    list = hold()
  })
  after(() => issuer.stop())

  function hold(): HeldList {
    const { url, now } = issuer
    const keys = remoteKeys(`${url}/.well-known/jwks.json`, remote, now)
    const rules = { failure: 'closed', maxStaleSeconds: 20 } as const
    return createHeldList(`${url}/status/1`, { issuer: url, remote, keys, now, random: () => 0.5 }, rules)
  }
  const spanOf = async (idx = 9) => (await list.read(idx, JTIS)).span
  const isOpen = (span: Span) => isWithin(span, issuer.time)

  it('one span for all that is found, until something changes', async () => {
    const first = await spanOf()
    expect(isOpen(first)).to.equal(true)
    issuer.time += 19_999
    expect(await spanOf(3)).to.equal(first)
    expect(isOpen(first)).to.equal(true)
    issuer.time += 10_001
    const second = await spanOf()
    expect([isOpen(first), isOpen(second)]).to.deep.equal([false, true])
    list.demand(1)
    expect(isOpen(second)).to.equal(false)
  })

  it('none for what is refused, by a list that only stands in, or by one that was forgotten while it was fetched', async () => {
    issuer.set(3, 1)
    await list.read(9, JTIS)
    expect(await spanOf(3)).to.equal(NEVER)
    const validWithout = { value: STATUS.valid, span: NEVER }
    list.demand(1)
    expect(await list.read(9, JTIS)).to.deep.equal(validWithout)
    issuer.list = { version: 1 }
    issuer.beforeStatus = async () => list.forget()
    issuer.time += 300
    expect(await list.read(9, JTIS)).to.deep.equal(validWithout)
  })

  it('not at a time at which the list was signed too far ahead', async () => {
    issuer.list = { iat: issuer.seconds + 65 }
    issuer.beforeStatus = async () => {
      issuer.time += 10_000
    }
    const span = await spanOf()
    issuer.time -= 5_000
    expect(isOpen(span)).to.equal(true)
    issuer.time -= 1
    expect(isOpen(span)).to.equal(false)
  })

  it('within it, to look again finds it valid and asks for nothing, whatever happened before', async () => {
    const spans: Span[] = []
    const version = fc.nat(12)
    const changed = fc.constantFrom([], [{ idx: 9, value: 1 }], [{ idx: 1, value: 1 }])
    const denied = fc.constantFrom([], [], [{ jti: 'jti' }], [{ jti: 'parent' }])
    const lists = fc.record({ version, ttl: fc.constantFrom(5, 30, 3600), denied_jti: denied })
    const step = fc.oneof(
      { weight: 7, arbitrary: fc.constant(async () => void spans.push(await spanOf().catch(() => NEVER))) },
      fc.constantFrom(1, 999, 5_000, 20_000, -5_000, -20_000).map((ms) => async () => {
        issuer.time += ms
      }),
      fc.tuple(version, fc.nat(2), changed, denied).map(([version, missed, changed, denied]) => async () => {
        list.tell({ uri: '', version, since: Math.max(0, version - 1 + missed), changed, denied })
      }),
      version.map((asked) => async () => list.demand(asked)),
      fc.constant(async () => list.doubt()),
      fc.constantFrom<Failure>('none', 'none', 'error', 'missing').map((failure) => async () => {
        issuer.statusFailure = failure
      }),
      fc
        .tuple(lists, fc.constantFrom(0, 0, 1), fc.constantFrom(0, 15, 40, -50))
        .map(([said, value, age]) => async () => {
          issuer.set(9, value)
          issuer.list = { ...said, iat: issuer.seconds - age, exp: issuer.seconds - age + 60 }
        }),
    )
    let looked = 0
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      Object.assign(issuer, { statusFailure: 'none', list: {} })
      issuer.set(9, 0)
      list = hold()
      spans.splice(0, spans.length, await spanOf())
      for (const take of steps) {
        await take()
        if (!spans.some(isOpen)) continue
        looked++
        const { hits } = issuer
        const before = { ...hits }
        expect((await list.read(9, JTIS)).value).to.equal(STATUS.valid)
        expect(hits).to.deep.equal(before)
      }
    })
    await fc.assert(property, { numRuns: 300 })
    expect(looked).to.be.above(500)
  })
})
