import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { InvalidArgumentError } from 'commander'
import { asFault, CliFault, EXIT, faultText, redact } from '../../src/cli/exit.ts'
import { startFault } from '../../src/cli/faults.ts'
import { call, serverUrl } from '../../src/cli/http.ts'
import { confirm, expiry, grant, positiveInteger } from '../../src/cli/input.ts'
import { rightsInShort } from '../../src/cli/keys-list.ts'
import { distance, fields, plain, span, table, utc, wrapped } from '../../src/cli/output.ts'
import { decodeJwt, keyFault, keyIdOf } from '../../src/cli/written.ts'
import { formatKey } from '../../src/keys/grammar.rules.ts'

const KEY = formatKey('v2', 'secret', 'key_4fK2mZ90aQbX', '0123456789ABCDEFGHIJKLMNOPQRSTUV')

describe('cli: what it writes', () => {
  it('aligns columns, and cuts lines to the width of a terminal', () => {
    const rows = [
      ['a', 'long value'],
      ['bbb', 'x'],
    ]
    expect(table(['N', 'V'], rows, 80)).to.equal('N    V\na    long value\nbbb  x')
    expect(table(['N', 'V'], rows, 8)).to.equal('N    V\na    lo…\nbbb  x')
  })

  it('leaves out fields of null, and hangs further lines', () => {
    const rows = [
      ['name', 'x'],
      ['gone', null],
      ['list', 'a\nb'],
    ] as const
    expect(fields(rows, 80)).to.equal('name  x\nlist  a\n      b')
  })

  it('writes control characters and direction marks out', () => {
    expect(plain('a\u001b[2J\u009b\u202eb\nc')).to.equal('a\\u001b[2J\\u009b\\u202eb\\u000ac')
    expect(plain('Zoë 東京 👩')).to.equal('Zoë 東京 👩')
  })

  it('tells times in words', () => {
    expect(utc(0)).to.equal('1970-01-01 00:00:00 UTC')
    expect(utc(1e17)).to.equal('100000000000000000')
    expect([0, 59, 60, 3_661, 90_061].map(span)).to.deep.equal(['0 s', '59 s', '1 min', '1 h 1 min', '1 d 1 h'])
    expect([distance(5), distance(-5)]).to.deep.equal(['in 5 s', '5 s ago'])
  })

  it('breaks sentences between words', () => {
    expect(wrapped('one two three-and-more four', 8)).to.deep.equal(['one two', 'three-and-more', 'four'])
  })

  it('tells rights in short', () => {
    const grants = [
      { subAccount: null, scopes: ['a:read'] },
      { subAccount: 'eu', scopes: ['b:read', 'c:read', 'd:read'] },
    ]
    expect(rightsInShort(grants)).to.equal('a:read eu=b:read +2')
    expect(rightsInShort([])).to.equal('')
  })
})

describe('cli: faults', () => {
  it('take keys and tokens out of whatever they say', () => {
    const token = `${'eyJhbGciOiJFUzI1NiJ9'}.eyJzdWIiOiJ4In0.c2ln`
    expect(redact(`bad ${KEY}! and ${token}, "${KEY.slice(0, 25)}"`)).to.equal(
      'bad lk_v2_sk_[redacted]! and [token redacted], "lk_v2_sk_[redacted]"',
    )
  })

  it('show code, request id and pointers, with control characters written out', () => {
    const facts = { requestId: 'req_1', errors: [{ pointer: '/name', detail: 'is\u0007 bad' }] }
    const fault = new CliFault(EXIT.refused, 'invalid_request', 'No.', facts)
    expect(faultText(fault, false)).to.equal('latchkey: invalid_request: No. (req_1)\n  /name is\\u0007 bad\n')
    expect(JSON.parse(faultText(fault, true))).to.deep.equal({ code: 'invalid_request', detail: 'No.', ...facts })
  })

  it('of a start name the variable', () => {
    const listening = (code: string, port: number) => Object.assign(new Error(code), { code, port })
    const taken = startFault(listening('EADDRINUSE', 3001), {})
    expect(taken).to.include({
      exit: EXIT.config,
      message: 'Port 3001 is taken. Set DEMO_RESOURCE_PORT to another one.',
    })
    expect(startFault(listening('EACCES', 80), {}).message).to.include('Set PORT to one above 1023')
    expect(startFault(new Error('odd'), {})).to.include({ exit: EXIT.failed, message: 'odd' })
    expect(asFault('odd')).to.include({ exit: EXIT.failed, message: 'odd' })
  })
})

