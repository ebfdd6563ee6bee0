import { expect } from 'chai'
import { onInstances } from './instances.ts'

/** Of plan creator, a minute and key. */
const LIMIT = 600
const MINUTE = 60_000

onInstances(2, 'limits', (both) => {
  const post = (n: number, path: string, json: unknown, headers: Record<string, string> = {}) =>
    fetch(both.urls[n] + path, {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json', ...headers },
    })

  it('a key has exactly its limit over both, in a burst and one after the other', async () => {
    const authorization = `Bearer ${await (await post(0, '/manage/jwts', { apiKey: both.demo.keys['operator-manage']?.secret })).text()}`
    const globex = `${both.urls[0]}/manage/accounts/globex`
    const etag = (await fetch(globex, { headers: { authorization } })).headers.get('etag') as string
    const changed = await fetch(globex, {
      method: 'PATCH',
      body: JSON.stringify({ plan: 'creator' }),
      headers: { authorization, 'content-type': 'application/json', 'if-match': etag },
    })
    expect(changed.status).to.equal(200)

    const wish = { name: 'Busy', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
    for (const atOnce of [2, 40]) {
      const answers = await withinOneMinute(async () => {
        const made = await post(0, '/manage/accounts/globex/keys', wish, { authorization })
        const { secret: apiKey } = (await made.json()) as { secret: string }
        const answers: Response[] = []
        while (answers.filter(({ status }) => status === 429).length < 20)
          answers.push(
            ...(await Promise.all(Array.from({ length: atOnce }, (_, n) => post(n % 2, '/v2/jwts', { apiKey })))),
          )
        return answers
      })
      const refused = answers.filter(({ status }) => status !== 200)
      expect(answers.length - refused.length, `${atOnce} at once`).to.equal(LIMIT)
      for (const answer of refused) {
        expect(answer.status).to.equal(429)
        expect(answer.headers.get('ratelimit')).to.match(/^"key";r=0;t=\d+$/)
        expect(answer.headers.get('ratelimit-policy')).to.match(/^"key";q=600;w=60/)
        expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 60)
      }
    }
  }).timeout(300_000)
})

/** Only what happened within one window says something. */
async function withinOneMinute<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    const began = Math.floor(Date.now() / MINUTE)
    const result = await work()
    if (Math.floor(Date.now() / MINUTE) === began) return result
  }
}
