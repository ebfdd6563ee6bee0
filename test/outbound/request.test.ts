import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { expect } from 'chai'
import { createOutbound, type OutboundRequest } from '../../src/outbound/request.ts'
import { OutboundFault } from '../../src/outbound/rules.ts'

const GET: OutboundRequest = { method: 'GET', timeoutMs: 2_000, maxBytes: 1_000 }
// With a network that has names: the names of these tests stand for addresses on loopback.
const LOOPBACK = ['127.0.0.0/8', '192.0.2.0/24']

describe('Outbound: requests', () => {
  const servers: Server[] = []
  let hits: string[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections()
    hits = []
  })

  /** Notes each request that reaches it as `address host path`. */
  async function serve(answer: RequestListener, host = '127.0.0.1', port = 0): Promise<number> {
    const server = createServer((req, res) => {
      hits.push(`${host} ${req.headers.host} ${req.url}`)
      answer(req, res)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(port, host, resolve))
    return (server.address() as AddressInfo).port
  }
  const named =
    (...turns: string[][]) =>
    async () => {
      const answer = turns.length > 1 ? turns.shift() : turns[0]
      return (answer as string[]).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    }
  async function codeOf(pending: Promise<unknown>): Promise<string> {
    try {
      await pending
      return 'fine'
    } catch (error) {
      expect(error).to.be.instanceOf(OutboundFault)
      return (error as OutboundFault).code
    }
  }

  it('go to the checked address under the name, with nothing of our own', async () => {
    const port = await serve((req, res) => {
      expect(req.headers).to.have.all.keys('host', 'connection', 'accept-encoding', 'user-agent', 'accept')
      res.setHeader('Set-Cookie', 'a=b').end('hello')
    })
    const outbound = createOutbound({ allow: LOOPBACK, lookup: named(['127.0.0.1']) })
    for (let i = 0; i < 2; i++) {
      const answer = await outbound.send(`http://keys.test:${port}/jwks`, { ...GET, headers: { accept: 'text/plain' } })
      expect([answer.status, answer.body.toString()]).to.deep.equal([200, 'hello'])
    }
    expect(hits).to.deep.equal(Array(2).fill(`127.0.0.1 keys.test:${port} /jwks`))
  })

  it('send a body', async () => {
    const port = await serve((req, res) => void req.pipe(res))
    const request: OutboundRequest = { ...GET, method: 'POST', body: '{"a":1}' }
    const answer = await createOutbound({ allow: LOOPBACK }).send(`http://127.0.0.1:${port}/`, request)
    expect(answer.body.toString()).to.equal('{"a":1}')
  })

  it('name the host in the TLS handshake', async () => {
    const names: string[] = []
    const server = createTlsServer({
      SNICallback: (name, done) => {
        names.push(name)
        done(new Error('no certificate'))
      },
    })
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const outbound = createOutbound({ allow: LOOPBACK, lookup: named(['127.0.0.1']) })
    const { port } = server.address() as AddressInfo
    expect(await codeOf(outbound.send(`https://keys.test:${port}/`, GET))).to.equal('unreachable')
    expect(names).to.deep.equal(['keys.test'])
    server.close()
  })

  it('look the name up on each attempt, once: a name that turns to another address is not followed there', async () => {
    const port = await serve((_, res) => void res.end('fine'), '127.0.0.2')
    await serve((_, res) => void res.end('canary'), '127.0.0.1', port)
    const outbound = createOutbound({
      allow: ['127.0.0.2', '192.0.2.0/24'],
      lookup: named(['127.0.0.2'], ['127.0.0.1']),
    })
    const url = `http://rebind.test:${port}/`
    expect((await outbound.send(url, GET)).body.toString()).to.equal('fine')
    expect(await codeOf(outbound.send(url, GET))).to.equal('unreachable')
    expect(hits).to.deep.equal([`127.0.0.2 rebind.test:${port} /`])
  })

  it('are not made where any address of the name is not public', async () => {
    const port = await serve((_, res) => void res.end('canary'))
    for (const addresses of [['127.0.0.2', '127.0.0.1'], ['127.0.0.1'], ['::ffff:127.0.0.1'], []]) {
      const outbound = createOutbound({ allow: ['127.0.0.2', '192.0.2.0/24'], lookup: named(addresses) })
      expect(await codeOf(outbound.send(`http://mixed.test:${port}/`, GET))).to.equal('unreachable')
    }
    const closed = createOutbound({ allow: [], lookup: named(['127.0.0.1']) })
    expect(await codeOf(closed.send('https://inside.example:8443/', GET))).to.equal('unreachable')
    expect(await codeOf(closed.send(`http://127.0.0.1:${port}/`, GET))).to.equal('not_allowed')
    expect(hits).to.deep.equal([])
  })

  it('do not follow a redirect', async () => {
    const canary = await serve((_, res) => void res.end('canary'))
    const port = await serve((_, res) => {
      res.writeHead(302, { Location: `http://127.0.0.1:${canary}/secret` }).end()
    }, '127.0.0.2')
    const answer = await createOutbound({ allow: LOOPBACK }).send(`http://127.0.0.2:${port}/`, GET)
    expect(answer.status).to.equal(302)
    expect(hits).to.have.length(1)
  })

  it('answer any status', async () => {
    const port = await serve((_, res) => void res.writeHead(500).end('oops'))
    const { status } = await createOutbound({ allow: LOOPBACK }).send(`http://127.0.0.1:${port}/`, GET)
    expect(status).to.equal(500)
  })

  it('stop at the byte that is too many, and hang up', async () => {
    const gone: Promise<void>[] = []
    const port = await serve((_, res) => {
      gone.push(new Promise((resolve) => res.once('close', resolve)))
      const more = () => {
        while (!res.destroyed && res.write('x'.repeat(4096)));
      }
      res.on('drain', more)
      more()
    })
    expect(await codeOf(createOutbound({ allow: LOOPBACK }).send(`http://127.0.0.1:${port}/`, GET))).to.equal(
      'too_large',
    )
    await Promise.all(gone)
    const exact = await serve((_, res) => void res.end('x'.repeat(1_000)))
    const answer = await createOutbound({ allow: LOOPBACK }).send(`http://127.0.0.1:${exact}/`, GET)
    expect(answer.body).to.have.length(1_000)
  })

  it('end in time, whatever is slow: the name, the head, the body', async () => {
    const slow = { ...GET, timeoutMs: 50 }
    const never = createOutbound({ allow: LOOPBACK, lookup: () => new Promise(() => {}) })
    expect(await codeOf(never.send('http://slow.test/', slow))).to.equal('timeout')
    const head = await serve(() => {})
    const body = await serve((_, res) => void res.writeHead(200, { 'Content-Length': '10' }).write('x'))
    for (const port of [head, body])
      expect(await codeOf(createOutbound({ allow: LOOPBACK }).send(`http://127.0.0.1:${port}/`, slow))).to.equal(
        'timeout',
      )
  })

  it('say the same of a closed port, a name without address, and nonsense in place of HTTP', async () => {
    const closed = await serve(() => {})
    await new Promise((resolve) => servers.pop()?.close(resolve))
    const nonsense = createSocketServer((socket) => void socket.end('SSH-2.0-x\r\n'))
    await new Promise<void>((resolve) => nonsense.listen(0, '127.0.0.1', resolve))
    const unknown = async () => Promise.reject(new Error('ENOTFOUND'))
    const outbound = createOutbound({ allow: LOOPBACK, lookup: unknown })
    const urls = [closed, (nonsense.address() as AddressInfo).port].map((port) => `http://127.0.0.1:${port}/`)
    for (const url of [...urls, 'https://nowhere.example/'])
      expect(await codeOf(outbound.send(url, GET))).to.equal('unreachable')
    nonsense.close()
  })
})
