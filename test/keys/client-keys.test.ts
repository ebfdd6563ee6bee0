import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { Refusal } from '../../src/errors.ts'
import { createClientKeys } from '../../src/keys/client-keys.ts'
import type { Outbound, OutboundAnswer } from '../../src/outbound/request.ts'
import { OutboundFault } from '../../src/outbound/rules.ts'

const SECOND = 1000
const jwk = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
})
const [A, B] = [jwk('a'), jwk('b')]
const byUri = (jwksUri = 'https://keys.example/jwks') => ({ jwks: null, jwksUri })

/** A client's address that answers as the test says, and a clock. */
function client(...first: unknown[]) {
  let at = 1_000_000
  let answer: () => Promise<OutboundAnswer> = async () => reply({ keys: first })
  const asked: string[] = []
  const outbound: Outbound = {
    faultOf: () => null,
    send(url, request) {
      expect(request).to.deep.include({ method: 'GET', maxBytes: 65_536 })
      asked.push(url)
      return answer()
    },
  }
  const keys = createClientKeys({ outbound, now: () => at })
  return {
    asked,
    pass: (ms: number) => {
      at += ms
    },
    answers: (next: () => Promise<OutboundAnswer>) => {
      answer = next
    },
    find: async (kid: string | undefined, uri?: string) => (await keys.find(byUri(uri), kid, 'ES256')).length,
    keys,
  }
}
function reply(body: unknown, headers: Record<string, string> = {}, status = 200): OutboundAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(text) }
}
const fails = async () => Promise.reject(new OutboundFault('unreachable'))
async function unavailable(pending: Promise<unknown>): Promise<void> {
  const thrown = await pending.then(
    () => null,
    (error) => error,
  )
  expect(thrown).to.be.instanceOf(Refusal)
  expect((thrown as Refusal).code).to.equal('client_keys_unavailable')
  expect((thrown as Refusal).facts.retryAfterSeconds).to.equal(5)
}

describe('Keys of clients', () => {
  it('stand in the record', async () => {
    const { keys, asked } = client()
    const inline = { jwks: { keys: [A, B] as never }, jwksUri: null }
    expect(await keys.find(inline, 'b', 'ES256')).to.have.length(1)
    expect(await keys.find(inline, undefined, 'ES256')).to.have.length(2)
    expect(await keys.find(inline, 'c', 'ES256')).to.have.length(0)
    expect(await keys.find({ jwks: null, jwksUri: null }, 'a', 'ES256')).to.have.length(0)
    expect(asked).to.deep.equal([])
  })

  it('or are fetched, once for all who ask at a time', async () => {
    const { find, asked } = client(A)
    expect(await Promise.all([find('a'), find('a'), find(undefined), find('b')])).to.deep.equal([1, 1, 1, 0])
    expect(asked).to.deep.equal(['https://keys.example/jwks'])
    await find('a', 'https://other.example/')
    expect(asked).to.have.length(2)
  })

  const ages: [string | undefined, number][] = [
    [undefined, 300],
    ['no-cache', 300],
    ['max-age=0', 30],
    ['public, max-age=120', 120],
    ['max-age=999999', 3600],
  ]
  for (const [header, seconds] of ages) {
    it(`are fetched again after ${seconds} s where Cache-Control is ${header ?? 'not there'}`, async () => {
      const { find, asked, pass, answers } = client()
      answers(async () => reply({ keys: [A] }, header === undefined ? {} : { 'cache-control': header }))
      await find('a')
      pass((seconds - 1) * SECOND)
      await find('a')
      expect(asked).to.have.length(1)
      pass(SECOND)
      await find('a')
      expect(asked).to.have.length(2)
    })
  }

  it('are fetched for an unknown kid, but not more often than every 30 s', async () => {
    const { find, asked, pass, answers } = client(A)
    await find('a')
    answers(async () => reply({ keys: [A, B] }))
    expect(await find('b')).to.equal(0)
    pass(30 * SECOND)
    expect(await find('b')).to.equal(1)
    for (let i = 0; i < 100; i++) expect(await find(`made up ${i}`)).to.equal(0)
    expect(asked).to.have.length(2)
  })

  it('are forgotten when the client takes them away', async () => {
    const { find, pass, answers } = client(A)
    expect(await find('a')).to.equal(1)
    answers(async () => reply({ keys: [] }))
    pass(300 * SECOND)
    expect(await find('a')).to.equal(0)
  })

  it('cannot be told while nothing was ever read', async () => {
    const { find, asked, pass, answers } = client(A)
    answers(fails)
    await unavailable(find('a'))
    answers(async () => reply({ keys: [A] }))
    await unavailable(find('a'))
    expect(asked).to.have.length(1)
    pass(5 * SECOND)
    expect(await find('a')).to.equal(1)
  })

  it('stay good for a day while the address fails; of others it cannot be told', async () => {
    const { find, asked, pass, answers } = client(A)
    await find('a')
    answers(fails)
    pass(300 * SECOND)
    expect(await find('a')).to.equal(1)
    expect(await find('a')).to.equal(1)
    expect(asked).to.have.length(2)
    await unavailable(find('b'))
    expect(await find(undefined)).to.equal(1)
    pass(86_100 * SECOND - 1)
    expect(await find('a')).to.equal(1)
    pass(1)
    await unavailable(find('a'))
  })

  const bad: [string, OutboundAnswer][] = [
    ['another status', reply({ keys: [A] }, {}, 404)],
    ['a redirect', reply({ keys: [A] }, { location: 'https://b.example/' }, 302)],
    ['HTML', reply({ keys: [A] }, { 'content-type': 'text/html' })],
    ['no JSON', reply('{')],
    ['bytes that are no text', { ...reply(''), body: Buffer.from([0x22, 0xff, 0x22]) }],
    ['no set', reply([A])],
    ['null', reply(null)],
    ['21 keys', reply({ keys: Array(21).fill(A) })],
  ]
  for (const [what, answer] of bad) {
    it(`are not to be had from ${what}`, async () => {
      const { find, answers } = client()
      answers(async () => answer)
      await unavailable(find('a'))
    })
  }

  it('come as application/jwk-set+json too, 20 at most, the unfit passed over', async () => {
    const { find, answers } = client()
    const keys = [{ kty: 'oct', k: 'AAAA', kid: 'a' }, ...Array(18).fill(A), B]
    answers(async () => reply({ keys }, { 'content-type': 'Application/JWK-Set+JSON; charset=utf-8' }))
    expect(await find('a')).to.equal(4)
    expect(await find('b')).to.equal(1)
  })

  it('of a thousand addresses are held, and then the one that was not used for longest goes', async () => {
    const { find, asked } = client(A)
    const uri = (i: number) => `https://keys.example/${i}`
    for (let i = 0; i < 1000; i++) await find('a', uri(i))
    await find('a', uri(0))
    await find('a', uri(1000))
    expect(asked).to.have.length(1001)
    await find('a', uri(0))
    expect(asked).to.have.length(1001)
    await find('a', uri(1))
    expect(asked).to.have.length(1002)
  })
})
