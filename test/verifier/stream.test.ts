import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { readEvents } from '../../src/verifier/events.ts'
import { followStream, type OpenStream, openQuietly, openWith, pause } from '../../src/verifier/stream.ts'
import { createTightening, readStatusEvent } from '../../src/verifier/tightening.ts'
import { Issuer, refused, settles } from './issuer.ts'

describe('verifier: server-sent events', () => {
  async function read(...parts: string[]) {
    async function* chunks() {
      for (const part of parts) yield Buffer.from(part)
    }
    const events = []
    for await (const event of readEvents(chunks(), () => {})) if (event.event !== '') events.push(event)
    return events
  }

  it('however the stream is cut, and whatever ends a line', async () => {
    const text = 'retry: 1\n\nid: 7\nevent: status\ndata: {"a":\ndata: 1}\n\n:\n\ndata:plain\n\n'
    const events = [
      { event: 'status', data: '{"a":\n1}', id: '7' },
      { event: 'message', data: 'plain', id: '7' },
    ]
    expect(await read(text)).to.deep.equal(events)
    expect(await read(...text)).to.deep.equal(events)
    expect(await read(text.replaceAll('\n', '\r\n'))).to.deep.equal(events)
  })

  it('an event that never ended is none', async () => {
    expect(await read('data: cut o')).to.deep.equal([])
  })
})

describe('verifier: what a stream tells can only make a list stricter', () => {
  it('reads events, and nothing that only looks like one', () => {
    const good = { uri: 'u', version: 2, since: 1, changed: [{ idx: 1, value: 1 }], denied: [{ jti: 'a' }] }
    expect(readStatusEvent(JSON.stringify(good))).to.deep.equal(good)
    for (const bad of ['', 'null', '[]', '{}', '{"uri":1,"version":1}', '{"uri":"u","version":-1}'])
      expect(readStatusEvent(bad), bad).to.equal(null)
    expect(readStatusEvent('{"uri":"u","version":1,"changed":[{"idx":"1","value":1}]}')).to.equal(null)
    expect(readStatusEvent('{"uri":"u","version":1,"denied":["a"]}')).to.equal(null)
  })

  it('invalid stays invalid; valid is never told', () => {
    const told = createTightening()
    told.apply({
      uri: 'u',
      version: 3,
      since: 2,
      changed: [
        { idx: 1, value: 0 },
        { idx: 2, value: 2 },
      ],
      denied: [],
    })
    expect([told.value(1, 1), told.value(1, 0), told.value(2, 0), told.value(2, 1)]).to.deep.equal([1, 0, 2, 1])
  })

  it('is forgotten once a signed list says it, and not before', () => {
    const told = createTightening()
    told.apply({ uri: 'u', version: 3, since: 2, changed: [{ idx: 1, value: 2 }], denied: [{ jti: 'a' }] })
    told.apply({ uri: 'u', version: 4, since: 3, changed: [{ idx: 2, value: 1 }], denied: [] })
    told.settle(2)
    expect([told.value(1, 0), told.denies('a')]).to.deep.equal([2, true])
    told.settle(3)
    expect([told.value(1, 0), told.denies('a'), told.value(2, null)]).to.deep.equal([0, false, 1])
  })

  it('beyond its bound a list must say it', () => {
    const told = createTightening(1)
    told.apply({ uri: 'u', version: 3, since: 2, changed: [{ idx: 1, value: 2 }], denied: [] })
    expect(told.full).to.equal(false)
    told.apply({ uri: 'u', version: 4, since: 3, changed: [{ idx: 1, value: 1 }], denied: [{ jti: 'a' }] })
    expect([told.value(1, 0), told.denies('a'), told.full]).to.deep.equal([1, false, true])
    told.settle(3)
    expect(told.full).to.equal(true)
    told.settle(4)
    expect(told.full).to.equal(false)
  })
})

