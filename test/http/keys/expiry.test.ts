import { expect } from 'chai'
import { tellExpiries } from '../../../src/keys/expiry.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { type Caller, callerOf, eventsOf } from '../manage/caller.ts'
import { makeKey } from './making.ts'

const DAY = 86_400_000
const inDays = (b: Bed, days: number) => new Date(b.now() + days * DAY).toISOString()

/** What was told of the key's end: days left, 0 for expired. */
async function told(caller: Caller, key: string): Promise<unknown[]> {
  const events = await eventsOf(caller, 'acme', key)
  return events
    .filter(({ type }) => type === 'key.expiring' || type === 'key.expired')
    .map(({ type, data }) => (type === 'key.expired' ? 0 : data.daysLeft))
}

onBothStores('The end of a key', (bed) => {
  /** What two instances would do at once. */
  const sweep = async () => {
    const { keys } = bed().latchkey
    await Promise.all([tellExpiries(keys), tellExpiries(keys)])
  }
  /** Tokens of before expire on the way. */
  const caller = () => callerOf(bed(), 'acme-manage')

  it('is told seven days before, one day before, and when it comes, each once', async () => {
    const b = bed()
    const key = await makeKey(b, await caller(), { expiresAt: inDays(b, 10) })
    const seen = []
    for (let day = 0; day <= 11; day++) {
      await sweep()
      await sweep()
      seen.push((await told(await caller(), key.id)).length)
      b.pass(DAY)
    }
    expect(seen).to.deep.equal([0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 3, 3])
    const acme = await caller()
    expect(await told(acme, key.id)).to.deep.equal([7, 1, 0])
    const last = (await eventsOf(acme, 'acme', key.id)).at(-1)
    expect(last?.actor).to.deep.include({ type: 'system' })
    expect(last?.data.object).to.deep.equal((await acme.get(key.path)).json())
  })

  it('of what was missed, only the last is told', async () => {
    const b = bed()
    const key = await makeKey(b, await caller(), { expiresAt: inDays(b, 10) })
    b.pass(9.5 * DAY)
    await sweep()
    expect(await told(await caller(), key.id)).to.deep.equal([1])
    const late = await makeKey(b, await caller(), { expiresAt: inDays(b, 3) })
    await sweep()
    expect(await told(await caller(), late.id)).to.deep.equal([])
    b.pass(30 * DAY)
    await sweep()
    expect(await told(await caller(), late.id)).to.deep.equal([0])
  })

  it('moves with a change, and is not told of keys that have gone or were revoked', async () => {
    const b = bed()
    const acme = await caller()
    const make = () => makeKey(b, acme, { expiresAt: inDays(b, 10) })
    const [later, never, gone, revoked] = [await make(), await make(), await make(), await make()]
    const given = await makeKey(b, acme)
    await acme.patch(later.path, { expiresAt: inDays(b, 20) }, 1)
    await acme.patch(never.path, { expiresAt: null }, 1)
    await acme.patch(given.path, { expiresAt: inDays(b, 2) }, 1)
    await acme.delete(gone.path)
    await acme.post(`${revoked.path}/revoke`, { reason: 'other' })
    b.pass(12 * DAY)
    await sweep()
    const after = await caller()
    const all = await Promise.all([later, never, gone, revoked, given].map(({ id }) => told(after, id)))
    expect(all).to.deep.equal([[], [], [], [], [0]])
    b.pass(2 * DAY)
    await sweep()
    expect(await told(await caller(), later.id)).to.deep.equal([7])
  })
})
