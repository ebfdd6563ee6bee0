/** Every list that grows, walked page by page while others add to it. */
import { expect } from 'chai'
import fc from 'fast-check'
import { onBothStores } from '../bed.ts'
import { type Browser, signIn } from '../people/browser.ts'

const ACME = '/manage/accounts/acme'
const GRANTS = [{ subAccount: null, scopes: ['links:read'] }]

interface List {
  path: string
  /** Adds one more, by a number of its own. */
  add: (me: Browser, n: number) => Promise<{ status: number; text: string }>
  /** What a row is known by. */
  id?: string
}
const LISTS: Record<string, List> = {
  accounts: {
    path: '/manage/accounts?q=walked',
    add: (me, n) => me.post('/manage/accounts', { name: `Walked ${n}`, plan: 'starter' }),
  },
  members: {
    path: `${ACME}/members?status=invited`,
    add: (me, n) => me.post(`${ACME}/members`, { email: `w${n}@acme.example`, role: 'viewer', name: `Walked ${n}` }),
  },
  'sub-accounts': {
    path: `${ACME}/sub-accounts?status=active`,
    add: (me, n) => me.post(`${ACME}/sub-accounts`, { name: `Walked ${n}` }),
  },
  holders: {
    path: `${ACME}/holders?q=walked&type=vendor`,
    add: (me, n) => me.post(`${ACME}/holders`, { name: `Walked ${n}`, type: n % 3 === 0 ? 'partner' : 'vendor' }),
  },
  keys: {
    path: `${ACME}/keys?q=walked&namespace=v2`,
    add: (me, n) =>
      me.post(`${ACME}/keys`, { name: n % 3 === 0 ? 'Other' : `Walked ${n}`, namespace: 'v2', grants: GRANTS }),
  },
  matrix: {
    path: `${ACME}/matrix?namespace=v2`,
    add: (me, n) => me.post(`${ACME}/keys`, { name: `Matrix ${n}`, namespace: 'v2', grants: GRANTS }),
    id: 'keyId',
  },
}

onBothStores('Lists', (bed) => {
  let made = 0
  const pageOf = async (me: Browser, path: string, limit: number, cursor: string | null) => {
    const answer = await me.get(`${path}&limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`)
    expect(answer.status, answer.text).to.equal(200)
    const { items, rows, nextCursor } = answer.json() as Record<string, unknown>
    return { items: (items ?? rows) as Record<string, unknown>[], nextCursor: nextCursor as string | null }
  }

  for (const [name, { path, add, id = 'id' }] of Object.entries(LISTS)) {
    it(`a walk of ${name} misses and repeats no row that was there throughout`, async () => {
      const b = bed()
      const me = await signIn(b, 'operator')
      const addOne = async () => {
        b.pass(made % 2)
        const answer = await add(me, made++)
        expect(answer.status, answer.text).to.equal(201)
      }
      for (let n = 0; n < 5; n++) await addOne()
      const walks = fc.record({
        limit: fc.integer({ min: 1, max: 6 }),
        writes: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 5 }),
      })
      await fc.assert(
        fc.asyncProperty(walks, async ({ limit, writes }) => {
          const before = (await pageOf(me, path, 200, null)).items.map((row) => row[id])
          const seen: unknown[] = []
          let cursor: string | null = null
          for (let n = 0; n === 0 || cursor !== null; n++) {
            const page = pageOf(me, path, limit, cursor)
            // A few at the same time as the page is read.
            await Promise.all([page, ...Array.from({ length: writes[n] ?? 0 }, addOne)])
            const { items, nextCursor } = await page
            expect(items.length).to.be.at.most(limit)
            seen.push(...items.map((row) => row[id]))
            cursor = nextCursor
          }
          expect(new Set(seen).size, 'nothing twice').to.equal(seen.length)
          const had = new Set(before)
          expect(
            seen.filter((one) => had.has(one)),
            'all that was there, in the same order',
          ).to.deep.equal(before)
        }),
        { numRuns: 6 },
      )
    }).timeout(60_000)
  }
})
