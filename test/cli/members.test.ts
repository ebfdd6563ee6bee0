import { expect } from 'chai'
import { masked, run } from './run.ts'
import { withServer } from './server.ts'

describe('latchkey members', function () {
  this.timeout(60_000)
  const server = withServer()
  const list = async (...args: string[]) => {
    const { json } = await run(['members', 'list', '--json', ...args], server().env('acme-manage'))
    return (json() as { items: { id: string; name: string; role: string; status: string }[] }).items
  }

  it('lists them as a table, and filtered as JSON', async () => {
    const { code, stdout } = await run(['members', 'list'], server().env('acme-manage'))
    expect(code).to.equal(0)
    const [head, ...rows] = masked(stdout).trimEnd().split('\n')
    expect(head?.split(/ {2,}/)).to.deep.equal(['NAME', 'E-MAIL', 'ID', 'ROLE', 'STATUS', 'LAST SIGN-IN'])
    expect(rows.map((row) => row.split(/ {2,}/)[0])).to.have.members([
      'Ada Owner',
      'Max Manager',
      'Vera Viewer',
      'Nora Northwind',
    ])
    expect((await list('--role', 'viewer')).map(({ name }) => name)).to.deep.equal(['Vera Viewer'])
    const none = await run(['members', 'list', '--status', 'disabled'], server().env('acme-manage'))
    expect(none.stdout).to.equal('Account acme has no such members.\n')
  })

  it('changes one, and removes one', async () => {
    const { env } = server()
    const [viewer] = await list('--role', 'viewer')
    const id = viewer?.id as string
    const edited = await run(['members', 'edit', id, '--role', 'manager', '--name', 'Vera V.'], env('acme-manage'))
    expect(masked(edited.stdout), edited.stderr).to.equal('Changed usr_ID "Vera V.": manager, active.\n')
    const kept = await run(['members', 'edit', id, '--custom-data', '{"desk":7}', '--json'], env('acme-manage'))
    expect(kept.json().customData, kept.stderr).to.deep.equal({ desk: 7 })
    const unsure = await run(['members', 'remove', id], env('acme-manage'))
    expect([unsure.code, unsure.stdout]).to.deep.equal([2, ''])
    const removed = await run(['members', 'remove', id, '--yes'], env('acme-manage'))
    expect(masked(removed.stdout), removed.stderr).to.equal('Removed usr_ID from account acme.\n')
    expect((await list()).map((member) => member.id)).not.to.include(id)
  })

  it('says what the server refuses, and asks for something to change', async () => {
    const { env } = server()
    const [owner] = await list('--role', 'owner')
    const last = await run(['members', 'remove', owner?.id as string, '--yes'], env('acme-manage'))
    expect(last.stderr).to.include('This is the last active owner of the account.')
    const nothing = await run(['members', 'edit', owner?.id as string], env('acme-manage'))
    expect([nothing.code, nothing.stderr]).to.deep.equal([
      2,
      'latchkey: Say what to change: --name, --role, --holder, --status or --custom-data.\n',
    ])
  })
})
