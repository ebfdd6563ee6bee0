import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, inflateSync } from 'node:zlib'
import { expect } from 'chai'
import { importJWK, jwtVerify } from 'jose'
import { type Bed, claimsOf, headerOf, onBothStores } from '../bed.ts'

interface Ref {
  idx: number
  uri: string
}
const refOf = (token: string): Ref => (claimsOf(token).status as { status_list: Ref }).status_list

/** As it comes over the wire: `fetch` would unpack it. */
async function askRaw(url: URL, headers: Record<string, string>) {
  const request = get(url, { headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await buffer(response)
  const { etag = '', vary, 'content-encoding': encoding, 'cache-control': cacheControl } = response.headers
  return { status: response.statusCode, body, etag, vary, encoding, cacheControl }
}

async function read(bed: Bed, uri: string) {
  const answer = await bed.get(uri, { accept: 'application/statuslist+jwt' })
  expect(answer.status, answer.text).to.equal(200)
  expect(answer.headers.get('content-type')).to.equal('application/statuslist+jwt')
  const { keys } = (await bed.get('/v2/.well-known/jwks.json')).json() as { keys: { kid: string }[] }
  const key = keys.find((k) => k.kid === headerOf(answer.text).kid)
  const { payload } = await jwtVerify(answer.text, await importJWK(key as never, 'ES256'), {
    typ: 'statuslist+jwt',
    currentDate: new Date(bed.now()),
  })
  const { bits, lst } = payload.status_list as { bits: number; lst: string }
  const packed = inflateSync(Buffer.from(lst, 'base64url'))
  return {
    answer,
    payload,
    bits,
    size: (packed.length * 8) / bits,
    value: (idx: number) => ((packed[(idx * bits) >> 3] as number) >> ((idx * bits) & 7)) & (2 ** bits - 1),
  }
}

onBothStores('Token Status List', (bed) => {
  it('is signed, names itself, and every live token reads valid', async () => {
    const { token, url, now } = bed()
    const { idx, uri } = refOf(await token('acme-v2-server'))
    const list = await read(bed(), uri)
    expect(list.payload).to.include({ iss: `${url}/v2`, sub: uri, ttl: 30, iat: now() / 1000, exp: now() / 1000 + 300 })
    expect(list.payload.version).to.be.a('number')
    expect(list.payload.denied_jti).to.deep.equal([])
    expect(list.payload.status_list).to.include({ bits: 2, aggregation_uri: `${url}/v2/status` })
    expect(list.size).to.equal(2 ** 20)
    expect(list.value(idx)).to.equal(0)
    expect((await bed().get('/v2/status')).json()).to.deep.equal({ status_lists: [uri] })
  })

  it('gives every key an index of its own, in no order', async () => {
    const { token } = bed()
    const names = ['acme-v2-server', 'acme-v2-readonly', 'acme-v2-orders', 'acme-northwind', 'globex-v2-server']
    const indexes = await Promise.all(names.map(async (name) => refOf(await token(name)).idx))
    expect(new Set(indexes).size).to.equal(names.length)
    expect(indexes.map((n, i) => n - (indexes[i - 1] ?? n)).some((step) => Math.abs(step) > 1000)).to.equal(true)
  })

  it('flips with the revocation of a key, under a higher version, before the caller hears of it', async () => {
    const b = bed()
    const { idx, uri } = refOf(await b.token('acme-northwind'))
    const before = await read(b, uri)
    const manage = await b.token('acme-manage')
    const path = `/manage/accounts/acme/keys/${b.keyId('acme-northwind')}/revoke`
    const revoked = await b.post(path, {
      json: { reason: 'partner_ended' },
      headers: { authorization: `Bearer ${manage}` },
    })
    expect(revoked.status, revoked.text).to.equal(200)
    const after = await read(b, uri)
    expect(after.value(idx)).to.equal(1)
    expect(after.payload.version).to.be.greaterThan(before.payload.version as number)
    expect((await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-northwind') } })).status).to.equal(401)
  })

  it('is signed afresh after 5 s, and is not modified in between', async () => {
    const b = bed()
    const { uri } = refOf(await b.token('acme-v2-server'))
    b.pass(10_000)
    await b.latchkey.publisher.refresh()
    const etag = (await read(b, uri)).answer.headers.get('etag') as string
    b.pass(4_000)
    await b.latchkey.publisher.refresh()
    const same = await b.get(uri, { 'if-none-match': etag })
    expect([same.status, same.text]).to.deep.equal([304, ''])
    b.pass(1_000)
    await b.latchkey.publisher.refresh()
    const later = await read(b, uri)
    expect(later.payload.iat).to.equal(b.now() / 1000)
    expect(later.answer.headers.get('etag')).to.not.equal(etag)
  })

  it('comes in gzip to those who take it, each form under a tag of its own', async () => {
    const b = bed()
    const ask = (headers: Record<string, string>) => askRaw(new URL('/v2/status/0', b.url), headers)
    const plain = await ask({})
    const zipped = await ask({ 'accept-encoding': 'br;q=1, gzip;q=0.8' })
    expect([plain.encoding, zipped.encoding]).to.deep.equal([undefined, 'gzip'])
    expect(gunzipSync(zipped.body).equals(plain.body)).to.equal(true)
    expect(zipped.etag).to.not.equal(plain.etag)
    for (const { vary, cacheControl } of [plain, zipped]) {
      expect([vary, cacheControl]).to.deep.equal(['Accept-Encoding', 'public, max-age=1, stale-if-error=300'])
    }
    const know = (etag: string, encoding: string) => ask({ 'if-none-match': etag, 'accept-encoding': encoding })
    const known = await know(zipped.etag, 'gzip')
    expect([known.status, known.etag, known.vary]).to.deep.equal([304, zipped.etag, 'Accept-Encoding'])
    expect((await know(zipped.etag, 'identity')).status).to.equal(200)
    expect((await know(plain.etag, 'gzip')).status).to.equal(200)
    for (const none of ['gzip;q=0', 'br', '', 'identity;q=0, br']) {
      const answer = await ask({ 'accept-encoding': none })
      expect([answer.status, answer.encoding], none).to.deep.equal([200, undefined])
    }
  })

  it('knows no other lists, and keeps no history', async () => {
    for (const path of ['/v2/status/1', '/v2/status/00', '/v2/status/-1', '/v2/status/x', '/v2/status/99999999']) {
      expect((await bed().get(path)).status, path).to.equal(404)
    }
    const past = await bed().get('/v2/status/0?time=1686925000')
    expect([past.status, past.json().code]).to.deep.equal([501, 'no_history'])
  })
})
