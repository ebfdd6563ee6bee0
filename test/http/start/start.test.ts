import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { importJWK, jwtVerify } from 'jose'
import { type Latchkey, start } from '../../../src/compose.ts'
import { loadConfig } from '../../../src/config.ts'
import type { DemoData } from '../../../src/demo/seed.ts'
import { dropDatabase, mongoTestUri, NO_MONGO } from '../../contract/mongo-server.ts'
import { headerOf } from '../bed.ts'

const pepper = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const catalog = readFileSync('latchkey.yaml', 'utf8')

for (const store of ['SQLite', 'MongoDB'] as const) {
  const absent = store === 'MongoDB' && !process.env.MONGODB_TEST_URI && process.env.REQUIRE_MONGO !== '1'
  describe(`Starting again and again (${store}${absent ? `, ${NO_MONGO}` : ''})`, () => {
    let dir: string
    let uri: string | null = null
    const running: Latchkey[] = []
    beforeEach(function () {
      uri = store === 'MongoDB' ? mongoTestUri(`latchkey-${randomBytes(6).toString('hex')}`) : null
      if (store === 'MongoDB' && uri === null) return this.skip()
      dir = mkdtempSync(join(tmpdir(), 'latchkey-start-'))
    })
    afterEach(async () => {
      for (const latchkey of running.splice(0)) await latchkey.close()
      if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
      if (uri !== null) await dropDatabase(uri)
    })

    async function run(env: Record<string, string> = {}, now: () => number = Date.now): Promise<Latchkey> {
      const config = loadConfig({
        PORT: '0',
        DEMO_RESOURCE_PORT: '0',
        LOG_LEVEL: 'silent',
        LATCHKEY_DATA_DIR: dir,
        ...(uri === null ? {} : { MONGODB_URI: uri }),
        ...env,
      })
      const latchkey = await start(config, { now, random: randomBytes })
      running.push(latchkey)
      return latchkey
    }
    const stop = async (latchkey: Latchkey): Promise<void> => {
      running.splice(running.indexOf(latchkey), 1)
      await latchkey.close()
    }
    const exchange = async (latchkey: Latchkey, ns: string, apiKey: string): Promise<Response> =>
      fetch(`${latchkey.url}/${ns}/jwts`, { method: 'POST', body: new URLSearchParams({ apiKey }) })
    const dataOf = (latchkey: Latchkey) => latchkey.demo?.data as DemoData

    it('finds its data, its keys and its signing keys again', async () => {
      const first = await run()
      const data = dataOf(first)
      expect(first.notices.join()).to.include('secrets.json')
      expect(statSync(join(dir, 'secrets.json')).mode & 0o777).to.equal(0o600)
      expect(statSync(join(dir, 'demo.json')).mode & 0o777).to.equal(0o600)
      const token = await (await exchange(first, 'v2', data.keys['acme-v2-server']?.secret as string)).text()
      await stop(first)
      const second = await run()
      expect(second.notices).to.deep.equal([])
      const again = dataOf(second)
      expect({ ...again, baseUrl: '', resourceUrl: '' }).to.deep.equal({ ...data, baseUrl: '', resourceUrl: '' })
      expect(again.baseUrl).to.equal(second.url)
      expect(JSON.parse(readFileSync(join(dir, 'demo.json'), 'utf8'))).to.deep.equal(again)
      const answer = await exchange(second, 'v2', data.keys['acme-v2-server']?.secret as string)
      expect(headerOf(await answer.text()).kid).to.equal(headerOf(token).kid)
      expect(second.keyring.states('v2').map((s) => s.state)).to.deep.equal(['current', 'next'])
    }).timeout(20_000)

    it('refuses another value of a pepper or master key that the store knows, and takes new ids', async () => {
      const [p1, p2, m1] = [pepper('p1'), pepper('p2'), pepper('m1')]
      const first = await run({ LATCHKEY_PEPPERS: p1, LATCHKEY_MASTER_KEYS: m1 })
      const data = dataOf(first)
      await stop(first)
      const refused = async (env: Record<string, string>): Promise<string> => {
        try {
          await run(env)
          return 'started'
        } catch (error) {
          return (error as Error).message
        }
      }
      expect(await refused({ LATCHKEY_PEPPERS: pepper('p1'), LATCHKEY_MASTER_KEYS: m1 })).to.match(
        /^LATCHKEY_PEPPERS: "p1" is not the value/,
      )
      expect(await refused({ LATCHKEY_PEPPERS: p1, LATCHKEY_MASTER_KEYS: pepper('m1') })).to.match(
        /^LATCHKEY_MASTER_KEYS: "m1" is not the value/,
      )

      const second = await run({ LATCHKEY_PEPPERS: `${p2},${p1}`, LATCHKEY_MASTER_KEYS: m1 })
      const { secret, id } = data.keys['acme-v2-server'] as { secret: string; id: string }
      const before = await second.store.get('acme', 'keys', id)
      expect(before?.secrets[0]?.pepper).to.equal('p1')
      expect((await exchange(second, 'v2', secret)).status).to.equal(200)
      await second.flush()
      const after = await second.store.get('acme', 'keys', id)
      expect(after?.secrets[0]?.pepper).to.equal('p2')
      expect(after?.version).to.equal(before?.version)
      await stop(second)

      const third = await run({ LATCHKEY_PEPPERS: p2, LATCHKEY_MASTER_KEYS: m1 })
      expect((await exchange(third, 'v2', secret)).status).to.equal(200)
      // Hashed with a pepper that this start was not given: the key may well be good, so it is not called bad.
      expect((await exchange(third, 'v2', data.keys['acme-v2-readonly']?.secret as string)).status).to.equal(503)
      await stop(third)
      const strange = await refused({ LATCHKEY_PEPPERS: pepper('p9'), LATCHKEY_MASTER_KEYS: m1 })
      expect(strange).to.match(/^LATCHKEY_PEPPERS: none of these was ever used with this store, which knows p1, p2\./)
    }).timeout(30_000)

    it('signs with what the catalog says: EdDSA and RS256 too', async () => {
      const file = join(dir, 'catalog.yaml')
      const [v2, v3] = ['EdDSA', 'RS256'] as const
      let seen = 0
      writeFileSync(
        file,
        catalog.replaceAll('signingAlg: ES256', () => `signingAlg: ${seen++ === 0 ? v2 : v3}`),
      )
      const latchkey = await run({ LATCHKEY_CATALOG: file })
      for (const [ns, alg] of [
        ['v2', v2],
        ['v3', v3],
      ] as const) {
        const { secret } = dataOf(latchkey).keys[`acme-${ns}-server`] as { secret: string }
        const token = await (await exchange(latchkey, ns, secret)).text()
        expect(headerOf(token)).to.include({ alg, typ: 'at+jwt' })
        const { keys } = (await (await fetch(`${latchkey.url}/${ns}/.well-known/jwks.json`)).json()) as {
          keys: { kid: string; alg: string }[]
        }
        const key = keys.find((k) => k.kid === headerOf(token).kid)
        expect(JSON.stringify(keys)).to.not.match(/"(d|p|q|dp|dq|qi)":/)
        await jwtVerify(token, await importJWK(key as never, alg))
        const answer = await fetch(`${latchkey.demo?.resourceUrl}/${ns}/${ns === 'v2' ? 'links' : 'vehicles'}`, {
          headers: { authorization: `Bearer ${token}` },
        })
        expect(answer.status).to.equal(200)
      }
    }).timeout(30_000)

    it('tells of a version’s end on every route of it, and refuses a retired one with 410', async () => {
      const file = join(dir, 'catalog.yaml')
      const ends = 'stage: deprecated\n    deprecatedAt: 2026-10-01\n    sunsetAt: 2027-03-01T12:00:00Z'
      writeFileSync(file, catalog.replace('stage: stable', ends))
      const latchkey = await run({ LATCHKEY_CATALOG: file })
      const { keys } = dataOf(latchkey)
      const answers = [
        await exchange(latchkey, 'v2', keys['acme-v2-server']?.secret as string),
        await fetch(`${latchkey.url}/v2/.well-known/jwks.json`),
        await exchange(latchkey, 'v2', 'nonsense'),
      ]
      for (const answer of answers) {
        expect(answer.headers.get('deprecation')).to.equal('@1790812800')
        expect(answer.headers.get('sunset')).to.equal('Mon, 01 Mar 2027 12:00:00 GMT')
      }
      const manage = await fetch(`${latchkey.url}/manage/.well-known/jwks.json`)
      expect(manage.headers.get('deprecation')).to.equal(null)
      await stop(latchkey)
      writeFileSync(file, catalog.replace('stage: beta', 'stage: retired'))
      const later = await run({ LATCHKEY_CATALOG: file })
      const { id, secret } = keys['acme-v3-server'] as { id: string; secret: string }
      const retired = await exchange(later, 'v3', secret)
      expect([retired.status, ((await retired.json()) as { code: string }).code]).to.deep.equal([
        410,
        'namespace_retired',
      ])
      const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
      const oauth = await fetch(`${later.url}/v3/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
      expect([oauth.status, await oauth.json()]).to.deep.equal([
        400,
        {
          error: 'unauthorized_client',
          error_description: 'This API version is retired. Move to a newer one.',
          code: 'namespace_retired',
        },
      ])
    }).timeout(20_000)

    it('production refuses a store with demo data', async () => {
      const [p1, m1] = [pepper('p1'), pepper('m1')]
      await stop(await run({ LATCHKEY_PEPPERS: p1, LATCHKEY_MASTER_KEYS: m1 }))
      const production = { NODE_ENV: 'production', LATCHKEY_STORE: store === 'SQLite' ? 'sqlite' : 'mongodb' }
      const message = await run({ ...production, LATCHKEY_PEPPERS: p1, LATCHKEY_MASTER_KEYS: m1 }).then(
        () => 'started',
        (error: Error) => error.message,
      )
      expect(message).to.match(/^The store holds demo data/)
    }).timeout(20_000)

    it('drops a master key once nothing that still signs is sealed with it', async () => {
      let at = Date.parse('2026-11-21T09:00:00Z')
      const [p1, m1, m2] = [pepper('p1'), pepper('m1'), pepper('m2')]
      const first = await run({ LATCHKEY_PEPPERS: p1, LATCHKEY_MASTER_KEYS: m1 }, () => at)
      await stop(first)
      for (let quarter = 0; quarter < 3; quarter++) {
        at += 91 * 86_400_000
        await stop(await run({ LATCHKEY_PEPPERS: p1, LATCHKEY_MASTER_KEYS: `${m2},${m1}` }, () => at))
      }
      const last = await run({ LATCHKEY_PEPPERS: p1, LATCHKEY_MASTER_KEYS: m2 }, () => at)
      expect(last.keyring.states('v2').map((s) => s.state)).to.include.members(['current', 'next'])
    }).timeout(30_000)

    it('rotates its signing key by schedule: published long before, then signing, the old one still published', async () => {
      let at = Date.parse('2026-11-21T09:00:00Z')
      const latchkey = await run({}, () => at)
      const { secret } = dataOf(latchkey).keys['acme-v2-server'] as { secret: string }
      const kid = async () => headerOf(await (await exchange(latchkey, 'v2', secret)).text()).kid
      const kids = async () =>
        (
          (await (await fetch(`${latchkey.url}/v2/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
        ).keys.map((k) => k.kid)
      const [first, next] = await kids()
      expect(await kid()).to.equal(first)
      at += 90 * 86_400_000
      await latchkey.keyring.refresh()
      expect(await kid()).to.equal(next)
      expect((await kids()).slice(0, 2)).to.deep.equal([first, next])
      expect(await kids()).to.have.length(3)
      at += 700_000
      expect(await kids()).to.not.include(first)
    }).timeout(20_000)

    if (store === 'MongoDB') {
      it('two instances on one database agree: signing keys, demo data, a revocation', async () => {
        const secrets = { LATCHKEY_PEPPERS: pepper('p1'), LATCHKEY_MASTER_KEYS: pepper('m1') }
        const [a, b] = await Promise.all([run(secrets), run(secrets)])
        const seeded = [a, b].filter((latchkey) => latchkey.demo?.data !== null)
        expect(seeded).to.have.length.within(1, 2)
        const data = dataOf(seeded[0] as Latchkey)
        const sets = await Promise.all(
          [a, b].map(async (one) => (await fetch(`${one.url}/v2/.well-known/jwks.json`)).text()),
        )
        await Promise.all([a, b].map((one) => one.keyring.refresh()))
        expect(
          new Set(
            await Promise.all([a, b].map(async (one) => (await fetch(`${one.url}/v2/.well-known/jwks.json`)).text())),
          ).size,
        ).to.equal(1)
        expect(sets).to.have.length(2)
        const { secret, id } = data.keys['acme-v2-readonly'] as { secret: string; id: string }
        for (const one of [a, b]) expect((await exchange(one, 'v2', secret)).status).to.equal(200)
        const manage = await (await exchange(a, 'manage', data.keys['acme-manage']?.secret as string)).text()
        const revoked = await fetch(`${a.url}/manage/accounts/acme/keys/${id}/revoke`, {
          method: 'POST',
          headers: { authorization: `Bearer ${manage}`, 'content-type': 'application/json' },
          body: JSON.stringify({ reason: 'exposed' }),
        })
        expect(revoked.status).to.equal(200)
        expect((await exchange(b, 'v2', secret)).status).to.equal(401)
      }).timeout(30_000)
    }
  })
}