describe('cli: what it reads', () => {
  it('says what is wrong with a key, and nothing of the key', () => {
    const wrong: [string, RegExp][] = [
      [`${KEY.slice(0, 40)} ${KEY.slice(40)}`, /white space/],
      [`"${KEY}"`, /quotation marks/],
      ['key_4fK2mZ90aQbX', /id of a key/],
      ['sk_live_123', /no API key/],
      [KEY.slice(0, -3), /has 47 characters, not 50\. It was cut short/],
      [`${KEY}0`, /has 51 characters, not 50\. Something was added/],
      [KEY.replace('Q', '-'), /letters and digits/],
      [KEY.replace('Q', 'q'), /checksum/],
    ]
    for (const [text, said] of wrong) {
      expect(keyFault(text)).to.match(said).and.not.to.include('4fK2')
    }
    expect(keyFault(KEY)).to.equal(null)
    expect([keyIdOf(KEY), keyIdOf('key_x')]).to.deep.equal(['key_4fK2mZ90aQbX', 'key_x'])
  })

  it('decodes only what has the form of a JWT', () => {
    for (const text of ['', 'a.b', 'a.b.c.d', 'W10.W10.', 'é.e30.', 'e30.bnVsbA.'])
      expect(decodeJwt(text)).to.equal(null)
    expect(decodeJwt('e30.e30.')).to.deep.equal({ header: {}, claims: {} })
  })

  it('reads grants, lifetimes and numbers', () => {
    const first = grant('links:read  links:write', undefined)
    expect(grant('acme-eu=orders:write', first)).to.deep.equal([
      { subAccount: null, scopes: ['links:read', 'links:write'] },
      { subAccount: 'acme-eu', scopes: ['orders:write'] },
    ])
    for (const bad of ['', ' ', '=x', 'acme=']) expect(() => grant(bad, undefined)).to.throw(InvalidArgumentError)
    expect(expiry('2d', 0)).to.equal('1970-01-03T00:00:00.000Z')
    expect(expiry('2027-01-31')).to.equal('2027-01-31T00:00:00.000Z')
    expect(expiry('2027-01-31T12:00+01:00')).to.equal('2027-01-31T11:00:00.000Z')
    for (const bad of ['0d', '2027-13-01', 'tomorrow', '']) expect(() => expiry(bad)).to.throw(InvalidArgumentError)
    expect(positiveInteger('20')).to.equal(20)
    for (const bad of ['0', '-1', '1.5', '1e3']) expect(() => positiveInteger(bad)).to.throw(InvalidArgumentError)
  })

  it('takes only a yes for a yes', async () => {
    const answers: [string, boolean][] = [
      ['y\n', true],
      ['YES\n', true],
      ['n\n', false],
      ['\n', false],
      ['', false],
    ]
    for (const [typed, expected] of answers) {
      const input = new PassThrough()
      const asked = confirm('Sure?', input, new PassThrough())
      input.end(typed)
      expect(await asked, JSON.stringify(typed)).to.equal(expected)
    }
  })

  it('knows where the server is', () => {
    expect(serverUrl({})).to.equal('http://localhost:3000')
    expect(serverUrl({ LATCHKEY_URL: 'https://x.example/base/' })).to.equal('https://x.example/base')
    for (const bad of ['x', 'ftp://x', 'http://u:p@x', 'http://x?y']) {
      expect(() => serverUrl({ LATCHKEY_URL: bad }))
        .to.throw(CliFault)
        .with.property('exit', EXIT.config)
    }
  })
})

describe('cli: a server that is not Latchkey', () => {
  const faultFrom = async (answer: RequestListener): Promise<CliFault> => {
    const server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return await call(`${url}/v2/jwts`, { method: 'POST', json: { apiKey: KEY } }).then(
        () => expect.fail('it was taken for Latchkey'),
        (error: CliFault) => error,
      )
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it('is not followed elsewhere with a key in hand', async () => {
    let followed = false
    const fault = await faultFrom((req, res) => {
      followed ||= req.url === '/elsewhere'
      res.writeHead(307, { location: '/elsewhere' }).end()
    })
    expect(fault).to.include({ exit: EXIT.unavailable, code: 'unexpected_answer' })
    expect(fault.message).to.include('sent us elsewhere (status 307)')
    expect(followed).to.equal(false)
  })

  it('is told from one that is down', async () => {
    const page = await faultFrom((_, res) => res.end('<h1>It works!</h1>'))
    expect(page.message).to.include('did not answer as Latchkey does (status 200)')
    const cut = await faultFrom((req) => req.socket.destroy())
    expect(cut).to.include({ exit: EXIT.unavailable, code: 'unavailable' })
    const problem = { code: 'store_unavailable', detail: 'Later.', requestId: 'req_1' }
    const down = await faultFrom((_, res) => res.writeHead(503).end(JSON.stringify(problem)))
    expect(down).to.include({ exit: EXIT.unavailable, code: 'store_unavailable', message: 'Later.' })
    const internal = await faultFrom((_, res) =>
      res.writeHead(500).end(JSON.stringify({ ...problem, code: 'internal' })),
    )
    expect(internal).to.include({ exit: EXIT.failed, code: 'internal' })
  })
})
