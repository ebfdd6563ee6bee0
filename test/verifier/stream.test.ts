import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { readEvents } from '../../src/verifier/events.ts'
import { followStream, openQuietly, openWith } from '../../src/verifier/stream.ts'
import { createTightening, readStatusEvent } from '../../src/verifier/tightening.ts'
import { Issuer, refused } from './issuer.ts'

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
})

describe('verifier: following a stream', () => {
  let server: Server
  let issuer: Issuer
  let url: string
  const streams: ServerResponse[] = []
  const asked: (string | undefined)[] = []
  before(async () => {
    issuer = await new Issuer().start()
    const behind = issuer.url
    // In front of the issuer, with a stream beside its routes.
    server = createServer((req, res) => {
      if (req.url === '/v2/revocations') {
        asked.push(req.headers['last-event-id'] as string | undefined)
        res.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 0.0\n\n')
        streams.push(res)
        server.emit('followed')
        return
      }
      const target = new URL(req.url as string, behind)
      void fetch(target, { headers: req.headers as Record<string, string> }).then(async (answer) => {
        const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'content-length'))
        res.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`
  })
  after(async () => {
    server.closeAllConnections()
    server.close()
    await issuer.stop()
  })

  /** What came over the wire is heard some turns of the event loop later. */
  const settles = async (check: () => Promise<unknown>) => {
    for (let i = 0; i < 200; i++) {
      if (
        await check().then(
          () => true,
          () => false,
        )
      )
        return
      await new Promise((resolve) => setImmediate(resolve))
    }
    await check()
  }

  it('connects, hears, and connects again from where it was', async () => {
    for (const open of [openQuietly, openWith(fetch)]) {
      const heard: string[] = []
      const connected = once(server, 'followed')
      const following = followStream(`${url}/revocations`, open, ({ data }) => {
        heard.push(data)
        server.emit('heard')
      })
      following.start()
      following.start()
      await connected
      const first = once(server, 'heard')
      streams.at(-1)?.write('id: 0.5\nevent: status\ndata: one\n\n')
      await first
      const again = once(server, 'followed')
      streams.at(-1)?.end()
      await again
      expect(asked.at(-1)).to.equal('0.5')
      const second = once(server, 'heard')
      streams.at(-1)?.write('event: reset\ndata: two\n\n')
      await second
      expect(heard).to.deep.equal(['one', 'two'])
      following.close()
    }
  }).timeout(10_000)

  it('a verifier refuses at once what the stream tells, and looks again where it missed something', async () => {
    const base = issuer.url
    issuer.url = url
    try {
      const connected = once(server, 'followed')
      issuer.list = { version: 4 }
      const verifier = issuer.verifier({ issuer: url })
      const [token, other] = [
        await issuer.token(issuer.status(9)),
        await issuer.token({ ...issuer.status(10), jti: 'b' }),
      ]
      await verifier.verify(token)
      await connected
      const tell = async (event: Record<string, unknown>) => {
        const uri = `${url}/status/1`
        streams.at(-1)?.write(`event: status\ndata: ${JSON.stringify({ uri, changed: [], denied: [], ...event })}\n\n`)
        // A second, harmless event has been read only when the first one has.
        await new Promise((resolve) => setImmediate(resolve))
      }
      await tell({ version: 5, since: 4, changed: [{ idx: 9, value: 1 }] })
      await settles(() => refused(verifier.verify(token), 'revoked'))
      await verifier.verify(other)
      await tell({ version: 6, since: 5, denied: [{ jti: 'b', exp: 1 }] })
      await settles(() => refused(verifier.verify(other), 'revoked'))
      // Signed lists that are older than what was told do not loosen it; one that is as new speaks for itself.
      issuer.time += 31_000
      issuer.list = { version: 4 }
      await refused(verifier.verify(token), 'revoked')
      issuer.time += 31_000
      issuer.list = { version: 6 }
      await verifier.verify(token)
      const hits = issuer.hits.status
      await tell({ version: 9, since: 8 })
      issuer.set(9, 1)
      issuer.list = { version: 9 }
      await settles(() => refused(verifier.verify(token), 'revoked'))
      expect(issuer.hits.status).to.equal(hits + 1)
      await verifier.verify(other)
      streams.at(-1)?.write(`event: keys\ndata: ${JSON.stringify({ removed: [issuer.key.kid] })}\n\n`)
      await settles(() => refused(verifier.verify(other), 'unknown_key'))
    } finally {
      issuer.url = base
    }
  }).timeout(10_000)

  it('tells how fresh it is, and goes on by polling when the stream ends', async () => {
    const base = issuer.url
    issuer.url = url
    try {
      issuer.set(9, 0)
      issuer.list = { version: 4 }
      const verifier = issuer.verifier({ issuer: url })
      const uri = `${url}/status/1`
      const token = await issuer.token(issuer.status(9))
      expect(verifier.freshness()).to.deep.equal({ mode: 'stream', connected: false, lists: [] })
      const connected = once(server, 'followed')
      await verifier.verify(token)
      await connected
      await settles(async () => expect(verifier.freshness().connected).to.equal(true))
      const checkedAt = new Date(issuer.time)
      const known = { uri, version: 4, checkedAt, ageSeconds: 0, state: 'fresh' }
      expect(verifier.freshness().lists).to.deep.equal([known])
      const told = { uri, version: 5, since: 4, changed: [{ idx: 1, value: 1 }], denied: [] }
      streams.at(-1)?.write(`event: status\ndata: ${JSON.stringify(told)}\n\n`)
      await settles(async () => expect(verifier.freshness().lists[0]?.version).to.equal(5))
      streams.at(-1)?.end()
      await settles(async () => expect(verifier.freshness().connected).to.equal(false))
      issuer.set(9, 1)
      issuer.list = { version: 6 }
      issuer.time += 29_000
      await verifier.verify(token)
      issuer.time += 1_000
      expect(verifier.freshness().lists[0]).to.deep.include({ version: 5, checkedAt, ageSeconds: 30, state: 'stale' })
      await refused(verifier.verify(token), 'revoked')
      expect(verifier.freshness().lists[0]).to.deep.include({ version: 6, ageSeconds: 0, state: 'fresh' })
    } finally {
      issuer.url = base
    }
  }).timeout(10_000)
})
