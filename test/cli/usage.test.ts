import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { run } from './run.ts'

const MISTYPED = 'lk_v2_sk_4fK2mZ90aQbX0123456789ABCDEFGHIJKLMNOPQRSTUV31C6WK'

describe('cli: the command line', function () {
  this.timeout(20_000)

  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await run(['--version'])).to.include({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('documents every exit code, in lines of 120 characters at most', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).to.equal(0)
    for (const exit of [0, 1, 2, 3, 4, 5, 6]) expect(stdout).to.match(new RegExp(`^ {2}${exit} {2}\\S`, 'm'))
    for (const command of ['serve', 'init', 'token', 'verify', 'inspect', 'keys'])
      expect(stdout).to.include(`  ${command} `)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).to.be.at.most(120)
  })

  it('tells an unknown command, and shows help', async () => {
    const { code, stdout, stderr } = await run(['tokn'])
    expect(code).to.equal(2)
    expect(stdout).to.equal('')
    expect(stderr).to.match(/^latchkey: unknown command 'tokn'\n/)
    expect(stderr).to.include('Usage: latchkey')
  })

  it('shows help where no command is given, and calls that wrong', async () => {
    const [none, half] = await Promise.all([run([]), run(['keys'])])
    expect(none.code).to.equal(2)
    expect(none.stderr).to.include('Usage: latchkey')
    expect(half.code).to.equal(2)
    expect(half.stderr).to.include('Usage: latchkey keys')
  })

  it('never repeats a key that stands in the wrong place', async () => {
    const [asCommand, asOption] = await Promise.all([run([MISTYPED]), run(['serve', `--key=${MISTYPED}`])])
    for (const { code, stdout, stderr } of [asCommand, asOption]) {
      expect(code).to.equal(2)
      expect(stderr).to.include('lk_v2_sk_[redacted]')
      expect(stdout + stderr).not.to.include('4fK2mZ90aQbX')
    }
  })

  it('tells a wrong command line as JSON where JSON is asked for', async () => {
    const { code, stdout, stderr } = await run(['token', 'k', '--ttl', '0', '--json'])
    expect(code).to.equal(2)
    expect(stdout).to.equal('')
    expect(JSON.parse(stderr)).to.deep.equal({
      code: 'usage',
      detail: "option '--ttl <seconds>' argument '0' is invalid. It must be a whole number, 1 or more.",
      requestId: null,
    })
  })
})

describe('cli: inspect', function () {
  this.timeout(20_000)
  const GOOD = 'lk_v2_sk_4fK2mZ90aQbX0123456789ABCDEFGHIJKLMNOPQRSTUV31C6WJ'
  const jwt = (header: object, claims: object): string =>
    [header, claims, {}].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')

  it('reads a key, and keeps its secret', async () => {
    const { code, stdout } = await run(['inspect', GOOD])
    expect(code).to.equal(0)
    expect(stdout).to.equal(
      [
        'API key    key_4fK2mZ90aQbX',
        'namespace  v2',
        'kind       secret',
        'ends with  C6WJ',
        'checksum   ok: written as it was made. Whether it works, only the server knows.',
        '',
      ].join('\n'),
    )
    expect(stdout).not.to.include('0123456789')
  })

  it('reads a key from stdin, as JSON', async () => {
    const { code, json } = await run(['inspect', '-', '--json'], {}, `${GOOD}\n`)
    expect(code).to.equal(0)
    expect(json()).to.deep.equal({
      type: 'api_key',
      namespace: 'v2',
      kind: 'secret',
      id: 'key_4fK2mZ90aQbX',
      last4: 'C6WJ',
      checksum: 'ok',
    })
  })

  it('says what is wrong with a key', async () => {
    const { code, stdout, stderr } = await run(['inspect', MISTYPED])
    expect(code).to.equal(6)
    expect(stdout).to.equal('')
    const said = 'The checksum does not match: one character or more is mistyped. Copy the key again.'
    expect(stderr).to.equal(`latchkey: malformed_key: ${said}\n`)
  })

  it('reads a JWT without believing it, and writes control characters out', async () => {
    const token = jwt({ alg: 'none' }, { sub: 'key\u001b[31m', scope: 'a:read b:read', exp: 0 })
    const { code, stdout } = await run(['inspect', token])
    expect(code).to.equal(0)
    expect(stdout.replace(/\(.* ago\)/, '(AGO)')).to.equal(
      [
        'A JWT, not verified: anybody can write one that says this. "latchkey verify" tells whether it is good.',
        '',
        'Header',
        '  alg  none',
        '',
        'Claims',
        '  sub    key\\u001b[31m',
        '  scope  a:read',
        '         b:read',
        '  exp    1970-01-01 00:00:00 UTC (AGO)',
        '',
      ].join('\n'),
    )
  })

  it('says of a JWT in JSON too that it is not verified', async () => {
    const { json } = await run(['inspect', jwt({ alg: 'none' }, { sub: 'x' }), '--json'])
    expect(json()).to.deep.equal({ type: 'jwt', verified: false, header: { alg: 'none' }, claims: { sub: 'x' } })
  })

  it('knows what is neither, and an empty stdin', async () => {
    const [neither, empty] = await Promise.all([run(['inspect', 'hello', '--json']), run(['inspect', '-'])])
    expect(neither.code).to.equal(6)
    expect(JSON.parse(neither.stderr).code).to.equal('unknown_text')
    expect(empty.code).to.equal(2)
  })
})
