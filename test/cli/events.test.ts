import { expect } from 'chai'
import { masked, run } from './run.ts'
import { withServer } from './server.ts'

describe('latchkey events', function () {
  this.timeout(60_000)
  const server = withServer()
  const as = (name: string, ...args: string[]) => run(['events', ...args], server().env(name))

  it('list: as a table, filtered, from the end, and as JSON', async () => {
    const newest = await as('acme-manage', 'list', '--order', 'desc', '--limit', '2')
    expect(newest.stdout.split('\n')[0]).to.match(/^SEQ +TIME +TYPE +SUBJECT +ID +BY$/)
    expect(newest.stdout.trimEnd().split('\n')).to.have.length(3)
    expect(newest.stderr).to.match(/^There are more: --after \d+, or a higher --limit\.\n$/)
    const key = server().keyId('acme-northwind')
    const one = await as('acme-manage', 'list', '--type', 'key.created', '--subject', key)
    expect(masked(one.stdout.split('\n')[1] as string)).to.match(/^\d+ +TIME +key\.created +.+ key_ID +\S/)
    const { items, nextCursor } = (await as('acme-manage', 'list', '--after', '2', '--json')).json() as {
      items: { seq: number }[]
      nextCursor: null
    }
    expect([items[0]?.seq, nextCursor]).to.deep.equal([3, null])
    const none = await as('acme-manage', 'list', '--type', 'no.such')
    expect(none.stdout).to.equal('Account acme has no such events.\n')
  })

  it('verify: says so, and by its exit code', async () => {
    const whole = await as('acme-manage', 'verify')
    expect([whole.code, whole.stdout].join()).to.match(
      /^0,All \d+ events hold: the event log of account acme is whole\.\n$/,
    )
    expect((await as('acme-manage', 'verify', '--json')).json()).to.include({ ok: true, firstBad: null })
    const { store } = server().latchkey
    const { items } = await store.page('acme', 'events', { limit: 2 })
    const anchor = { id: 'acme', account: 'acme', seq: 2, mac: items[1]?.mac as string, seal: '', sealKey: 'm1' }
    await store.commit('acme', {
      insert: [{ collection: 'anchors', document: anchor }],
      remove: items.map((document) => ({ collection: 'events', document }) as const),
    })
    const broken = await as('acme-manage', 'verify')
    expect([broken.code, broken.stdout]).to.deep.equal([6, ''])
    expect(broken.stderr).to.equal(
      'latchkey: log_broken: In the event log of account acme, event 1 was changed or removed; the 0 before it hold.\n',
    )
    const missing = { ...anchor, id: 'globex', account: 'globex', sealKey: 'm9' }
    await store.commit('globex', { insert: [{ collection: 'anchors', document: missing }] })
    const first = (await store.page('globex', 'events', { limit: 1 })).items
    await store.commit('globex', {
      replace: [{ collection: 'anchors', document: { ...missing, rev: 1 } }],
      remove: first.map((document) => ({ collection: 'events', document }) as const),
    })
    expect((await as('operator-manage', 'verify', '--account', 'globex')).stderr).to.equal(
      'latchkey: log_broken: In the event log of account globex, what is from event 1 on was sealed under master key m9, ' +
        'which this server was not given; the 0 before it hold. Give it those too, behind its own in ' +
        'LATCHKEY_MASTER_KEYS, and verify again.\n',
    )
    const told = await as('acme-manage', 'verify', '--json')
    expect([told.code, told.json()]).to.deep.equal([6, { ok: false, checked: 0, firstBad: 1 }])
  })
})
