import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Bed, onBothStores } from '../bed.ts'
import { callerOf, eventsOf, statusOf } from '../manage/caller.ts'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** The demo's catalog, which trusts the key above and takes keys of other systems. */
function trustingCatalog(): string {
  const demo = readFileSync(fileURLToPath(new URL('../../../latchkey.yaml', import.meta.url)), 'utf8')
  const pem = JSON.stringify(publicKey.export({ type: 'spki', format: 'pem' }))
  const file = join(mkdtempSync(join(tmpdir(), 'latchkey-leaks-')), 'latchkey.yaml')
  writeFileSync(
    file,
    demo
      .replace('namespaces:\n', `leakReports: { signingKeys: { scanner-1: ${pem} } }\nnamespaces:\n`)
      .replace('    title: Partner API\n', '    title: Partner API\n    acceptsImported: true\n'),
  )
  return file
}

const URL_OF = 'https://github.com/octocat/hello/blob/main/.env'
const find = (token: string, more: object = {}) => ({
  token,
  type: 'latchkey_api_key',
  url: URL_OF,
  source: 'content',
  ...more,
})

/** A key of acme, made for the test. */
async function newKey(b: Bed, more: object = {}): Promise<{ id: string; secret: string }> {
  const acme = await callerOf(b, 'acme-manage')
  const wish = { name: 'Careless', namespace: 'v2', grants: [{ subAccount: null, scopes: ['conversions:write'] }] }
  const answer = await acme.post('/manage/accounts/acme/keys', { ...wish, ...more })
  expect(answer.status, answer.text).to.equal(201)
  const { key, secret } = answer.json() as { key: { id: string }; secret: string }
  return { id: key.id, secret }
}

