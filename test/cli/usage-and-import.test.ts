import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { importingCatalog } from '../http/import/catalog.ts'
import { run } from './run.ts'
import { withServer } from './server.ts'

describe('cli: usage and import', function () {
  this.timeout(60_000)
  const server = withServer({ LATCHKEY_CATALOG: importingCatalog() })
  const acme = (...args: string[]) => run(args, server().env('acme-manage'))

  it('usage: a month as a table and as JSON', async () => {
    const shown = await acme('usage', '--by', 'namespace,day')
    expect(shown.stdout, shown.stderr).to.match(/^DAY +NAMESPACE +EXCHANGES +REFUSED +RATELIMITED +VERIFIED +DENIED\n/)
    expect(shown.stdout).to.match(/\ntotal +\d/)
    expect((await acme('usage', '--json')).json()).to.deep.include({ groupBy: ['day'] })
    expect((await acme('usage', '--month', '1999-01')).code).to.not.equal(0)
  })

  it('keys import: says what is wrong with a file, and what the server refuses', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'latchkey-cli-')), 'keys.json')
    writeFileSync(file, '{}')
    expect((await acme('keys', 'import', file, '--namespace', 'v2')).stderr).to.include('must be a JSON array')
    const grants = [{ subAccount: null, scopes: ['links:read'] }]
    writeFileSync(file, JSON.stringify([{ plain: 'old-system-key-0001', name: 'Old', grants }]))
    const elsewhere = await acme('keys', 'import', file, '--namespace', 'v3', '--json')
    expect(elsewhere.stderr).to.include('"not_importable"').and.not.to.include('old-system-key')
    expect((await acme('keys', 'import', file, '--namespace', 'v2', '--json')).json()).to.deep.equal({
      imported: 1,
      refused: [],
    })
    const again = await acme('keys', 'import', file, '--namespace', 'v2')
    expect(again.stdout).to.match(/^Imported 0 of 1 keys\.\nITEM +CODE +DETAIL\n0 +already_imported /)
    expect([again.code, again.stderr]).to.deep.equal([5, 'latchkey: not_imported: 1 key of 1 was not imported.\n'])
    const { status } = await fetch(`${server().latchkey.url}/v2/jwts`, {
      method: 'POST',
      headers: { 'x-api-key': 'old-system-key-0001' },
    })
    expect(status).to.equal(200)
  })

  it('keys import: a bad item stops no other, and is told by its place in the file', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'latchkey-cli-')), 'keys.json')
    const grants = [{ subAccount: null, scopes: ['links:read'] }]
    const items: unknown[] = Array.from({ length: 620 }, (_, n) => ({
      plain: `old-system-many-${n}`,
      name: 'Old',
      grants,
    }))
    items[3] = { plain: 'lk_v2_sk_1234567890', name: 'Old', grants }
    items[4] = 'nothing'
    items[610] = { plain: 'short', name: 'Old', grants }
    writeFileSync(file, JSON.stringify(items))
    const { code, json, stderr } = await acme('keys', 'import', file, '--namespace', 'v2', '--json')
    const { imported, refused } = json() as { imported: number; refused: { index: number; code: string }[] }
    expect([code, imported], stderr).to.deep.equal([5, 617])
    expect(refused.map(({ index, code }) => [index, code])).to.deep.equal(
      [3, 4, 610].map((index) => [index, 'invalid_request']),
    )
  })
})
