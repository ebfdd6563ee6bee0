import { expect } from 'chai'
import { run } from './run.ts'
import { withServer } from './server.ts'

describe('cli: revocations and signing keys', function () {
  this.timeout(60_000)
  const server = withServer()
  const acme = (...args: string[]) => run(args, server().env('acme-manage'))
  const operator = (...args: string[]) => run(args, server().env('operator-manage'))

  it('revocations ends tokens of the keys that are named, and says of how many', async () => {
    const key = server().secret('acme-v2-readonly')
    const token = (await run(['token', key], server().env())).stdout.trim()
    const unsaid = await acme('revocations')
    expect([unsaid.code, unsaid.stderr.includes('--all')]).to.deep.equal([2, true])
    const both = await acme('revocations', '--all', '--namespace', 'v2')
    expect([both.code === 0, both.stderr.includes('all: true and nothing else')]).to.deep.equal([false, true])
    const one = await acme('revocations', '--key', server().keyId('acme-v2-readonly'), '--scope', 'links:read')
    expect(one.stdout).to.equal('Ended the live tokens of 1 key. The next exchange of each is good.\n')
    expect((await run(['verify', token], server().env())).code).to.not.equal(0)
    expect((await acme('revocations', '--namespace', 'v3', '--json')).json()).to.deep.equal({ keys: 1 })
    expect((await acme('revocations', '--all', '--json')).json().keys).to.be.greaterThan(4)
  })

  it('signing-keys lists keys, rotates them, and asks before an emergency', async () => {
    const listed = await operator('signing-keys', 'list')
    expect(listed.stdout).to.match(/^v3 +[\w-]{43} +ES256 +current +20/m)
    const v2 = async () =>
      (await operator('signing-keys', 'list', '--namespace', 'v2', '--json')).json().items as {
        kid: string
        state: string
      }[]
    const before = await v2()
    expect(before.map(({ state }) => state)).to.deep.equal(['current', 'next'])
    const early = await operator('signing-keys', 'rotate', 'v2')
    expect([early.code === 0, early.stderr.includes('Wait as long as')]).to.deep.equal([false, true])
    const unsure = await operator('signing-keys', 'rotate', 'v2', '--emergency')
    expect([unsure.code, unsure.stderr.includes('--yes')]).to.deep.equal([2, true])
    const done = await operator('signing-keys', 'rotate', 'v2', '--emergency', '--yes', '--json')
    const current = (done.json().items as { kid: string; state: string }[]).find(({ state }) => state === 'current')
    expect(before.map(({ kid }) => kid)).to.not.include(current?.kid)
    expect((await acme('signing-keys', 'list')).stderr).to.include('operator:signing-keys')
  })
})
