import { expect } from 'chai'
import { type Bed, claimsOf, onBothStores } from '../bed.ts'
import { ask } from '../oauth/asking.ts'

interface Told {
  id: string
  event: string
  data: Record<string, unknown>
}

/** A follower: `next` waits for the next event and gives up after a while. */
async function listen(bed: Bed, path = '/v2/revocations', headers: Record<string, string> = {}) {
  const abort = new AbortController()
  const response = await fetch(bed.url + path, { headers, signal: abort.signal })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  const events: Told[] = []
  let lastId = ''
  async function read(): Promise<void> {
    const { value, done } = await reader.read()
    if (done) throw new Error('the stream has ended')
    text += Buffer.from(value).toString('utf8')
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const of = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      lastId = of('id') ?? lastId
      const data = of('data')
      if (data !== undefined)
        events.push({ id: lastId, event: of('event') ?? '', data: JSON.parse(data) as Told['data'] })
    }
  }
  await read()
  return {
    response,
    get lastId() {
      return lastId
    },
    async next(): Promise<Told> {
      while (events.length === 0) await read()
      return events.shift() as Told
    },
    close: () => abort.abort(),
  }
}
const statusOf = (token: string) =>
  (claimsOf(token).status as { status_list: { idx: number; uri: string } }).status_list

onBothStores('Stream of revocations (SSE)', (bed) => {
  async function aKey(name: string) {
    const headers = { authorization: `Bearer ${await bed().token('acme-manage')}` }
    const json = { name, namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
    const { key, secret } = (await bed().post('/manage/accounts/acme/keys', { json, headers })).json() as {
      key: { id: string }
      secret: string
    }
    const token = (await bed().post('/v2/jwts', { json: { apiKey: secret } })).text
    const act = (verb: string, json: object) =>
      bed().post(`/manage/accounts/acme/keys/${key.id}/${verb}`, { json, headers })
    return {
      token,
      revoke: () => act('revoke', { reason: 'exposed' }),
      suspend: () => act('suspend', {}),
      resume: () => act('resume', {}),
    }
  }

  it('is open to any page, uncached, and tells a revocation with the version that the list then has', async () => {
    const { token, revoke } = await aKey('told')
    const stream = await listen(bed(), '/v2/revocations', { origin: 'https://a.example' })
    expect(Object.fromEntries(stream.response.headers)).to.include({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
    })
    await revoke()
    const { event, data, id } = await stream.next()
    const { idx, uri } = statusOf(token)
    expect(event).to.equal('status')
    expect(data).to.deep.include({ uri, changed: [{ idx, value: 1 }], denied: [] })
    const list = claimsOf((await bed().get(new URL(uri).pathname)).text)
    expect(data.version).to.equal(list.version)
    expect(data.since).to.equal((list.version as number) - 1)
    expect(id).to.equal(`0.${list.version}`)
    stream.close()
  })

  it('tells a denied token', async () => {
    const stream = await listen(bed())
    const token = await bed().token('acme-v2-readonly')
    await ask(bed(), 'acme-v2-readonly', 'revoke', { token })
    const { data } = await stream.next()
    expect(data).to.deep.include({ changed: [], denied: [{ jti: claimsOf(token).jti, exp: claimsOf(token).exp }] })
    stream.close()
  })

  it('goes on from Last-Event-ID with what was missed, and starts anew where it cannot', async () => {
    const first = await listen(bed())
    const from = first.lastId
    first.close()
    const [one, two] = [await aKey('missed one'), await aKey('missed two')]
    await one.revoke()
    await two.revoke()
    const again = await listen(bed(), '/v2/revocations', { 'last-event-id': from })
    const { event, data } = await again.next()
    expect(event).to.equal('status')
    const indexes = (data.changed as { idx: number }[]).map(({ idx }) => idx)
    expect(indexes).to.include.members([statusOf(one.token).idx, statusOf(two.token).idx])
    const three = await aKey('after that')
    await three.revoke()
    expect((await again.next()).data).to.deep.include({ changed: [{ idx: statusOf(three.token).idx, value: 1 }] })
    again.close()
    for (const unknown of ['nonsense', '0.x', '__proto__', `0.${'9'.repeat(40)}`, '0.999999', '0.1-0.40', '0.1-7.1']) {
      const strange = await listen(bed(), '/v2/revocations', { 'last-event-id': unknown })
      expect((await strange.next()).event, unknown).to.equal('reset')
      strange.close()
    }
  })

  it('tells beside what was tightened that something was loosened, and not what', async () => {
    const [one, two] = [await aKey('resumed'), await aKey('revoked meanwhile')]
    await one.suspend()
    const before = await listen(bed())
    const from = before.lastId
    before.close()
    await one.resume()
    await two.revoke()
    const stream = await listen(bed(), '/v2/revocations', { 'last-event-id': from })
    const [tightened, loosened] = [await stream.next(), await stream.next()]
    expect(tightened.data).to.deep.include({ changed: [{ idx: statusOf(two.token).idx, value: 1 }] })
    expect(loosened.data).to.deep.equal({ ...tightened.data, changed: [], denied: [] })
    // Whoever loses the connection between the two gets both again.
    expect([tightened.id, loosened.id]).to.deep.equal(['', `0.${loosened.data.version}`])
    stream.close()
  })

  it('gives one address 250 streams; the rest poll, and a place that is free is given again', async () => {
    const open = () => fetch(`${bed().url}/v3/revocations`)
    const streams = await Promise.all(Array.from({ length: 251 }, open))
    const refused = streams.filter(({ status }) => status === 503)
    expect(refused).to.have.length.within(1, 2)
    expect(refused[0]?.headers.get('retry-after')).to.equal('30')
    await Promise.all(streams.map(({ body }) => body?.cancel()))
    let again = await open()
    // The server hears a little later that they have gone.
    while (again.status === 503) again = await open()
    expect(again.status).to.equal(200)
    await again.body?.cancel()
  })

  it('tells nothing that loosens, and nothing of other namespaces', async () => {
    const stream = await listen(bed(), '/v3/revocations')
    const { revoke } = await aKey('of v2')
    await revoke()
    const token = await bed().token('acme-v3-server')
    await ask(bed(), 'acme-v3-server', 'revoke', { token })
    expect((await stream.next()).data.uri).to.equal(statusOf(token).uri)
    stream.close()
  })
})

onBothStores(
  'Streams of an instance',
  (bed) => {
    it('are 1,000 over all addresses and namespaces; the rest are told to poll', async () => {
      const open = (n: number) =>
        fetch(`${bed().url}/${n % 2 === 0 ? 'v2' : 'v3'}/revocations`, {
          headers: { 'x-forwarded-for': `203.0.113.${n % 5}` },
        })
      const streams: Response[] = []
      for (let n = 0; n < 1000; n++) streams.push(await open(n))
      expect(new Set(streams.map(({ status }) => status))).to.deep.equal(new Set([200]))
      const refused = await open(1000)
      expect([refused.status, refused.headers.get('retry-after')]).to.deep.equal([503, '30'])
      const { code, detail } = (await refused.json()) as Record<string, string>
      expect([code, detail]).to.deep.equal([
        'streams_full',
        'Too many follow already. Poll the status list instead, and try again later.',
      ])
      expect((await bed().get('/v2/status/0')).status).to.equal(200)
      await Promise.all(streams.map(({ body }) => body?.cancel()))
      let again = await open(1000)
      // The server hears a little later that they have gone.
      while (again.status === 503) again = await open(1000)
      await again.body?.cancel()
    }).timeout(60_000)
  },
  { env: { TRUST_PROXY: '1' } },
)
