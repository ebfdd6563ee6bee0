import { expect } from 'chai'
import { onInstances } from './instances.ts'

const KEYS = '/manage/accounts/acme/keys'
const WISH = { name: 'Turns', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }

onInstances(2, 'rotation', (both) => {
  const post = (n: number, path: string, json: unknown, headers: Record<string, string> = {}) =>
    fetch(both.urls[n % 2] + path, {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json', ...headers },
    })
  const exchange = (n: number, apiKey: string) => post(n, '/v2/jwts', { apiKey })
  const manage = async () => {
    const token = await (await post(0, '/manage/jwts', { apiKey: both.demo.keys['acme-manage']?.secret })).text()
    return { authorization: `Bearer ${token}` }
  }
  const make = async (headers: Record<string, string>) => {
    const { key, secret } = (await (await post(0, KEYS, WISH, headers)).json()) as {
      key: { id: string }
      secret: string
    }
    return { rotate: `${KEYS}/${key.id}/rotate`, secret }
  }

  it('a use that only the other has counted is known before anything is replaced', async () => {
    const headers = await manage()
    for (let round = 0; round < 4; round++) {
      const { rotate } = await make(headers)
      const { secret } = (await (await post(round, rotate, { overlapSeconds: 600 }, headers)).json()) as {
        secret: string
      }
      expect((await exchange(round + 1, secret)).status).to.equal(200)
      expect((await post(round, rotate, { overlapSeconds: 600 }, headers)).status).to.equal(409)
      expect((await exchange(round, secret)).status).to.equal(200)
    }
  }).timeout(60_000)

  it('what neither has seen used is replaced', async () => {
    const headers = await manage()
    const { rotate, secret: old } = await make(headers)
    const first = (await (await post(0, rotate, { overlapSeconds: 600 }, headers)).json()) as { secret: string }
    const answer = await post(1, rotate, { overlapSeconds: 600 }, headers)
    expect(answer.status).to.equal(200)
    const second = (await answer.json()) as { secret: string }
    const statuses = await Promise.all(
      [old, first.secret, second.secret].map(async (s) => (await exchange(0, s)).status),
    )
    expect(statuses).to.deep.equal([200, 401, 200])
  }).timeout(60_000)
})
