import { expect } from 'chai'
import { type Bed, headerOf, onBothStores } from '../bed.ts'

interface Key {
  kid: string
  state: string
  namespace: string
  retiresAt: string | null
}

onBothStores('Signing keys: rotation by command', (bed) => {
  const operator = async (b: Bed) => ({ authorization: `Bearer ${await b.token('operator-manage')}` })
  const list = async (b: Bed, namespace = 'v2') => {
    const { items } = (await b.get('/manage/signing-keys', await operator(b))).json() as { items: Key[] }
    return items.filter((key) => key.namespace === namespace)
  }
  const rotate = async (b: Bed, json: unknown = {}, namespace = 'v2') =>
    b.post(`/manage/signing-keys/${namespace}/rotate`, { json, headers: await operator(b) })
  const kids = async (b: Bed) =>
    ((await b.get('/v2/.well-known/jwks.json')).json().keys as { kid: string }[]).map(({ kid }) => kid)

  it('waits until the next key has been published for as long as the keys may be cached', async () => {
    const b = bed()
    const early = await rotate(b)
    expect([early.status, early.json().code]).to.deep.equal([409, 'next_key_too_new'])
    expect(Number(early.headers.get('retry-after'))).to.be.within(1, 300)
    b.pass(299_000)
    expect((await rotate(b)).headers.get('retry-after')).to.equal('1')
    b.pass(1_000)
    await b.latchkey.publisher.refresh()
    const before = await list(b)
    const old = await b.token('acme-v2-readonly')
    const answer = await rotate(b)
    expect(answer.status, answer.text).to.equal(200)
    const now = await list(b)
    expect(now.map(({ state }) => state)).to.deep.equal(['previous', 'current', 'next'])
    expect(now[1]?.kid).to.equal(before[1]?.kid)
    const token = await b.token('acme-v2-readonly')
    expect(headerOf(token).kid).to.equal(now[1]?.kid)
    for (const one of [old, token]) {
      const headers = { authorization: `Bearer ${one}` }
      expect((await fetch(new URL('/v2/links', b.resourceUrl), { headers })).status).to.equal(200)
    }
    expect(Date.parse(now[0]?.retiresAt as string)).to.equal(b.now() + (300 + 300 + 60) * 1000)
    expect((await rotate(b)).status).to.equal(409)
  })

  it('in an emergency a new key signs at once, and nothing signed before is good', async () => {
    const b = bed()
    const old = await b.token('acme-v2-readonly')
    const gone = await kids(b)
    const stream = await fetch(`${b.url}/v2/revocations`)
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    const answer = await rotate(b, { emergency: true })
    expect(answer.status, answer.text).to.equal(200)
    const told = Buffer.from((await reader.read()).value as Uint8Array).toString('utf8')
    await reader.cancel()
    const removed = JSON.parse(/event: keys\ndata: (.*)\n/.exec(told)?.[1] as string).removed as string[]
    expect(removed).to.have.members(gone)
    // Said again to whoever was away, for as long as they may hold them.
    const opened = async (headers: Record<string, string> = {}) => {
      const again = (await fetch(`${b.url}/v2/revocations`, { headers })).body as ReadableStream<Uint8Array>
      const first = again.getReader()
      const text = Buffer.from((await first.read()).value as Uint8Array).toString('utf8')
      await first.cancel()
      return text
    }
    for (const headers of [{}, { 'last-event-id': '0.1' }]) {
      const said = JSON.parse(/event: keys\ndata: (.*)\n/.exec(await opened(headers))?.[1] as string)
      expect(said.removed).to.have.members(gone)
    }
    const published = await kids(b)
    expect(published).to.have.length(2)
    expect(published.filter((kid) => gone.includes(kid))).to.deep.equal([])
    const token = await b.token('acme-v2-readonly')
    const introspect = async (one: string) => {
      const headers = { authorization: `Bearer ${await b.token('resource-server')}` }
      return (await b.post('/v2/oauth/introspect', { form: { token: one }, headers })).json().active
    }
    expect([await introspect(token), await introspect(old)]).to.deep.equal([true, false])
    const signedBy = headerOf((await b.get('/v2/status/0')).text).kid
    expect(gone).to.not.include(signedBy)
    const headers = await operator(b)
    const { items } = (
      await b.get('/manage/accounts/operator/events?type=signing_key.rotated&order=desc', headers)
    ).json() as {
      items: { data: { emergency?: boolean; object: Key } }[]
    }
    expect(items.some(({ data }) => data.emergency === true && data.object.kid === headerOf(token).kid)).to.equal(true)
  })

  it('is for the operator alone', async () => {
    const b = bed()
    const headers = { authorization: `Bearer ${await b.token('acme-manage')}` }
    expect((await b.get('/manage/signing-keys', headers)).status).to.equal(403)
    const answer = await b.post('/manage/signing-keys/v2/rotate', { json: {}, headers })
    expect([answer.status, answer.json().code]).to.deep.equal([403, 'forbidden'])
    expect((await rotate(b, {}, 'v9')).status).to.equal(404)
    expect((await rotate(b, { emergency: 'yes' })).status).to.equal(400)
  })
})
