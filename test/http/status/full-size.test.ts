import { randomBytes } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect } from 'chai'
import { OPERATOR } from '../../../src/accounts/rules.ts'
import { createAllocator } from '../../../src/status/allocate.ts'
import { FIRST_BLOCK_SIZE, INVALID, LIST_SIZE, listId, type StatusEntry } from '../../../src/status/rules.ts'
import { decodeStatusArray, statusAt } from '../../../src/verifier/status-list.ts'
import { type Bed, claimsOf, onBothStores } from '../bed.ts'
import { callerOf } from '../manage/caller.ts'

const REVOKED = 10_000
const A_COMMIT = 1_000

/** The next version of a list of v2, with these entries invalid. */
async function revoke(b: Bed, number: number, indexes: readonly number[]): Promise<void> {
  const { store } = b.latchkey
  const kept = await store.get('', 'statusLists', listId('v2', number))
  if (kept === null) throw new Error(`there is no list ${number}`)
  const version = kept.version + 1
  const insert = indexes.map((index) => {
    const entry: StatusEntry = { id: `${kept.id}/${index}`, account: '', list: kept.id, index, value: INVALID, version }
    return { collection: 'statusEntries', document: entry } as const
  })
  const done = await store.commit(OPERATOR, {
    insert,
    replace: [{ collection: 'statusLists', document: { ...kept, version } }],
  })
  expect(done.ok).to.equal(true)
}

/** Spread over the whole list, the same in every run. */
function scattered(count: number): number[] {
  const indexes = new Set<number>()
  for (let n = 1; indexes.size < count; n++) indexes.add((n * 2_654_435_761) % LIST_SIZE)
  return [...indexes]
}

const refOf = (token: string) => (claimsOf(token).status as { status_list: { idx: number; uri: string } }).status_list

onBothStores('A status list of a million entries, ten thousand of them revoked', (bed) => {
  const indexes = scattered(REVOKED)
  before(async function () {
    this.timeout(120_000)
    const b = bed()
    for (let from = 0; from < REVOKED; from += A_COMMIT) await revoke(b, 0, indexes.slice(from, from + A_COMMIT))
    await b.latchkey.publisher.refresh()
  })

  it('is below 250 KB on the wire, and says each of them', async () => {
    const { text } = await bed().get('/v2/status/0')
    expect(text.length).to.be.lessThan(250_000)
    const list = decodeStatusArray(claimsOf(text).status_list)
    expect((list.bytes.length * 8) / list.bits).to.equal(LIST_SIZE)
    const revoked = new Set(indexes)
    let wrong = 0
    for (let index = 0; index < LIST_SIZE; index++)
      if ((statusAt(list, index) === INVALID) !== revoked.has(index)) wrong++
    expect(wrong).to.equal(0)
  })

  /** Ten more, one at a time, each with what `measure` says of the list being read, built and signed again. */
  async function turns(more: readonly number[], measure: (refresh: () => Promise<void>) => Promise<number>) {
    const measured: number[] = []
    for (const index of more) {
      await revoke(bed(), 0, [index])
      measured.push(await measure(bed().latchkey.publisher.refresh))
    }
    // The best of them: whatever else the machine does is not this work.
    return Math.min(...measured)
  }
  const more = scattered(REVOKED + 20).slice(REVOKED)

  it('is read, built and signed again in less than 50 ms of work', async () => {
    const best = await turns(more.slice(0, 10), async (refresh) => {
      const before = process.cpuUsage()
      await refresh()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    })
    expect(best).to.be.lessThan(50)
  }).timeout(60_000)

  it('holds up no exchange meanwhile', async () => {
    const best = await turns(more.slice(10), async (refresh) => {
      const delay = monitorEventLoopDelay({ resolution: 1 })
      delay.enable()
      await Promise.all([refresh(), bed().token('acme-v2-server'), bed().token('acme-v2-server')])
      delay.disable()
      return delay.max / 1e6
    })
    expect(best).to.be.within(0.1, 15)
  }).timeout(60_000)
})

onBothStores('Status lists, when one is full', (bed) => {
  it('a new one begins, and each token names its own', async () => {
    const b = bed()
    const { store, publisher, keys } = b.latchkey
    const early = await b.token('acme-v2-server')
    const allocator = await store.get('', 'statusAllocators', 'v2')
    if (allocator === null) throw new Error('v2 has no allocator')
    const last = { ...allocator, next: LIST_SIZE - FIRST_BLOCK_SIZE }
    await store.commit(OPERATOR, { replace: [{ collection: 'statusAllocators', document: last }] })
    // What is left of the block at hand, the last block of the first list, and one of the second.
    const taken = []
    while (taken.at(-1)?.list !== 'v2/1') taken.push(await keys.allocator.take('v2'))
    expect(taken.length).to.be.within(FIRST_BLOCK_SIZE + 1, 2 * FIRST_BLOCK_SIZE + 1)
    const acme = await callerOf(b, 'acme-manage')
    const grants = [{ subAccount: null, scopes: ['links:read'] }]
    const made = await acme.post('/manage/accounts/acme/keys', { name: 'late', namespace: 'v2', grants })
    const { key, secret } = made.json() as { key: { id: string }; secret: string }
    const late = (await b.post('/v2/jwts', { json: { apiKey: secret } })).text
    expect([early, late].map((token) => refOf(token).uri)).to.deep.equal([
      `${b.url}/v2/status/0`,
      `${b.url}/v2/status/1`,
    ])
    expect((await b.get('/v2/status')).json()).to.deep.equal({
      status_lists: [`${b.url}/v2/status/0`, `${b.url}/v2/status/1`],
    })
    const ask = async (token: string) =>
      (await fetch(new URL('/v2/links', b.resourceUrl), { headers: { authorization: `Bearer ${token}` } })).status
    expect([await ask(early), await ask(late)]).to.deep.equal([200, 200])
    await acme.post(`/manage/accounts/acme/keys/${key.id}/revoke`, { reason: 'exposed' })
    const listed = async (token: string) => {
      const { idx, uri } = refOf(token)
      await publisher.refresh()
      return statusAt(decodeStatusArray(claimsOf((await b.get(uri)).text).status_list), idx)
    }
    expect([await listed(early), await listed(late)]).to.deep.equal([0, 1])
  })

  it('indexes taken by many at once, over a change of lists, are never the same', async () => {
    const b = bed()
    const { store } = b.latchkey
    const allocator = await store.get('', 'statusAllocators', 'v3')
    if (allocator === null) throw new Error('v3 has no allocator')
    const last = { ...allocator, next: LIST_SIZE - 2 * FIRST_BLOCK_SIZE }
    await store.commit(OPERATOR, { replace: [{ collection: 'statusAllocators', document: last }] })
    const instances = Array.from({ length: 4 }, () => createAllocator(store, randomBytes))
    const refs = await Promise.all(
      instances.flatMap((one) => Array.from({ length: FIRST_BLOCK_SIZE + 1 }, () => one.take('v3'))),
    )
    expect(new Set(refs.map(({ list, index }) => `${list}/${index}`))).to.have.property('size', refs.length)
    expect(new Set(refs.map(({ list }) => list))).to.deep.equal(new Set(['v3/0', 'v3/1']))
  }).timeout(30_000)
})
