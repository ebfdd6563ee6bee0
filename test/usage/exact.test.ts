/** Limits over instances, one step at a time: what each of them does, and when, is up to the test. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { openMongo } from '../../src/store/mongo.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { createCrowd } from '../../src/usage/crowd.ts'
import { ExactLimiter } from '../../src/usage/exact.ts'
import { createTallies } from '../../src/usage/tallies.ts'
import { START, seal } from '../contract/harness.ts'
import { dropDatabase, freshName, mongoTestUri, NO_MONGO } from '../contract/mongo-server.ts'

const MINUTE = 60_000
/** The beginning of a window. */
const FROM = START - (START % MINUTE)
const TURN_MS = 250
/** How often instances look who else is there. */
const LOOK_MS = 1_050
const LIMIT = 10

for (const kind of ['SQLite', 'MongoDB'] as const) {
  const absent = kind === 'MongoDB' && !process.env.MONGODB_TEST_URI
  describe(`A limit over instances (${kind}${absent ? `, ${NO_MONGO}` : ''})`, () => {
    let at: number
    let store: Store
    let uri: string | null = null
    let running: { id: string; seenAt: number }[]
    const turns: NodeJS.Timeout[] = []

    beforeEach(async function () {
      uri = kind === 'MongoDB' ? mongoTestUri(freshName()) : null
      if (kind === 'MongoDB' && uri === null) return this.skip()
      at = FROM
      running = []
      const options = { now: () => at, seal }
      store = uri === null ? openSqlite(':memory:', options) : await openMongo(uri, options)
    })
    afterEach(async () => {
      for (const turn of turns.splice(0)) clearInterval(turn)
      await store?.close()
      if (uri !== null) await dropDatabase(uri)
    })

    async function join(id: string, points = LIMIT) {
      running.push({ id, seenAt: at })
      const now = () => at
      const others = async () => running.filter((one) => one.id !== id && one.seenAt + MINUTE >= at)
      const tallies = createTallies({
        store,
        crowd: createCrowd({ others, now }),
        instance: id,
        batchId: randomUUID,
        now,
      })
      const counts = { windows: new Map(), untold: new Set<string>() }
      const limited = (to: number) => {
        const limiter = new ExactLimiter({ purpose: 'key', points: to, duration: 60, counts }, { now, tallies })
        tallies.share(limiter)
        return limiter
      }
      const limiter = limited(points)
      await tallies.flush()
      return {
        flush: tallies.flush,
        /** Uses that are given, of so many at once. */
        async use(count: number, of = 'k', by = limiter) {
          const states = await Promise.all(Array.from({ length: count }, () => by.take('key', of)))
          return states.filter(({ remaining }) => remaining >= 0).length
        },
        limited,
        takeTurns() {
          turns.push(setInterval(() => void tallies.flush().catch(() => {}), TURN_MS))
        },
      }
    }
    const leave = (id: string) => {
      running = running.filter((one) => one.id !== id)
    }
    const seen = () => {
      for (const one of running) one.seenAt = at
    }
    /** Two that have known of each other for longer than the window that begins. */
    async function two() {
      const both = [await join('a'), await join('b')] as const
      for (const part of [MINUTE / 2, MINUTE / 2]) {
        at += part
        seen()
        await sleep(LOOK_MS)
        for (const one of both) await one.flush()
      }
      return both
    }

    it('is not given again by an instance that was started anew in the same minute', async () => {
      at += 1_000
      const a = await join('a')
      expect(await a.use(7)).to.equal(7)
      await a.flush()
      leave('a')
      const b = await join('b')
      expect(await b.use(LIMIT)).to.equal(LIMIT - 7)
      at += MINUTE - 1_000
      expect(await b.use(LIMIT + 1)).to.equal(LIMIT)
    })

    it('is each minute’s own, where the minute ends while uses wait', async () => {
      const [a, b] = await two()
      at += MINUTE - 100
      let given = (await a.use(5)) + (await b.use(5))
      expect(given).to.equal(LIMIT)
      // Both ask, and before anybody has answered the window is over: these are uses of the next one.
      const waiting = [a.use(40), b.use(40)]
      at += 200
      a.takeTurns()
      b.takeTurns()
      given = (await Promise.all(waiting)).reduce((sum, one) => sum + one)
      expect(given).to.equal(LIMIT)
      expect((await a.use(5)) + (await b.use(5))).to.equal(0)
    }).timeout(20_000)

    it('holds for more keys at once than are read in one page', async () => {
      const [a, b] = await two()
      a.takeTurns()
      b.takeTurns()
      const keys = Array.from({ length: 1_200 }, (_, n) => `k${n}`)
      const byB = await Promise.all(keys.map((key) => b.use(LIMIT, key)))
      const byA = await Promise.all(keys.map((key) => a.use(LIMIT, key)))
      expect(new Set(keys.map((_, n) => (byA[n] as number) + (byB[n] as number)))).to.deep.equal(new Set([LIMIT]))
    }).timeout(60_000)

    it('holds when an instance comes back that was cut off for a minute', async () => {
      const [a, b] = await two()
      const [, other] = running as [unknown, { seenAt: number }]
      for (const part of [MINUTE, MINUTE / 2, MINUTE / 2]) {
        at += part
        other.seenAt = at
        await sleep(LOOK_MS)
        await b.flush()
      }
      b.takeTurns()
      let given = await b.use(LIMIT)
      seen()
      a.takeTurns()
      await a.flush()
      given += await a.use(LIMIT)
      expect(given).to.equal(LIMIT)
    }).timeout(20_000)

    it('holds when an instance that gave no answer for once is well again', async () => {
      const [a, b] = await two()
      b.takeTurns()
      // The other takes no turns: after two seconds it is waited for no longer.
      expect(await b.use(LIMIT, 'x')).to.equal(LIMIT)
      a.takeTurns()
      await sleep(3 * TURN_MS)
      const given = (await a.use(5)) + (await b.use(LIMIT))
      expect(given).to.equal(LIMIT)
    }).timeout(20_000)

    it('is what it is now: what was used before it changed counts', async () => {
      const [a, b] = await two()
      a.takeTurns()
      b.takeTurns()
      expect((await a.use(5)) + (await b.use(5))).to.equal(LIMIT)
      const [higher, lower] = [16, 4]
      expect((await a.use(9, 'k', a.limited(higher))) + (await b.use(9, 'k', b.limited(higher)))).to.equal(6)
      expect((await a.use(9, 'k', a.limited(lower))) + (await b.use(9, 'k', b.limited(lower)))).to.equal(0)
    }).timeout(20_000)

    it('is told in few writes, however many keys and uses wait', async () => {
      const [a, b] = await two()
      a.takeTurns()
      b.takeTurns()
      let reads = 0
      const page = store.page.bind(store)
      store.page = (...asked) => {
        reads++
        return page(...asked)
      }
      const keys = Array.from({ length: 300 }, (_, n) => `k${n}`)
      const given = await Promise.all(keys.map((key) => b.use(LIMIT, key)))
      expect(new Set(given)).to.deep.equal(new Set([LIMIT]))
      expect(reads).to.be.below(100)
    }).timeout(20_000)
  })
}
