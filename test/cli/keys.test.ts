import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { PLAIN_WISH } from '../../src/keys/create.rules.ts'
import { createKey } from '../../src/keys/create.ts'
import { masked, run, SECRET } from './run.ts'
import { withServer } from './server.ts'

describe('cli: keys', function () {
  this.timeout(20_000)
  const server = withServer()

  describe('list', () => {
    it('shows a table', async () => {
      const { code, stdout, stderr } = await run(['keys', 'list', '--namespace', 'v2'], server().env('acme-manage'))
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      const shown = stdout
        .replace(/key_\w{12}/g, 'key_ID__________')
        .replace(/(?<=key_ID__________ {2})\w{4}/g, 'LAST')
        .replace(/(never|\S+ \S+ UTC)$/gm, 'USED')
      const [head, ...rows] = shown.trimEnd().split('\n')
      // Keys of one millisecond stand in any order.
      expect([head, ...rows.sort()]).to.deep.equal([
        'NAME              ID                LAST4  RIGHTS                      HOLDER     STATUS  LAST USED',
        'acme-northwind    key_ID__________  LAST   links:read links:write +1   Northwind  active  USED',
        'acme-v2-browser   key_ID__________  LAST   conversions:write           -          active  USED',
        'acme-v2-orders    key_ID__________  LAST   acme-eu=orders:write        -          active  USED',
        'acme-v2-readonly  key_ID__________  LAST   links:read analytics:read   -          active  USED',
        'acme-v2-server    key_ID__________  LAST   links:read links:write +17  -          active  USED',
      ])
    })

    it('filters by holder and by type of holder, as JSON', async () => {
      const { demo, env } = server()
      const filters = ['--holder', demo.holders.northwind, '--holder-type', 'partner']
      const { json } = await run(['keys', 'list', ...filters, '--json'], env('acme-manage'))
      const { items, nextCursor } = json() as { items: { name: string }[]; nextCursor: string | null }
      expect(items.map((key) => key.name)).to.deep.equal(['acme-northwind'])
      expect(nextCursor).to.equal(null)
    })

    it('filters by status and by a text', async () => {
      const { env } = server()
      const names = async (...filters: string[]) => {
        const { json } = await run(['keys', 'list', ...filters, '--json'], env('acme-manage'))
        return (json() as { items: { name: string }[] }).items.map(({ name }) => name)
      }
      expect(await names('--search', 'northw', '--status', 'active')).to.deep.equal(['acme-northwind'])
      expect(await names('--search', 'northw', '--status', 'suspended')).to.deep.equal([])
      expect((await run(['keys', 'list', '--status', 'asleep'], env('acme-manage'))).code).to.equal(2)
    })

    it('follows all pages, of another account too, and stops at --limit', async () => {
      const { env, latchkey } = server()
      const asker = { actor: { type: 'system', id: null, name: 'Test' }, requestId: null, bound: false } as const
      const wish = { ...PLAIN_WISH, namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
      for (let i = 0; i < 205; i++) await createKey(latchkey.keys, 'globex', { ...wish, name: `n${i}` }, asker)
      const args = ['keys', 'list', '--account', 'globex', '--json']
      const [all, some] = await Promise.all([
        run(args, env('operator-manage')),
        run([...args, '--limit', '202'], env('operator-manage')),
      ])
      const ids = (all.json() as { items: { id: string }[] }).items.map((key) => key.id)
      expect(ids).to.have.length(207)
      expect(new Set(ids).size).to.equal(207)
      expect(all.json().nextCursor).to.equal(null)
      expect((some.json() as { items: { id: string }[] }).items.map((key) => key.id)).to.deep.equal(ids.slice(0, 202))
      expect(some.json().nextCursor).to.be.a('string')
    })

    it('says so where there is none', async () => {
      const { demo, env } = server()
      const { code, stdout } = await run(['keys', 'list', '--holder', demo.holders.bluemedia], env('acme-manage'))
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'Account acme has no such keys.\n' })
    })
  })

  describe('show', () => {
    it('describes a key in words', async () => {
      const { env, keyId } = server()
      const { code, stdout } = await run(['keys', 'show', keyId('acme-northwind')], env('acme-manage'))
      expect(code).to.equal(0)
      expect(masked(stdout).replace(/…\w{4}/, '…LAST')).to.equal(
        [
          'name         acme-northwind',
          'id           key_ID',
          'account      acme',
          'namespace    v2',
          'kind         secret',
          'description  Made with the demo data.',
          'holder       Northwind (partner, hld_ID)',
          'status       active',
          'grants       links:read links:write orders:read',
          'created      TIME by Demo data',
          'last used    never',
          'secrets      …LAST, made TIME',
          '',
        ].join('\n'),
      )
    })

    it('prints what the API answers as JSON, and finds a key by itself without sending it', async () => {
      const { env, keyId, secret } = server()
      const { json } = await run(['keys', 'show', secret('acme-v2-browser'), '--json'], env('acme-manage'))
      expect(json()).to.include({ id: keyId('acme-v2-browser'), kind: 'publishable', version: 1 })
    })

    it('ends with 5 where there is nothing', async () => {
      const { code, stderr } = await run(['keys', 'show', 'key_000000000000'], server().env('acme-manage'))
      expect(code).to.equal(5)
      const said = 'There is nothing here, or nothing that you may see.'
      expect(masked(stderr)).to.equal(`latchkey: not_found: ${said} (req_ID)\n`)
    })
  })

  describe('create', () => {
    it('prints the secret once, alone on the last line', async () => {
      const { env } = server()
      const grants = ['--grant', 'links:read links:write', '--grant', 'acme-eu=orders:write']
      const limits = ['--allow-ip', '127.0.0.0/8', '--allow-ip', '::1', '--expires', '2099-01-31']
      const what = ['--name', 'CI', '--namespace', 'v2', '--description', 'Nightly']
      const { code, stdout, stderr } = await run(['keys', 'create', ...what, ...grants, ...limits], env('acme-manage'))
      expect(code).to.equal(0)
      expect(stderr).to.equal('The last line is the secret, shown once: keep it now.\n')
      expect(masked(stdout).replace(/…\w{4}/, '…LAST')).to.equal(
        [
          'name         CI',
          'id           key_ID',
          'account      acme',
          'namespace    v2',
          'kind         secret',
          'description  Nightly',
          'status       active',
          'grants       links:read links:write',
          '             acme-eu=orders:write',
          'allowed IPs  127.0.0.0/8',
          '             ::1',
          'expires      TIME',
          'created      TIME by acme-manage',
          'last used    never',
          'secrets      …LAST, made TIME',
          '',
          'SECRET',
          '',
        ].join('\n'),
      )
      const works = await run(['token', '-'], env(), stdout.trimEnd().split('\n').at(-1))
      expect(masked(works.stdout)).to.equal('TOKEN\n')
    })

    it('makes a key that has a key pair of its own, and no secret', async () => {
      const { env } = server()
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const directory = mkdtempSync(join(tmpdir(), 'latchkey-jwks-'))
      const file = (name: string, ...keys: unknown[]) => {
        writeFileSync(join(directory, name), JSON.stringify({ keys }))
        return ['--jwks', join(directory, name)]
      }
      const what = ['keys', 'create', '--name', 'Job', '--namespace', 'v2', '--grant', 'links:read']
      const ours = file('public.json', { ...publicKey.export({ format: 'jwk' }), kid: 'k1' })
      const made = await run([...what, ...ours, '--dpop'], env('acme-manage'))
      expect([made.code, made.stderr]).to.deep.equal([0, ''])
      expect(made.stdout).to.match(/public keys +k1, EC, P-256\ntokens +bound to a key \(DPoP\)\n$/)
      const byUri = await run([...what, '--jwks-uri', 'https://a.example/jwks', '--json'], env('acme-manage'))
      expect(byUri.json()).to.include({ secret: null })
      // The server is not even named: what is private never leaves.
      const secret = privateKey.export({ format: 'jwk' })
      const kept = await run([...what, ...file('private.json', secret)])
      expect([kept.code, kept.stdout]).to.deep.equal([2, ''])
      expect(kept.stderr).to.match(/private\.json: \/keys\/0\/d belongs to a private or shared key/)
      expect(kept.stderr).to.not.include(secret.d as string)
      for (const wrong of [['--jwks', join(directory, 'none.json')], file('list.json', null)])
        expect((await run([...what, ...wrong])).code).to.equal(2)
      rmSync(directory, { recursive: true })
    })

    it('prints {key, secret} as JSON, with what was asked for', async () => {
      const { demo, env } = server()
      const what = ['--name', 'Page', '--namespace', 'v2', '--kind', 'publishable', '--grant', 'conversions:write']
      const more = ['--allow-origin', 'https://shop.example', '--holder', demo.holders.bluemedia, '--confirm']
      const { code, json, stderr } = await run(['keys', 'create', ...what, ...more, '--json'], env('acme-manage'))
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      const { key, secret } = json() as { key: Record<string, unknown>; secret: string }
      expect(secret).to.match(/^lk_v2_pk_/)
      expect(key).to.deep.include({ kind: 'publishable', allowedOrigins: ['https://shop.example'] })
      expect(key.holder).to.include({ id: demo.holders.bluemedia })
    })

    it('shows where a wish is at fault', async () => {
      const wish = ['--name', 'x', '--namespace', 'v2', '--grant', 'links:nope']
      const args = ['keys', 'create', ...wish]
      const env = server().env('acme-manage')
      const [words, json] = await Promise.all([run(args, env), run([...args, '--json'], env)])
      expect([words.code, json.code]).to.deep.equal([5, 5])
      const fault = { pointer: '/grants/0/scopes/0', detail: '"links:nope" is not a scope of namespace v2.' }
      expect(words.stderr).to.match(/^latchkey: unknown_scope: .+ \(req_\w+\)\n/)
      expect(words.stderr.split('\n')[1]).to.equal(`  ${fault.pointer} ${fault.detail}`)
      expect(JSON.parse(json.stderr).errors).to.deep.equal([fault])
    })

    it('knows a wrong command line before it asks the server', async () => {
      const ran = await Promise.all([
        run(['keys', 'create', '--name', 'x', '--namespace', 'v2']),
        run(['keys', 'create', '--name', 'x', '--namespace', 'v2', '--grant', '=links:read']),
        run(['keys', 'create', '--name', 'x', '--namespace', 'v2', '--grant', 'links:read', '--expires', 'soon']),
      ])
      expect(ran.map(({ code }) => code)).to.deep.equal([2, 2, 2])
    })
  })

  describe('revoke', () => {
    it('asks for --yes where there is no terminal, and changes nothing', async () => {
      const { env, keyId } = server()
      const id = keyId('acme-v3-server')
      const { code, stderr } = await run(['keys', 'revoke', id, '--reason', 'other'], env('acme-manage'))
      expect(code).to.equal(2)
      expect(stderr).to.equal('latchkey: Revoking is final. Without a terminal to ask at, say --yes.\n')
      const { json } = await run(['keys', 'show', id, '--json'], env('acme-manage'))
      expect(json().status).to.equal('active')
    })

    it('revokes, once, with reason and note', async () => {
      const { env, keyId } = server()
      const args = [
        'keys',
        'revoke',
        keyId('acme-v3-server'),
        '--reason',
        'person_left',
        '--note',
        'Left in May',
        '--yes',
      ]
      const { code, stdout } = await run(args, env('acme-manage'))
      expect({ code, stdout: masked(stdout) }).to.deep.equal({
        code: 0,
        stdout: 'Revoked key_ID "acme-v3-server". All its tokens are ended.\n',
      })
      const again = await run([...args, '--json'], env('acme-manage'))
      expect(again.code).to.equal(5)
      expect(JSON.parse(again.stderr).code).to.equal('key_revoked')
      const shown = await run(['keys', 'show', keyId('acme-v3-server')], env('acme-manage'))
      expect(masked(shown.stdout)).to.include('revoked      TIME by acme-manage: person_left, Left in May')
    })

    it('needs a reason that the API knows', async () => {
      const ran = await Promise.all([
        run(['keys', 'revoke', 'key_000000000000', '--yes']),
        run(['keys', 'revoke', 'key_000000000000', '--yes', '--reason', 'bored']),
      ])
      expect(ran.map(({ code }) => code)).to.deep.equal([2, 2])
    })
  })

  describe('LATCHKEY_KEY', () => {
    it('must be there, be well written, and be a manage key', async () => {
      const { env, secret } = server()
      const cut = secret('acme-manage').slice(0, -1)
      const ran = await Promise.all([
        run(['keys', 'list'], env()),
        run(['keys', 'list'], { ...env(), LATCHKEY_KEY: cut }),
        run(['keys', 'list'], env('acme-v2-server')),
      ])
      for (const { code, stderr } of ran) {
        expect(code).to.equal(3)
        expect(stderr).to.match(/^latchkey: LATCHKEY_KEY: /)
        expect(stderr).not.to.match(SECRET).and.not.to.include(cut)
      }
    })

    it('is told what it lacks', async () => {
      const { code, stderr } = await run(['keys', 'list'], server().env('resource-server'))
      expect(code).to.equal(5)
      expect(stderr).to.match(/^latchkey: forbidden: This needs scope keys:read/)
    })
  })
})
