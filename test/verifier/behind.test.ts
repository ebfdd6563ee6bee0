import { expect } from 'chai'
import { createHeldList } from '../../src/verifier/held-list.ts'
import type { Verifier } from '../../src/verifier/index.ts'
import { remoteKeys } from '../../src/verifier/keys.ts'
import { createRemote } from '../../src/verifier/remote.ts'
import { Issuer, refused, settles } from './issuer.ts'

describe('verifier: a list that is older than the stream', () => {
  let issuer: Issuer
  let verifier: Verifier
  let token: string
  beforeEach(async () => {
    issuer = await new Issuer().start()
    verifier = issuer.verifier()
    token = await issuer.token(issuer.status(9))
    issuer.list = { version: 4 }
  })
  afterEach(() => issuer.stop())

  const state = () => verifier.freshness().lists[0]?.state
  const hears = (expected: string) => settles(async () => expect(state()).to.equal(expected))
  /** Verifies a token once, so that the list is fetched and the stream followed. */
  const follow = async (place: string) => {
    issuer.place = place
    const connected = issuer.followed()
    await verifier.verify(token)
    await connected
    await settles(async () => expect(verifier.freshness().connected).to.equal(true))
  }
  const wait = (ms: number) => {
    issuer.time += ms
  }

  it('when it connects: fetched again at once, and every 300 ms until it is as new', async () => {
    await follow('0.9-1.5')
    await hears('behind')
    await verifier.verify(token)
    expect(state()).to.equal('behind')
    const before = issuer.hits.status
    issuer.set(9, 1)
    issuer.list = { version: 5 }
    wait(299)
    await verifier.verify(token)
    expect(issuer.hits.status).to.equal(before)
    wait(1)
    await refused(verifier.verify(token), 'revoked')
    expect(issuer.hits.status).to.equal(before + 1)
    expect(state()).to.equal('fresh')
  })

  it('a list that is as new as the stream is not fetched again', async () => {
    await follow('0.9-1.4')
    wait(20_000)
    await verifier.verify(token)
    expect(issuer.hits.status).to.equal(1)
    expect(state()).to.equal('fresh')
  })

  it('when it is fetched for the first time', async () => {
    await follow('1.4-2.7')
    const other = await issuer.token(issuer.status(9, '2'))
    await verifier.verify(other)
    expect(verifier.freshness().lists[1]).to.include({ version: 4, state: 'behind' })
    issuer.set(9, 1)
    issuer.list = { version: 7 }
    wait(300)
    await refused(verifier.verify(other), 'revoked')
  })

  it('when an event follows one that was missed', async () => {
    await follow('1.4')
    issuer.tell({ version: 7, since: 6, changed: [{ idx: 1, value: 1 }] }, '1.7')
    await hears('behind')
    issuer.list = { version: 6 }
    await verifier.verify(token)
    issuer.set(9, 1)
    issuer.list = { version: 7 }
    wait(300)
    await refused(verifier.verify(token), 'revoked')
  })

  it('what was missed and is then told needs no list', async () => {
    await follow('1.4')
    issuer.streams.at(-1)?.write(`id: 1.5\n\n`)
    issuer.tell({ version: 5, since: 4, changed: [{ idx: 9, value: 1 }] }, '1.5')
    await settles(() => refused(verifier.verify(token), 'revoked'))
    expect(state()).to.equal('fresh')
  })

  it('after a reset, whose place counts as well', async () => {
    await follow('1.4')
    issuer.say('id: 1.6\nevent: reset\ndata: {}')
    await hears('behind')
    issuer.list = { version: 5 }
    await verifier.verify(token)
    expect(state()).to.equal('behind')
    issuer.set(9, 1)
    issuer.list = { version: 6 }
    wait(300)
    await refused(verifier.verify(token), 'revoked')
    expect(state()).to.equal('fresh')
  })

  it('what was told before a reset is asked of the list again', async () => {
    await follow('1.4')
    issuer.tell({ version: 5, since: 4, changed: [{ idx: 9, value: 1 }] }, '1.5')
    await settles(() => refused(verifier.verify(token), 'revoked'))
    issuer.say('event: reset\ndata: {}')
    await hears('behind')
    await refused(verifier.verify(token), 'revoked')
    expect(state()).to.equal('behind')
  })

  it('a loosening is fetched soon', async () => {
    await follow('1.4')
    issuer.tell({ version: 5, since: 4, changed: [{ idx: 9, value: 2 }] }, '1.5')
    await settles(() => refused(verifier.verify(token), 'suspended'))
    issuer.tell({ version: 6, since: 5 }, '1.6')
    await settles(async () => expect(verifier.freshness().lists[0]?.version).to.equal(6))
    wait(2_000)
    // By an instance that has not heard of it yet: what it says settles nothing.
    issuer.set(9, 2)
    issuer.list = { version: 5 }
    await refused(verifier.verify(token), 'suspended')
    issuer.set(9, 0)
    issuer.list = { version: 6 }
    wait(300)
    await verifier.verify(token)
    const asked = issuer.hits.status
    wait(10_000)
    await verifier.verify(token)
    expect(issuer.hits.status).to.equal(asked)
  })

  it('a loosening that is told beside what tightens is fetched soon too', async () => {
    await follow('1.4')
    issuer.tell({ version: 5, since: 4, changed: [{ idx: 9, value: 2 }] }, '1.5')
    await settles(() => refused(verifier.verify(token), 'suspended'))
    issuer.tell({ version: 6, since: 5, changed: [{ idx: 3, value: 1 }] })
    issuer.tell({ version: 6, since: 5 }, '1.6')
    const revoked = await issuer.token(issuer.status(3))
    await settles(() => refused(verifier.verify(revoked), 'revoked'))
    await refused(verifier.verify(token), 'suspended')
    issuer.set(3, 1)
    issuer.list = { version: 6 }
    wait(2_000)
    await verifier.verify(token)
    await refused(verifier.verify(revoked), 'revoked')
    expect(state()).to.equal('fresh')
  })

  it('a loosening is not fetched by all at once', async () => {
    const { url, now } = issuer
    const remote = createRemote(fetch)
    const keys = remoteKeys(`${url}/.well-known/jwks.json`, remote, now)
    const rules = { failure: 'closed', maxStaleSeconds: 300 } as const
    const held = [0.25, 0.75].map((part) =>
      createHeldList(`${url}/status/1`, { issuer: url, remote, keys, now, random: () => part }, rules),
    )
    const event = { uri: `${url}/status/1`, changed: [], denied: [] }
    for (const list of held) {
      await list.read(9, [])
      list.tell({ ...event, version: 5, since: 4 })
      list.tell({ ...event, version: 6, since: 5 })
    }
    issuer.list = { version: 6 }
    const asked: number[] = []
    for (let ms = 0; ms <= 2_000; ms += 500) {
      for (const list of held) await list.read(9, [])
      asked.push(issuer.hits.status)
      wait(500)
    }
    expect(asked).to.deep.equal([2, 3, 3, 4, 4])
  })

  it('open never loosens what the stream has told', async () => {
    verifier = issuer.verifier({ revocation: { failure: 'open' } })
    await follow('1.4')
    issuer.tell({ version: 5, since: 4, changed: [{ idx: 9, value: 1 }], denied: [{ jti: 'b', exp: 1 }] }, '1.5')
    await settles(() => refused(verifier.verify(token), 'revoked'))
    issuer.statusFailure = 'error'
    wait(1_200_000)
    const lasting = { exp: issuer.seconds + 60 }
    await refused(verifier.verify(await issuer.token({ ...issuer.status(9), ...lasting })), 'revoked')
    await refused(verifier.verify(await issuer.token({ ...issuer.status(3), jti: 'b', ...lasting })), 'revoked')
    await verifier.verify(await issuer.token({ ...issuer.status(3), ...lasting }))
  })
})