describe('verifier: following a stream', () => {
  let issuer: Issuer
  beforeEach(async () => {
    issuer = await new Issuer().start()
    issuer.place = '0.0'
  })
  afterEach(() => issuer.stop())

  it('connects, hears, and connects again from where it was', async () => {
    for (const open of [openQuietly, openWith(fetch)]) {
      const heard: string[] = []
      const connected = issuer.followed()
      const following = followStream(`${issuer.url}/revocations`, { open, random: () => 0 }, ({ data }) => {
        if (data !== '') heard.push(data)
      })
      following.start()
      following.start()
      await connected
      issuer.say('id: 0.5\nevent: status\ndata: one')
      await settles(async () => expect(heard).to.deep.equal(['one']))
      const again = issuer.followed()
      issuer.streams.at(-1)?.end()
      await again
      expect(issuer.asked.at(-1)).to.equal('0.5')
      issuer.say('event: reset\ndata: two')
      await settles(async () => expect(heard).to.deep.equal(['one', 'two']))
      following.close()
    }
  }).timeout(10_000)

  it('is back within seconds of an outage, unless it is asked to wait', async () => {
    const pauses = async (times: number, open: OpenStream) => {
      const waited: number[] = []
      await new Promise<void>((resolve) => {
        const wait = async (_: AbortSignal, ms: number) => {
          waited.push(ms)
          if (waited.length < times) return
          following.close()
          resolve()
        }
        const following = followStream('', { open, random: () => 0.5, wait, answerMs: 1 }, () => {})
        following.start()
      })
      return waited
    }
    const away: OpenStream = () => Promise.reject(new Error('refused'))
    expect(await pauses(5, away)).to.deep.equal([500, 1000, 2000, 3000, 3000])
    const silent: OpenStream = (_url, _headers, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', reject))
    expect(await pauses(2, silent)).to.deep.equal([500, 1000])
    const full: OpenStream = async () => ({ status: 503, retryAfterSeconds: 30, chunks: (async function* () {})() })
    expect(await pauses(1, full)).to.deep.equal([30_000])
    const days: OpenStream = async () => ({ status: 503, retryAfterSeconds: 1e6, chunks: (async function* () {})() })
    expect(await pauses(1, days)).to.deep.equal([30_000])
  })

  it('reads what it is asked to wait', async () => {
    issuer.place = null
    for (const open of [openQuietly, openWith(fetch)]) {
      const { status, retryAfterSeconds } = await open(`${issuer.url}/revocations`, {}, new AbortController().signal)
      expect({ status, retryAfterSeconds }).to.deep.equal({ status: 503, retryAfterSeconds: 30 })
    }
  })

  it('a pause leaves nothing behind, and ends with the signal', async () => {
    const closing = new AbortController()
    await pause(closing.signal, 1)
    expect(getEventListeners(closing.signal, 'abort')).to.have.lengthOf(0)
    const long = pause(closing.signal, 60_000)
    closing.abort()
    await long
    await pause(closing.signal, 60_000)
  })

  it('a verifier refuses at once what the stream tells, and looks again where it missed something', async () => {
    const connected = issuer.followed()
    issuer.list = { version: 4 }
    const verifier = issuer.verifier()
    const [token, other] = [
      await issuer.token(issuer.status(9)),
      await issuer.token({ ...issuer.status(10), jti: 'b' }),
    ]
    await verifier.verify(token)
    await connected
    issuer.tell({ version: 5, since: 4, changed: [{ idx: 9, value: 1 }] })
    await settles(() => refused(verifier.verify(token), 'revoked'))
    await verifier.verify(other)
    issuer.tell({ version: 6, since: 5, denied: [{ jti: 'b', exp: 1 }] })
    await settles(() => refused(verifier.verify(other), 'revoked'))
    // Signed lists that are older than what was told do not loosen it; one that is as new speaks for itself.
    issuer.time += 31_000
    issuer.list = { version: 4 }
    await refused(verifier.verify(token), 'revoked')
    issuer.time += 31_000
    issuer.list = { version: 6 }
    await verifier.verify(token)
    const hits = issuer.hits.status
    issuer.tell({ version: 9, since: 8 })
    issuer.set(9, 1)
    issuer.list = { version: 9 }
    await settles(() => refused(verifier.verify(token), 'revoked'))
    expect(issuer.hits.status).to.equal(hits + 1)
    await verifier.verify(other)
    issuer.say(`event: keys\ndata: ${JSON.stringify({ removed: [issuer.key.kid] })}`)
    await settles(() => refused(verifier.verify(other), 'unknown_key'))
  }).timeout(10_000)

  it('a removed key that is told again is no reason to fetch the keys again', async () => {
    const connected = issuer.followed()
    const verifier = issuer.verifier()
    const token = await issuer.token(issuer.status(9))
    await verifier.verify(token)
    await connected
    const removed = (kid: string) => issuer.say(`event: keys\ndata: ${JSON.stringify({ removed: [kid] })}`)
    removed('gone')
    await settles(async () => {
      await verifier.verify(token)
      expect(issuer.hits.keys).to.equal(2)
    })
    removed('gone')
    issuer.tell({ version: 5, since: 4 })
    await settles(async () => expect(verifier.freshness().lists[0]?.state).to.equal('behind'))
    await verifier.verify(token)
    expect(issuer.hits.keys).to.equal(2)
  })

  it('tells how fresh it is, and goes on by polling when the stream ends', async () => {
    issuer.set(9, 0)
    issuer.list = { version: 4 }
    const verifier = issuer.verifier()
    const uri = `${issuer.url}/status/1`
    const token = await issuer.token(issuer.status(9))
    expect(verifier.freshness()).to.deep.equal({ mode: 'stream', connected: false, lists: [] })
    const connected = issuer.followed()
    await verifier.verify(token)
    await connected
    await settles(async () => expect(verifier.freshness().connected).to.equal(true))
    const checkedAt = new Date(issuer.time)
    const known = { uri, version: 4, checkedAt, ageSeconds: 0, state: 'fresh' }
    expect(verifier.freshness().lists).to.deep.equal([known])
    issuer.tell({ version: 5, since: 4, changed: [{ idx: 1, value: 1 }] })
    await settles(async () => expect(verifier.freshness().lists[0]?.version).to.equal(5))
    issuer.streams.at(-1)?.end()
    await settles(async () => expect(verifier.freshness().connected).to.equal(false))
    issuer.set(9, 1)
    issuer.list = { version: 6 }
    issuer.time += 29_000
    await verifier.verify(token)
    issuer.time += 1_000
    expect(verifier.freshness().lists[0]).to.deep.include({ version: 5, checkedAt, ageSeconds: 30, state: 'stale' })
    await refused(verifier.verify(token), 'revoked')
    expect(verifier.freshness().lists[0]).to.deep.include({ version: 6, ageSeconds: 0, state: 'fresh' })
  }).timeout(10_000)
})
