import { expect } from 'chai'
import fc from 'fast-check'
import { newEvent } from '../../../src/events/rules.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { type Browser, signIn, trySignIn } from '../people/browser.ts'

const EVENTS = '/manage/accounts/acme/events'
interface Told {
  seq: number
  type: string
  subject: { type: string; id: string }
  data: Record<string, unknown>
}
interface Page {
  items: Told[]
  nextCursor: string | null
}
const pageOf = async (me: Browser, query: string): Promise<Page> => {
  const answer = await me.get(`${EVENTS}?${query}`)
  expect(answer.status, answer.text).to.equal(200)
  return answer.json() as unknown as Page
}

/** Events of a few types and subjects. */
async function tell(b: Bed, picks: readonly number[]): Promise<void> {
  const events = picks.map((n) =>
    newEvent(`evt_${Math.random().toString(36).slice(2)}`, {
      type: n % 2 === 0 ? 'holder.created' : 'holder.updated',
      actor: { type: 'system', id: null, name: 'test' },
      subject: { type: 'holder', id: `hld_${n % 3}`, name: 'Somebody' },
    }),
  )
  expect((await b.latchkey.store.commit('acme', { events })).ok).to.equal(true)
}

onBothStores('The event log, walked', (bed) => {
  it('a walk misses and repeats nothing that was there, though others write', async () => {
    const b = bed()
    const me = await signIn(b, 'viewer')
    await tell(b, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const filters = ['', 'type=holder.created', 'subject=hld_1', 'type=holder.updated&subject=hld_2', 'type=no.such']
    const walk = fc.record({
      order: fc.constantFrom('asc', 'desc'),
      limit: fc.integer({ min: 1, max: 20 }),
      filter: fc.constantFrom(...filters),
      after: fc.option(fc.nat({ max: 60 }), { nil: null }),
      writes: fc.array(fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(walk, async ({ order, limit, filter, after, writes }) => {
        const { items: before } = await b.latchkey.store.page('acme', 'events', { limit: 1000 })
        const asked = new URLSearchParams(`${filter}&order=${order}&limit=${limit}`)
        if (after !== null) asked.set('after', String(after))
        const wanted = before
          .filter(({ type }) => type === (asked.get('type') ?? type))
          .filter(({ subject }) => subject.id === (asked.get('subject') ?? subject.id))
          .filter(({ seq }) => after === null || (order === 'asc' ? seq > after : seq < after))
          .map(({ seq }) => seq)
        const seen: number[] = []
        let rest = [...writes]
        for (;;) {
          const [[picks], left] = [rest.slice(0, 1), rest.slice(1)]
          const [page] = await Promise.all([pageOf(me, String(asked)), picks === undefined ? null : tell(b, picks)])
          seen.push(...page.items.map(({ seq }) => seq))
          rest = left
          if (page.nextCursor === null) break
          asked.set('cursor', page.nextCursor)
        }
        const ordered = [...seen].sort((x, y) => (order === 'asc' ? x - y : y - x))
        expect(seen, 'in order').to.deep.equal(ordered)
        expect(new Set(seen).size, 'nothing twice').to.equal(seen.length)
        const newest = before.at(-1)?.seq as number
        const old = seen.filter((seq) => seq <= newest)
        expect(order === 'asc' ? old : old.reverse(), 'all that was there').to.deep.equal(wanted)
      }),
      { numRuns: 25 },
    )
  }).timeout(120_000)

  it('a cursor is good for the list that it came from alone', async () => {
    const b = bed()
    const me = await signIn(b, 'viewer')
    const { nextCursor } = await pageOf(me, 'limit=1')
    for (const query of ['order=desc', 'type=key.created', 'subject=hld_1']) {
      const answer = await me.get(`${EVENTS}?limit=1&${query}&cursor=${nextCursor}`)
      expect([answer.status, answer.json().code], query).to.deep.equal([400, 'invalid_request'])
    }
    for (const after of ['-1', 'x', '1e3', '9'.repeat(16)])
      expect((await me.get(`${EVENTS}?after=${after}`)).status, after).to.equal(400)
  })
})

onBothStores(
  'Refused attempts worth knowing',
  (bed) => {
    it('are events once a minute: a denied address, a limit that was hit, a failed sign-in', async () => {
      const b = bed()
      const manager = await signIn(b, 'manager')
      const wish = { name: 'Fenced', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
      const made = await manager.post('/manage/accounts/acme/keys', { ...wish, allowedIps: ['203.0.113.9'] })
      const { key, secret } = made.json() as { key: { id: string }; secret: string }
      for (let n = 0; n < 3; n++) await b.post('/v2/jwts', { json: { apiKey: secret } })
      for (let n = 0; n < 6; n++) await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-v2-readonly') } })
      const { id } = (await (await signIn(b, 'viewer')).get('/manage/whoami')).json() as { id: string }
      for (let n = 0; n < 3; n++) await trySignIn(b, { email: b.demo.viewer.email, password: 'not this one' })
      await b.latchkey.flush()
      const cases = [
        ['ip.denied', key.id, { code: 'ip_not_allowed', address: '127.0.0.1' }],
        ['rate_limit.hit', b.keyId('acme-v2-readonly'), { code: 'rate_limited', limit: 'key', max: 3 }],
        ['session.failed', id, { address: '127.0.0.1' }],
      ] as const
      for (const [type, subject, data] of cases) {
        const { items } = await pageOf(manager, `type=${type}&subject=${subject}`)
        expect(items, type).to.have.length(1)
        expect(items[0]?.data, type).to.include(data)
      }
    })
  },
  { catalog: (yaml) => yaml.replaceAll('exchangesPerMinutePerKey: null', 'exchangesPerMinutePerKey: 3') },
)
