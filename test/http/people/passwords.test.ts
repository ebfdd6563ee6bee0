import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { start } from '../../../src/compose.ts'
import { loadConfig } from '../../../src/config.ts'
import type { DemoData } from '../../../src/demo/seed.ts'
import { Refusal } from '../../../src/errors.ts'
import { passwords } from '../../../src/people/passwords.ts'
import { pooledRandom } from '../../../src/random.ts'
import { createSessionCookie } from '../../../src/web/session-cookie.ts'

describe('Passwords', () => {
  it('are argon2id with the parameters in use, and compared in one form of their letters', async () => {
    const phc = await passwords.hash('cafe\u0301 au lait')
    expect(phc).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(passwords.isStale(phc)).to.equal(false)
    expect(passwords.isStale('$argon2id$v=19$m=4096,t=3,p=1$c2FsdA$aGFzaA')).to.equal(true)
    expect(await passwords.verify(phc, 'café au lait')).to.equal(true)
    expect(await passwords.verify(phc, 'cafe au lait')).to.equal(false)
    expect(await passwords.verify(null, 'café au lait')).to.equal(false)
  })

  it('are checked a few at a time; beyond a queue that is bounded the answer is to come again', async () => {
    const tried = await Promise.allSettled(Array.from({ length: 120 }, () => passwords.verify(null, 'x')))
    const refused = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason as Refusal] : []))
    expect(refused).to.have.length(16)
    for (const one of refused) {
      expect(one).to.be.instanceOf(Refusal)
      expect([one.code, one.facts.retryAfterSeconds]).to.deep.equal(['busy', 2])
    }
    expect(await passwords.verify(null, 'x'), 'and then there is room again').to.equal(false)
  }).timeout(30_000)
})

describe('The cookie of a session', () => {
  const token = 'A'.repeat(43)

  it('over https is bound to this host alone', () => {
    const cookie = createSessionCookie('https://auth.example.com/latchkey')
    expect(cookie.set(token)).to.equal(`__Host-latchkey=${token}; Path=/; HttpOnly; SameSite=Strict; Secure`)
    expect(cookie.read(`latchkey=${'B'.repeat(43)}; __Host-latchkey=${token}`)).to.equal(token)
    expect(cookie.read(`latchkey=${token}`), 'tossed in by another host').to.equal(undefined)
    expect(cookie.clear()).to.equal('__Host-latchkey=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure')
  })
})

describe('The log', () => {
  it('never holds a password, a session or an invitation', async function () {
    this.timeout(30_000)
    const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
    const lines: string[] = []
    const config = loadConfig({
      PORT: '0',
      DEMO_RESOURCE_PORT: '0',
      LOG_LEVEL: 'trace',
      LATCHKEY_DATA_DIR: dataDir,
      LATCHKEY_CATALOG: fileURLToPath(new URL('../../../latchkey.yaml', import.meta.url)),
    })
    const logTo = { write: (line: string) => lines.push(line) }
    const latchkey = await start(config, { now: Date.now, random: pooledRandom(), logTo })
    try {
      const demo = latchkey.demo?.data as DemoData
      const { email, password } = demo.owner
      const post = (path: string, json: object, headers = {}) =>
        fetch(new URL(path, latchkey.url), {
          method: 'POST',
          body: JSON.stringify(json),
          headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
        })
      const signedIn = await post('/manage/session', { email, password })
      const cookie = (signedIn.headers.getSetCookie()[0] ?? '').split(';')[0] as string
      await post('/manage/session', { email, password: 'a wrong but telling one' })
      const wish = { email: 'log@acme.example', role: 'viewer', name: 'Log' }
      const invited = (await (await post('/manage/accounts/acme/members', wish, { cookie })).json()) as {
        invitationUrl: string
      }
      await post(invited.invitationUrl, { password: 'an invited password' })
      await latchkey.flush()
      const log = lines.join('')
      expect(log).to.include('/invitations/:token')
      const secrets = [password, cookie.split('=')[1] as string, invited.invitationUrl.split('/').at(-1) as string]
      for (const secret of [...secrets, 'a wrong but telling one', 'an invited password'])
        expect(log.includes(secret), secret).to.equal(false)
    } finally {
      await latchkey.close()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
