import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { zipOf } from '../../../src/web/zip.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { callerOf } from '../manage/caller.ts'

const run = promisify(execFile)
const PATH = '/manage/accounts/acme/documentation'
const READ =
  'import json,sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; ' +
  'print(json.dumps({i.filename: [z.read(i).decode(), list(i.date_time)] for i in z.infolist()}))'
const HAS_PYTHON = spawnSync('python3', ['--version']).status === 0

/** The archive as another program reads it. */
async function unzip(bytes: Uint8Array): Promise<Record<string, [text: string, time: number[]]>> {
  const file = join(mkdtempSync(join(tmpdir(), 'latchkey-zip-')), 'pack.zip')
  writeFileSync(file, bytes)
  const { stdout } = await run('python3', ['-c', READ, file], { maxBuffer: 16 * 1024 * 1024 })
  return JSON.parse(stdout)
}

async function download(b: Bed, query = ''): Promise<Record<string, string>> {
  const authorization = `Bearer ${await b.token('acme-manage')}`
  const answer = await fetch(new URL(PATH + query, b.url), { headers: { authorization } })
  expect(answer.status).to.equal(200)
  expect(answer.headers.get('content-type')).to.equal('application/zip')
  const files = await unzip(new Uint8Array(await answer.arrayBuffer()))
  return Object.fromEntries(Object.entries(files).map(([name, [text]]) => [name, text]))
}

describe(`A ZIP archive${HAS_PYTHON ? '' : ' (python3 is absent)'}`, () => {
  before(function () {
    if (!HAS_PYTHON) this.skip()
  })

  it('is read by others: names, texts and times', async () => {
    const files = [
      { name: 'a.txt', text: 'a'.repeat(100_000) },
      { name: 'größe/ü.csv', text: 'Ü,€\r\n' },
      { name: 'empty', text: '' },
    ]
    const time = [2026, 11, 21, 9, 30, 58]
    const read = await unzip(zipOf(files, Date.parse('2026-11-21T09:30:59Z')))
    expect(read).to.deep.equal(Object.fromEntries(files.map(({ name, text }) => [name, [text, time]])))
  })
})

onBothStores('The documentation of an account', (bed) => {
  before(function () {
    if (!HAS_PYTHON) this.skip()
  })

  it('holds the API, its endpoints, the keys without secrets, and a first call that works', async () => {
    const b = bed()
    const files = await download(b)
    expect(Object.keys(files)).to.deep.equal(['README.md', 'openapi.json', 'endpoints.csv', 'keys.csv'])
    const document = JSON.parse(files['openapi.json'] as string)
    expect(document).to.deep.equal((await b.get('/v2/openapi.json')).json())
    const endpoints = (files['endpoints.csv'] as string).trimEnd().split('\r\n')
    expect(endpoints[0]).to.equal('group,endpoint,summary,auth,scope,plans')
    expect(endpoints.find((line) => line.includes(',GET /v2/orders,'))).to.match(
      /^orders,.*,access token,orders:read,agency$/,
    )
    expect(endpoints.find((line) => line.includes(',POST /v2/jwts,'))).to.match(/,API key,,$/)
    const keys = files['keys.csv'] as string
    expect(keys).to.match(new RegExp(`^${b.keyId('acme-v2-orders')},.*acme-eu=orders:read.*orders:write`, 'm'))
    expect(keys).to.match(new RegExp(`^${b.keyId('acme-northwind')},.*,partner,`, 'm'))
    expect(keys).not.to.contain(b.keyId('acme-v3-server'))
    for (const text of Object.values(files)) expect(text).not.to.match(/lk_[a-z0-9]+_[sp]k_[0-9A-Za-z]{20}/)
    const readme = files['README.md'] as string
    expect(readme).to.contain('<https://acme.api.example.com/v2>').and.contain(`<${b.url}/guide?ns=v2>`)
    const script = /```sh\n([\s\S]+?)```/.exec(readme)?.[1] as string
    const env = { ...process.env, LATCHKEY_API_KEY: b.secret('acme-v2-server') }
    const { stdout } = await run('bash', ['-c', script], { env, timeout: 10_000 })
    expect(JSON.parse(stdout), stdout).to.have.property('items')
  })

  it('tells what a token would have now, and calls what the keys may call', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const grants = [{ subAccount: null, scopes: ['orders:write'] }]
    const holderId = b.demo.holders.fleetparts as string
    const suspended = { name: 'Asleep', namespace: 'v2', grants, holderId }
    const made = (await acme.post('/manage/accounts/acme/keys', suspended)).json() as { key: { id: string } }
    const path = `/manage/accounts/acme/keys/${made.key.id}`
    const packed = async () => {
      const files = await download(b, '?holderType=vendor')
      return { row: files['keys.csv']?.split('\r\n')[1], readme: files['README.md'] }
    }
    const before = await packed()
    expect(before.row).to.include(',orders:read orders:write,')
    expect(before.readme).to.match(/curl -sS \S+\/v2\/orders /)
    await acme.post(`${path}/suspend`, {})
    const after = await packed()
    expect(after.row).to.include(`${made.key.id},Asleep,,secret,suspended,vendor,`).and.not.include('orders:')
    expect(after.readme).not.to.include('/v2/orders')
    await acme.delete(path)
    const manage = (await download(b, '?namespace=manage'))['README.md'] as string
    const script = /```sh\n([\s\S]+?)```/.exec(manage)?.[1] as string
    const env = { ...process.env, LATCHKEY_API_KEY: b.secret('acme-manage') }
    const { stdout } = await run('bash', ['-c', script], { env, timeout: 10_000 })
    expect(JSON.parse(stdout), stdout).to.include({ id: b.keyId('acme-manage'), account: 'acme' })
  })

  it('is of one namespace, and of one type of holder where asked for', async () => {
    const b = bed()
    const v3 = await download(b, '?namespace=v3')
    expect(v3['README.md']).to.contain('Experimental')
    expect(v3['keys.csv']).to.contain(b.keyId('acme-v3-server'))
    const partners = await download(b, '?holderType=partner')
    expect((partners['keys.csv'] as string).trimEnd().split('\r\n')).to.have.length(2)
    expect(partners['keys.csv']).to.contain(b.keyId('acme-northwind'))
  })

  it('is refused where the account does not have the API', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const operator = await callerOf(b, 'operator-manage')
    const reader = await callerOf(b, 'acme-manage', { scope: 'usage:read' })
    for (const [caller, path, status, code] of [
      [acme, `${PATH}?namespace=v9`, 422, 'unknown_namespace'],
      [acme, `${PATH}?holderType=nobody`, 400, 'invalid_request'],
      [operator, '/manage/accounts/globex/documentation?namespace=v3', 403, 'namespace_not_enabled'],
      [acme, '/manage/accounts/globex/documentation', 404, 'not_found'],
      [reader, PATH, 403, 'forbidden'],
    ] as const) {
      const answer = await caller.get(path)
      expect([answer.status, answer.json().code], path).to.deep.equal([status, code])
    }
  })
})