onBothStores(
  'Leaked keys',
  (bed) => {
    it('are revoked, with their tokens, and the answer tells nobody', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const { id, secret } = await newKey(b)
      const { text: token } = await b.post('/v2/jwts', { json: { apiKey: secret } })
      const wrong = secret.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
      for (const found of [secret, wrong, 'anything']) {
        const answer = await b.post('/manage/leaks', { json: [find(found, { url: `${URL_OF}?key=${secret}` })] })
        expect([answer.status, answer.text]).to.deep.equal([202, '{}'])
      }
      await b.latchkey.flush()
      const key = (await acme.get(`/manage/accounts/acme/keys/${id}`)).json()
      expect(key.revoked).to.deep.include({ reason: 'exposed', by: { type: 'system', id: null, name: 'Leak report' } })
      expect(statusOf(b, token)).to.equal(1)
      expect((await b.post('/v2/jwts', { json: { apiKey: secret } })).status).to.equal(401)
      const events = (await eventsOf(acme, 'acme', id)).slice(1)
      expect(events.map(({ type }) => type)).to.deep.equal(['key.leaked', 'key.revoked'])
      expect(events[0]?.data).to.deep.equal({ object: key, url: `${URL_OF}?key=lk_…`, source: 'content' })
      expect(JSON.stringify(events)).not.to.contain(secret.slice(-38))
    })

    it('that came from another system are revoked too, and their text is kept nowhere', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const text = 'sk_live_of-before~0001'
      const grants = [{ subAccount: null, scopes: ['links:read'] }]
      const made = await acme.post('/manage/accounts/acme/keys/import', {
        namespace: 'v2',
        keys: [{ plain: text, name: 'From before', grants }],
      })
      const [{ key }] = made.json().items as [{ key: { id: string } }]
      const url = `https://paste.example/${text.replace('~', '%257E')}/raw?${text}#${text}`
      const answer = await b.post('/manage/leaks', { json: [find(text, { url, source: `see ${text}` })] })
      expect([answer.status, answer.text]).to.deep.equal([202, '{}'])
      await b.latchkey.flush()
      expect((await b.post('/v2/jwts', { json: { apiKey: text } })).status).to.equal(401)
      const events = (await eventsOf(acme, 'acme', key.id)).slice(1)
      expect(events.map(({ type }) => type)).to.deep.equal(['key.leaked', 'key.revoked'])
      expect(events[0]?.data).to.deep.include({ url: 'https://paste.example/lk_…/raw', source: 'see lk_…' })
    })

    it('stand in no URL that is kept, however they are written there', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const encoded = (text: string) => text.replaceAll(/[_5-9A-F]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
      for (const write of [encoded, (text: string) => encodeURIComponent(encoded(text)), (t: string) => `x%00${t}`]) {
        const { id, secret } = await newKey(b)
        const shown = write(secret)
        const url = `https://x.example/${shown}/raw?a=1&k=${shown}#${shown}`
        await b.post('/manage/leaks', { json: [find(secret, { url, source: `"${shown}"` })] })
        await b.latchkey.flush()
        const [event] = (await eventsOf(acme, 'acme', id)).filter(({ type }) => type === 'key.leaked')
        expect(event?.data.url).to.equal('https://x.example/lk_…/raw?a=1&k=lk_…#lk_…')
        expect(event?.data.source).to.match(/^.?lk_….?$/)
      }
    })

    it('that are publishable are told of, once a day, and stay', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const { id, secret } = await newKey(b, { kind: 'publishable', allowedOrigins: ['https://shop.example'] })
      for (let n = 0; n < 2; n++) {
        await b.post('/manage/leaks', { json: [find(secret), find(secret, { url: 'javascript:alert(1)' })] })
        await b.latchkey.flush()
      }
      const leaks = (await eventsOf(acme, 'acme', id)).filter(({ type }) => type === 'key.leaked')
      expect(leaks).to.have.length(1)
      expect((await acme.get(`/manage/accounts/acme/keys/${id}`)).json().status).to.equal('active')
    })

    it('reported with a trusted signature are answered with feedback', async () => {
      const b = bed()
      const { secret } = await newKey(b)
      const body = JSON.stringify([find(secret), find('no key at all')])
      const headers = {
        'content-type': 'application/json',
        'github-public-key-identifier': 'scanner-1',
        'github-public-key-signature': sign('sha256', Buffer.from(body), privateKey).toString('base64'),
      }
      for (const forged of [
        { ...headers, 'github-public-key-identifier': 'scanner-2' },
        { ...headers, 'github-public-key-identifier': '__proto__' },
        { ...headers, 'github-public-key-signature': 'AAAA' },
        { ...headers, 'github-public-key-signature': sign('sha256', Buffer.from('[]'), privateKey).toString('base64') },
      ]) {
        const answer = await b.post('/manage/leaks', { body: '[{"token":"x"}]', headers: forged })
        expect([answer.status, answer.text]).to.deep.equal([202, '{}'])
      }
      const answer = await b.post('/manage/leaks', { body, headers })
      expect(answer.status, answer.text).to.equal(200)
      const hash = (text: string) => createHash('sha256').update(text).digest('base64')
      expect(JSON.parse(answer.text)).to.deep.equal([
        { token_hash: hash(secret), token_type: 'latchkey_api_key', label: 'true_positive' },
        { token_hash: hash('no key at all'), token_type: 'latchkey_api_key', label: 'false_positive' },
      ])
      expect((await b.post('/v2/jwts', { json: { apiKey: secret } })).status).to.equal(401)
    })

    it('are reported a hundred at a time, and so often by one address', async () => {
      const b = bed()
      b.pass(61_000)
      for (const json of [{}, [], [{}], Array(101).fill(find('x'))])
        expect((await b.post('/manage/leaks', { json })).status).to.equal(400)
      const statuses: number[] = []
      for (let n = 0; n < 61; n++) statuses.push((await b.post('/manage/leaks', { json: [find('x')] })).status)
      expect(statuses.slice(0, 60).every((status) => status === 202)).to.equal(true)
      expect(statuses[60]).to.equal(429)
      b.pass(61_000)
    })
  },
  { env: { LATCHKEY_CATALOG: trustingCatalog() } },
)
