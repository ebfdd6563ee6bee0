import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { run } from './run.ts'
import { withServer } from './server.ts'

describe('cli: the life of a key', function () {
  this.timeout(60_000)
  const server = withServer()
  const acme = (...args: string[]) => run(args, server().env('acme-manage'))
  const made = async () => {
    const wish = ['--name', 'Sync', '--namespace', 'v2', '--grant', 'links:read links:write', '--json']
    return ((await acme('keys', 'create', ...wish)).json() as { key: { id: string } }).key.id
  }

  it('edit, rights, suspend, resume, delete', async () => {
    const id = await made()
    const edited = await acme(
      'keys',
      'edit',
      id,
      '--name',
      'Sync 2',
      '--grant',
      'links:read',
      '--expires',
      '90d',
      '--json',
    )
    expect(edited.json()).to.deep.include({
      name: 'Sync 2',
      version: 2,
      grants: [{ subAccount: null, scopes: ['links:read'] }],
      dpopBoundAccessTokens: false,
    })
    const kept = await acme('keys', 'edit', id, '--expires', 'never', '--custom-data', '{"a":1}', '--json')
    expect(kept.json()).to.deep.include({ name: 'Sync 2', version: 3, expiresAt: null, customData: { a: 1 } })
    const rights = await acme('keys', 'rights', id)
    expect(rights.stdout).to.match(/^"Sync 2" may read links in the whole account\.$/m)
    expect(rights.stdout).to.match(/^\(whole account\) +links:write +no: key$/m)
    const tried = await acme('keys', 'rights', id, '--grant', 'acme-eu=links:read')
    expect(tried.stdout).to.match(/\n\nWould be lost:\nWHERE +SCOPE\n\(whole account\) +links:read\n$/)
    expect((await acme('keys', 'rights', id, '--grant', 'links:read')).stdout).to.include('Nothing would be lost.')
    expect((await acme('keys', 'suspend', id, '--json')).json().status).to.equal('suspended')
    expect((await acme('keys', 'resume', id)).stdout).to.match(/^status +active$/m)
    const unsure = await acme('keys', 'delete', id)
    expect([unsure.code, unsure.stderr.includes('--yes')]).to.deep.equal([2, true])
    expect((await acme('keys', 'delete', id, '--yes')).stdout).to.equal(`Deleted ${id}. All its tokens are ended.\n`)
    expect((await acme('keys', 'show', id)).code).not.to.equal(0)
  })

  it('matrix: what --json prints can be changed and written', async () => {
    const id = await made()
    const read = await acme('matrix', '--namespace', 'v2', '--json')
    const rows = read.json().rows as { keyId: string; version: number; grants: object[] }[]
    const row = rows.find(({ keyId }) => keyId === id)
    const folder = mkdtempSync(join(tmpdir(), 'matrix-'))
    try {
      const file = join(folder, 'rows.json')
      writeFileSync(
        file,
        JSON.stringify({ rows: [{ ...row, grants: [{ subAccount: null, scopes: ['links:read'] }] }] }),
      )
      const written = await acme('matrix', '--namespace', 'v2', '--write', file)
      expect(written.stdout).to.match(new RegExp(`^${id} +2 +links:read$`, 'm'))
      const whole = await acme('matrix', '--namespace', 'v2', '--json')
      writeFileSync(join(folder, 'all.json'), whole.stdout)
      const same = await acme('matrix', '--namespace', 'v2', '--write', join(folder, 'all.json'), '--json')
      expect([same.code, same.json()], same.stderr).to.deep.equal([0, whole.json()])
      const stale = await acme('matrix', '--namespace', 'v2', '--write', file)
      expect([stale.code !== 0, stale.stderr.includes(id)]).to.deep.equal([true, true])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
