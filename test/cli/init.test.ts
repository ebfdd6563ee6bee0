import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { start } from '../../src/compose.ts'
import { loadConfig } from '../../src/config.ts'
import { type Env, masked, run, SECRET } from './run.ts'

describe('cli: init', function () {
  this.timeout(20_000)
  let folder: string
  let env: Env
  let secret: string
  let invited: string
  const PUBLIC_URL = 'http://localhost:4999'

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-init-'))
    env = { LATCHKEY_DATA_DIR: join(folder, 'data'), PUBLIC_URL }
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('will not recover what was never made', async () => {
    const { code, stderr } = await run(['init', '--recover'], { ...env, LATCHKEY_DATA_DIR: join(folder, 'other') })
    expect(code).to.equal(5)
    expect(stderr).to.match(/latchkey: not_found: This store is empty\. Run "latchkey init" without --recover\.\n$/)
  })

  it('makes account, invitation and key in an empty store', async () => {
    const { code, stdout, stderr } = await run(['init', '--email', 'Ann@Example.com', '--name', 'Ann'], env)
    expect(code).to.equal(0)
    expect(masked(stdout).replace(/[\w-]{43}$/m, 'INVITATION')).to.equal(
      [
        'Made account operator on plan agency, with v2, v3.',
        '',
        'Invitation of Ann <ann@example.com> as admin, good once and until TIME:',
        'URL/invitations/INVITATION',
        '',
        'Manage key key_ID, with every scope:',
        'SECRET',
        '',
      ].join('\n'),
    )
    expect(stderr).to.match(/^Made peppers and master keys .+\nShown once: keep what is above in a safe place\.\n$/)
    secret = (SECRET.exec(stdout) as RegExpExecArray)[0]
    expect(secret).to.match(/^lk_manage_sk_/)
    const invitation = (/invitations\/(\S+)/.exec(stdout) as RegExpExecArray)[1] as string
    const kept = readFileSync(join(folder, 'data/latchkey.db'), 'latin1')
    expect(kept).not.to.include(invitation).and.not.to.include(secret.slice(-38))
    expect(statSync(join(folder, 'data')).mode & 0o777).to.equal(0o700)
  })

  it('refuses the second time, in words and as JSON', async () => {
    const [words, json] = await Promise.all([run(['init'], env), run(['init', '--json'], env)])
    expect([words.code, json.code]).to.deep.equal([5, 5])
    const detail = 'This store has an administrator already. To invite one more, run "latchkey init --recover".'
    expect(words.stderr).to.equal(`latchkey: already_exists: ${detail}\n`)
    expect(JSON.parse(json.stderr)).to.deep.equal({ code: 'already_exists', detail, requestId: null })
    expect(words.stdout + json.stdout).to.equal('')
  })

  it('adds one more admin with --recover', async () => {
    const { code, json } = await run(
      ['init', '--recover', '--email', 'bob@example.com', '--name', 'Bob', '--json'],
      env,
    )
    expect(code).to.equal(0)
    const { account, key, secret, member, invitationUrl, invitationExpiresAt } = json()
    expect({ account, key, secret }).to.deep.equal({ account: null, key: null, secret: null })
    expect(member).to.deep.include({ email: 'bob@example.com', name: 'Bob', role: 'admin', status: 'invited' })
    invited = new URL(invitationUrl as string).pathname
    expect(invitationUrl).to.match(/^http:\/\/localhost:4999\/invitations\/[\w-]{43}$/)
    const days = (Date.parse(invitationExpiresAt as string) - Date.now()) / 86_400_000
    expect(days).to.be.within(6.9, 7)
    expect(json()).to.include({ passwordUrl: null, passwordUrlExpiresAt: null })
  })

  it('gives a key that a server on that store takes, and events that tell it', async () => {
    const port = { PORT: '0', LATCHKEY_DEMO: '0', LOG_LEVEL: 'silent', PUBLIC_URL: undefined }
    const latchkey = await start(loadConfig({ ...env, ...port }))
    try {
      const found = { LATCHKEY_URL: latchkey.url, LATCHKEY_KEY: secret }
      const [token, list] = await Promise.all([
        run(['token', '-'], found, secret),
        run(['keys', 'list', '--json'], found),
      ])
      expect(masked(token.stdout)).to.equal('TOKEN\n')
      const [key] = list.json().items as { name: string; createdBy: object }[]
      expect(key).to.deep.include({
        name: 'Made by latchkey init',
        createdBy: { type: 'system', id: null, name: 'latchkey init' },
      })
      const headers = { authorization: `Bearer ${token.stdout.trim()}` }
      const answer = await fetch(`${latchkey.url}/manage/accounts/operator/events`, { headers })
      const { items } = (await answer.json()) as { items: { type: string; actor: { name: string } }[] }
      expect(items.map((e) => e.type)).to.include.members(['account.created', 'member.invited', 'key.created'])
      expect(items.filter((e) => e.type === 'member.invited').map((e) => e.actor.name)).to.deep.equal([
        'latchkey init',
        'latchkey init',
      ])
      expect(JSON.stringify(items)).not.to.match(SECRET).and.not.to.include('invitations/')
      const accepts = { method: 'POST', headers: { 'content-type': 'application/json' } }
      const body = JSON.stringify({ password: 'correct horse battery' })
      expect((await fetch(`${latchkey.url}${invited}`, { ...accepts, body })).status).to.equal(200)
    } finally {
      await latchkey.close()
    }
  })

  it('gives an active admin a link to a new password with --recover, and says what it does', async () => {
    const { code, stdout } = await run(['init', '--recover', '--email', 'bob@example.com'], env)
    expect(code).to.equal(0)
    expect(masked(stdout).replace(/[\w-]{43}$/m, 'RESET')).to.equal(
      [
        'Bob <bob@example.com> is an active admin already, and stays so.',
        'Whoever opens this link chooses a new password for them, which ends all of their sessions. Until then the present',
        'password works. It is good once and until TIME:',
        'URL/password-resets/RESET',
        '',
      ].join('\n'),
    )
  })

  it('checks the environment as serve does', async () => {
    const others = `p1:${Buffer.alloc(32, 7).toString('base64')}`
    const [secrets, store, production, email] = await Promise.all([
      run(['init'], { ...env, LATCHKEY_PEPPERS: others }),
      run(['init'], { ...env, LATCHKEY_STORE: 'paper' }),
      run(['init'], { ...env, NODE_ENV: 'production' }),
      run(['init', '--email', 'nobody'], env),
    ])
    expect([secrets, store, production, email].map(({ code }) => code)).to.deep.equal([3, 3, 3, 2])
    expect(secrets.stderr).to.match(/^latchkey: LATCHKEY_PEPPERS: "p1" is not the value/)
    expect(store.stderr).to.match(/^latchkey: LATCHKEY_STORE: /)
    expect(production.stderr).to.include('LATCHKEY_PEPPERS: must be set in production')
  })
})
