import { expect } from 'chai'
import { masked, run, SECRET } from './run.ts'
import { withServer } from './server.ts'

describe('cli: keys rotate, keys share', function () {
  this.timeout(20_000)
  const server = withServer()
  const works = async (apiKey: string) => {
    const body = JSON.stringify({ apiKey })
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${server().latchkey.url}/v2/jwts`, { method: 'POST', headers, body })).status
  }

  it('rotate prints the new secret on the last line, and --end ends the old one', async () => {
    const { env, keyId, secret } = server()
    const id = keyId('acme-v2-readonly')
    const { code, stdout, stderr } = await run(['keys', 'rotate', id, '--overlap', '600'], env('acme-manage'))
    expect(code, stderr).to.equal(0)
    expect(masked(stderr)).to.include('The old secret of "acme-v2-readonly" is good until TIME.')
    const fresh = stdout.trimEnd().split('\n').at(-1) as string
    expect(fresh).to.match(SECRET)
    expect([await works(fresh), await works(secret('acme-v2-readonly'))]).to.deep.equal([200, 200])
    const moved = await run(['keys', 'rotate', id, '--extend', '7200'], env('acme-manage'))
    expect(masked(moved.stdout), moved.stderr).to.equal('The old secret of "acme-v2-readonly" is good until TIME.\n')
    const asJson = (await run(['keys', 'rotate', id, '--extend', '7200', '--json'], env('acme-manage'))).json()
    const { endsAt } = asJson.rotation as { endsAt: string }
    expect(Date.parse(endsAt) - server().latchkey.keys.now()).to.be.within(7_100_000, 7_200_000)
    const ended = await run(['keys', 'rotate', id, '--end'], env('acme-manage'))
    expect(masked(ended.stdout)).to.equal('Ended the old secret of key_ID, and its tokens.\n')
    expect([await works(fresh), await works(secret('acme-v2-readonly'))]).to.deep.equal([200, 401])
    const again = await run(['keys', 'rotate', id, '--end', '--json'], env('acme-manage'))
    expect([again.code, JSON.parse(again.stderr).code]).to.deep.equal([5, 'no_rotation'])
  })

  it('share prints a link that opens once, and --cancel cancels one', async () => {
    const { env, keyId } = server()
    const id = keyId('acme-v2-orders')
    const { stdout } = await run(['keys', 'share', id, '--expires-in', '600'], env('acme-manage'))
    const open = () => fetch(stdout.trim(), { method: 'POST', headers: { accept: 'application/json' } })
    const { secret } = (await (await open()).json()) as { secret: string }
    expect(await works(secret)).to.equal(200)
    expect((await open()).status).to.equal(410)
    const other = await run(['keys', 'share', id, '--json'], env('acme-manage'))
    expect((await run(['keys', 'share', id, '--cancel'], env('acme-manage'))).code).to.equal(0)
    expect((await fetch(other.json().url as string)).status).to.equal(404)
  })

  it('refuses what goes not together, and what is no number', async () => {
    const ran = await Promise.all([
      run(['keys', 'rotate', 'key_000000000000', '--end', '--overlap', '5']),
      run(['keys', 'rotate', 'key_000000000000', '--end', '--extend', '5']),
      run(['keys', 'rotate', 'key_000000000000', '--overlap', 'soon']),
      run(['keys', 'share', 'key_000000000000', '--cancel', '--expires-in', '60']),
    ])
    expect(ran.map(({ code }) => code)).to.deep.equal([2, 2, 2, 2])
  })
})
