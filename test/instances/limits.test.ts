import { expect } from 'chai'
import { NO_MONGO } from '../contract/mongo-server.ts'
import { type Instances, startInstances } from './instances.ts'

/** Of plan creator, a minute and key. */
const LIMIT = 600
const MINUTE = 60_000
/** Each tells twice a second, so what one knows of the other is a second old, and as much older as telling takes. */
const BEHIND_MS = 2_000

describe(`Two instances on one MongoDB: limits${process.env.MONGODB_TEST_URI ? '' : ` (${NO_MONGO})`}`, () => {
  let both: Instances
  before(async function () {
    this.timeout(60_000)
    const started = await startInstances(2)
    if (started === null) return this.skip()
    both = started
  })
  after(async function () {
    this.timeout(60_000)
    await both?.close()
  })
  const post = (n: number, path: string, json: unknown, headers: Record<string, string> = {}) =>
    fetch(both.urls[n] + path, {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json', ...headers },
    })

  it('a key has its limit over both, and beside it what both take while neither knows', async () => {
    const authorization = `Bearer ${await (await post(0, '/manage/jwts', { apiKey: both.demo.keys['operator-manage']?.secret })).text()}`
    const globex = `${both.urls[0]}/manage/accounts/globex`
    const etag = (await fetch(globex, { headers: { authorization } })).headers.get('etag') as string
    const changed = await fetch(globex, {
      method: 'PATCH',
      body: JSON.stringify({ plan: 'creator' }),
      headers: { authorization, 'content-type': 'application/json', 'if-match': etag },
    })
    expect(changed.status).to.equal(200)

    for (;;) {
      const wish = { name: 'Busy', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
      const made = await post(0, '/manage/accounts/globex/keys', wish, { authorization })
      const { secret: apiKey } = (await made.json()) as { secret: string }
      const began = Math.floor(Date.now() / MINUTE)
      const accepted: [number[], number[]] = [[], []]
      const refused: Response[] = []
      while (refused.length < 20) {
        const answers = await Promise.all([0, 1].map((n) => post(n, '/v2/jwts', { apiKey })))
        for (const [n, answer] of answers.entries()) {
          expect(answer.status).to.be.oneOf([200, 429])
          if (answer.status === 200) accepted[n as 0 | 1].push(Date.now())
          else refused.push(answer)
        }
      }
      // Only what happened within one window says something.
      if (Math.floor(Date.now() / MINUTE) !== began) continue
      const total = accepted[0].length + accepted[1].length
      const beside = mostWithin([...accepted[0], ...accepted[1]].sort((a, b) => a - b))
      expect(total, `${LIMIT} and ${beside}`).to.be.within(LIMIT, LIMIT + beside)
      for (const answer of refused) {
        expect(answer.headers.get('ratelimit')).to.match(/^"key";r=0;t=\d+$/)
        expect(answer.headers.get('ratelimit-policy')).to.match(/^"key";q=600;w=60/)
        expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 60)
      }
      return
    }
  }).timeout(180_000)
})

/** The most that happened in the time that one may be behind the other. */
function mostWithin(times: readonly number[]): number {
  return Math.max(0, ...times.map((from, i) => times.slice(i).filter((at) => at < from + BEHIND_MS).length))
}
