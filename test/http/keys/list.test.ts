import { expect } from 'chai'
import { onBothStores } from '../bed.ts'
import { type Caller, callerOf } from '../manage/caller.ts'
import { signIn } from '../people/browser.ts'
import { KEYS, makeKey } from './making.ts'

const HOLDERS = '/manage/accounts/acme/holders'

async function walk(caller: Pick<Caller, 'get'>, query: string): Promise<string[]> {
  const ids: string[] = []
  let cursor: unknown = null
  do {
    const page = await caller.get(`${KEYS}?${query}${cursor === null ? '' : `&cursor=${cursor}`}`)
    expect(page.status, page.text).to.equal(200)
    ids.push(...(page.json().items as { id: string }[]).map(({ id }) => id))
    cursor = page.json().nextCursor
  } while (cursor !== null)
  return ids
}

onBothStores('Listing keys', (bed) => {
  it('by status: each key under the one it has now', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const expiresAt = new Date(b.now() + 60_000).toISOString()
    const [active, suspended, expired, both, revoked] = await Promise.all([
      makeKey(b, acme),
      makeKey(b, acme),
      makeKey(b, acme, { expiresAt }),
      makeKey(b, acme, { expiresAt }),
      makeKey(b, acme),
    ])
    await acme.post(`${suspended.path}/suspend`)
    await acme.post(`${both.path}/suspend`)
    await acme.post(`${revoked.path}/revoke`, { reason: 'other' })
    expect(await walk(acme, 'status=expired')).to.deep.equal([])
    b.pass(60_000)
    expect((await walk(acme, 'status=expired&limit=1')).sort()).to.deep.equal([expired.id, both.id].sort())
    expect(await walk(acme, 'status=suspended&limit=1')).to.deep.equal([suspended.id])
    expect(await walk(acme, 'status=revoked')).to.deep.equal([revoked.id])
    const on = await walk(acme, 'status=active&limit=2')
    expect(on).to.include(active.id)
    expect(on).not.to.include.members([suspended.id])
    expect(new Set(on).size).to.equal(on.length)
    expect((await acme.get(`${KEYS}?status=gone`)).status).to.equal(400)
  })

  it('by part of name, description, id, last four, holder and external id, whatever the case', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const { id: holderId } = (
      await acme.post(HOLDERS, { type: 'affiliate', name: 'Grün Media', externalId: 'AFF-77' })
    ).json()
    const key = await makeKey(b, acme, { name: 'Zürich Sync', description: 'Runs on host quokka', holderId })
    const last4 = key.secret.slice(-4)
    for (const q of ['ZÜRICH', 'quokka', key.id, key.id.slice(4, 12).toUpperCase(), last4, 'GRÜN', 'aff-77'])
      expect(await walk(acme, `q=${encodeURIComponent(q)}`), q).to.include(key.id)
    expect(await walk(acme, 'q=no-such-thing')).to.deep.equal([])
    expect(await walk(acme, 'q=quokka&namespace=v3')).to.deep.equal([])
    expect(await walk(acme, 'q=quokka&holderType=affiliate&status=active')).to.deep.equal([key.id])
  })

  it('a walk misses and repeats nothing that was there throughout', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const keys = []
    for (let n = 0; n < 9; n++) keys.push(await makeKey(b, acme, { name: `Walked ${n}` }))
    const seen: string[] = []
    let cursor: unknown = null
    for (let n = 0; n === 0 || cursor !== null; n++) {
      const page = await acme.get(`${KEYS}?q=walked&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`)
      seen.push(...(page.json().items as { id: string }[]).map(({ id }) => id))
      cursor = page.json().nextCursor
      await makeKey(b, acme, { name: 'Walked late' })
      if (n === 1) await acme.delete((keys.at(-1) as (typeof keys)[0]).path)
      if (n > 30) throw new Error('the walk has no end')
    }
    expect(new Set(seen).size).to.equal(seen.length)
    expect(seen).to.include.members(keys.slice(0, -1).map(({ id }) => id))
  })

  it('counts by namespace and status; a holder’s are their own', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const counts = (await acme.get(`${KEYS}/counts`)).json() as Record<string, number> & {
      namespaces: ({ namespace: string } & Record<string, number>)[]
    }
    const ids = await walk(acme, 'limit=200')
    expect(counts.total).to.equal(ids.length)
    for (const status of ['active', 'suspended', 'expired', 'revoked'])
      expect(counts[status], status).to.equal((await walk(acme, `status=${status}`)).length)
    expect(counts.namespaces.map(({ namespace }) => namespace)).to.deep.equal(['manage', 'v2', 'v3'])
    for (const { namespace, total } of counts.namespaces)
      expect(total).to.equal((await walk(acme, `namespace=${namespace}`)).length)
    const nora = await signIn(b, 'holder')
    expect((await nora.get(`${KEYS}/counts`)).json()).to.deep.include({ total: 1, active: 1 })
  })
})
