import { expect } from 'chai'
import { JWT, masked, run } from './run.ts'
import { withServer } from './server.ts'

describe('cli: token and verify', function () {
  this.timeout(20_000)
  const server = withServer()
  let token: string

  describe('token', () => {
    it('prints the bare token', async () => {
      const { env, secret } = server()
      const { code, stdout, stderr } = await run(['token', secret('acme-v2-orders')], env())
      expect({ code, stderr, shown: masked(stdout) }).to.deep.equal({ code: 0, stderr: '', shown: 'TOKEN\n' })
      token = stdout.trim()
    })

    it('takes the key from stdin and narrows, as JSON', async () => {
      const { env, secret } = server()
      const narrowed = ['--scope', 'links:read', '--ttl', '20', '--json']
      const { code, json } = await run(['token', '-', ...narrowed], env(), `${secret('acme-v2-server')}\n`)
      expect(code).to.equal(0)
      const { access_token, ...rest } = json()
      expect(access_token).to.match(JWT)
      expect(rest).to.deep.equal({ token_type: 'Bearer', expires_in: 20, scope: 'links:read' })
    })

    it('narrows to a sub-account', async () => {
      const { env, secret } = server()
      const narrowed = ['--sub-account', 'acme-eu', '--scope', 'orders:read', '--json']
      const { json } = await run(['token', secret('acme-v2-server'), ...narrowed], env())
      expect(json()).to.deep.include({
        scope: '',
        authorization_details: [{ type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read'] }],
      })
    })

    it('passes a refusal on, in words and as JSON', async () => {
      const { env, secret } = server()
      const args = ['token', secret('globex-v3-server')]
      const [words, json] = await Promise.all([run(args, env()), run([...args, '--json'], env())])
      expect([words.code, json.code]).to.deep.equal([5, 5])
      expect(masked(words.stderr)).to.match(/^latchkey: namespace_not_enabled: .+ \(req_ID\)\n$/)
      expect(JSON.parse(json.stderr)).to.have.all.keys('code', 'detail', 'requestId')
      expect(words.stderr + json.stderr).not.to.include(secret('globex-v3-server'))
    })

    it('tells a key that no longer is one from a mistyped one, which never leaves the machine', async () => {
      const { secret } = server()
      const key = secret('acme-v2-server')
      const mistyped = `${key.slice(0, 30)}${key[30] === 'x' ? 'y' : 'x'}${key.slice(31)}`
      const { code, stdout, stderr } = await run(['token', mistyped], { LATCHKEY_URL: 'http://127.0.0.1:9' })
      expect({ code, stdout }).to.deep.equal({ code: 6, stdout: '' })
      expect(stderr).to.match(/^latchkey: malformed_key: The checksum does not match/)
    })

    it('says where nobody answers, and how to start', async () => {
      const { secret } = server()
      const nobody = { LATCHKEY_URL: 'http://127.0.0.1:9/' }
      const { code, stderr } = await run(['token', secret('acme-v2-server')], nobody)
      expect(code).to.equal(4)
      const how = 'Start it with "latchkey serve", or set LATCHKEY_URL to where it runs.'
      expect(stderr.replace(/ \(\w+\)/, '')).to.equal(`latchkey: No server answers at http://127.0.0.1:9. ${how}\n`)
    })

    it('names a LATCHKEY_URL that is none', async () => {
      const { code, stderr } = await run(['token', server().secret('acme-v2-server')], { LATCHKEY_URL: 'localhost' })
      expect(code).to.equal(3)
      expect(stderr).to.match(/^latchkey: LATCHKEY_URL: /)
    })
  })

  describe('verify', () => {
    it('shows the claims of a valid token', async () => {
      const { code, stdout, stderr } = await run(['verify', token], server().env())
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      const shown = masked(stdout)
        .replace(/\d+ (min|s)( \d+ s)?/g, 'SPAN')
        .replace(/^(jti +).+$/m, '$1JTI')
        .replace(/"idx":\d+/, '"idx":0')
      expect(shown).to.equal(
        [
          'Valid for SPAN more.',
          '',
          'iss                    URL/v2',
          'aud                    https://api.example.com/v2',
          'sub                    key_ID',
          'client_id              key_ID',
          'jti                    JTI',
          'iat                    TIME (SPAN ago)',
          'exp                    TIME (in SPAN)',
          'account                acme',
          'plan                   agency',
          'status                 {"status_list":{"idx":0,"uri":"URL/v2/status/0"}}',
          'entitlements           {"domains":null}',
          'authorization_details  [{"type":"sub_account","identifier":"acme-eu","actions":["orders:read","orders:write"]}]',
          '',
        ].join('\n'),
      )
    })

    it('reads the token from stdin, as JSON', async () => {
      const { code, json } = await run(['verify', '-', '--json'], server().env(), token)
      expect(code).to.equal(0)
      const { valid, expiresInSeconds, claims } = json()
      expect(valid).to.equal(true)
      expect(expiresInSeconds).to.be.within(1, 300)
      expect(claims).to.include({ account: 'acme', sub: server().keyId('acme-v2-orders') })
    })

    it('ends with 6 and the code where something is missing or wrong', async () => {
      const { env, secret } = server()
      const forged = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`
      const wrong: [string[], Record<string, string | undefined>, string][] = [
        [[token, '--scope', 'links:read'], env(), 'insufficient_scope'],
        [[token, '--audience', 'https://elsewhere.example'], env(), 'wrong_audience'],
        [[forged], env(), 'invalid_signature'],
        [[token], { LATCHKEY_URL: 'https://latchkey.example' }, 'wrong_issuer'],
        [['not.a.jwt'], env(), 'malformed_token'],
        [[secret('acme-v2-orders')], env(), 'malformed_token'],
      ]
      const ran = await Promise.all(wrong.map(([args, environment]) => run(['verify', ...args, '--json'], environment)))
      for (const [i, { code, stdout, stderr }] of ran.entries()) {
        expect({ code, stdout }).to.deep.equal({ code: 6, stdout: '' })
        expect(JSON.parse(stderr)).to.include({ code: wrong[i]?.[2], requestId: null })
        expect(stderr).not.to.include(secret('acme-v2-orders'))
      }
    })

    it('finds a token of a revoked key revoked', async () => {
      const { env, keyId, secret } = server()
      const { stdout } = await run(['token', secret('acme-v2-readonly')], env())
      await run(['keys', 'revoke', keyId('acme-v2-readonly'), '--reason', 'exposed', '--yes'], env('acme-manage'))
      const { code, stderr } = await run(['verify', stdout.trim()], env())
      expect(code).to.equal(6)
      expect(stderr).to.equal('latchkey: revoked: The access token has been revoked.\n')
    })
  })
})
