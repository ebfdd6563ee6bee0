import { expect } from 'chai'
import { run } from './run.ts'
import { withServer } from './server.ts'

describe('cli: accounts, sub-accounts and holders', function () {
  this.timeout(60_000)
  const server = withServer()
  const as = (name: string, ...args: string[]) => run(args, server().env(name))

  it('accounts: create, list, edit, suspend, resume; namespaces; terms', async () => {
    const operator = (...args: string[]) => as('operator-manage', ...args)
    const made = await operator(
      'accounts',
      'create',
      '--name',
      'Initech',
      '--plan',
      'starter',
      '--id',
      'initech',
      '--json',
    )
    expect(made.json()).to.include({ id: 'initech', plan: 'starter', version: 1 })
    const listed = await operator('accounts', 'list', '--query', 'initech')
    expect(listed.stdout).to.equal(
      'ID       NAME     PLAN     NAMESPACES  TERMS         STATUS\ninitech  Initech  starter  v2          not accepted  active\n',
    )
    const edited = await operator('accounts', 'edit', 'initech', '--plan', 'agency', '--json')
    expect(edited.json()).to.include({ plan: 'agency', version: 2 })
    const hosts = ['--host', 'v2=https://api.initech.example/v2', '--custom-data', '{"crm":"C-1"}']
    expect((await operator('accounts', 'edit', 'initech', ...hosts, '--json')).json()).to.deep.include({
      hosts: { v2: 'https://api.initech.example/v2' },
      customData: { crm: 'C-1' },
    })
    const template = await operator('accounts', 'edit', 'initech', '--host', 'v2=', '--json')
    expect(template.json().hosts).to.deep.equal({ v2: 'https://initech.api.example.com/v2' })
    const odd = await operator('accounts', 'edit', 'initech', '--custom-data', '[1]')
    expect([odd.code, odd.stderr.includes('Write a JSON object')]).to.deep.equal([2, true])
    const enabled = await operator('namespaces', 'enable', 'v3', '--account', 'initech', '--json')
    expect(enabled.json().namespaces).to.deep.equal(['v2', 'v3'])
    const disabled = await operator('namespaces', 'disable', 'v3', '--account', 'initech')
    expect(disabled.stdout).to.match(/^namespaces {2}v2$/m)
    expect((await operator('accounts', 'suspend', 'initech', '--json')).json().status).to.equal('suspended')
    expect((await operator('accounts', 'resume', 'initech', '--json')).json().status).to.equal('active')
    expect((await operator('terms', '--account', 'initech')).stdout).to.include('2026-11 not accepted')
    const refused = await as('acme-manage', 'accounts', 'suspend', 'acme', '--json')
    expect([refused.code !== 0, refused.stderr.includes('"forbidden"')]).to.deep.equal([true, true])
  })

  it('holders and sub-accounts: create, show, edit, suspend, resume, delete', async () => {
    const acme = (...args: string[]) => as('acme-manage', ...args)
    await acme('sub-accounts', 'create', '--name', 'Acme US', '--id', 'acme-us')
    expect(
      (
        await acme('sub-accounts', 'edit', 'acme-us', '--kind', 'nickname', '--custom-data', '{"a":1}', '--json')
      ).json(),
    ).to.deep.include({
      kind: 'nickname',
      customData: { a: 1 },
      version: 2,
    })
    const wish = [
      '--type',
      'partner',
      '--name',
      'Contoso',
      '--external-id',
      'P-7',
      '--grant',
      'acme-us=orders:read',
      '--custom-data',
      '{"tier":2}',
    ]
    const { id } = (await acme('holders', 'create', ...wish, '--json')).json() as { id: string }
    expect((await acme('holders', 'show', id, '--json')).json().customData).to.deep.equal({ tier: 2 })
    expect((await acme('holders', 'show', id)).stdout).to.match(/^ceiling +acme-us=orders:read$/m)
    expect((await acme('holders', 'list', '--query', 'p-7')).stdout).to.match(/^Contoso +hld_/m)
    expect((await acme('holders', 'edit', id, '--name', 'Contoso Ltd', '--json')).json()).to.include({ version: 2 })
    expect((await acme('holders', 'suspend', id, '--json')).json().status).to.equal('suspended')
    expect((await acme('holders', 'resume', id, '--json')).json().status).to.equal('active')
    const inUse = await acme('sub-accounts', 'delete', 'acme-us')
    expect([inUse.code !== 0, inUse.stderr.includes(id)]).to.deep.equal([true, true])
    expect((await acme('holders', 'delete', id)).stdout).to.equal(`Deleted ${id}.\n`)
    expect((await acme('sub-accounts', 'delete', 'acme-us')).stdout).to.equal('Deleted acme-us.\n')
  })
})
