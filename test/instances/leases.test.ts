import { expect } from 'chai'
import { onInstances } from './instances.ts'

const KEYS = '/manage/accounts/acme/keys'
const WISH = { name: 'Turns', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }

onInstances(2, 'scheduled work', (both) => {
  const call = async (path: string, json?: unknown, headers: Record<string, string> = {}) => {
    const init = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }
    return fetch(both.urls[1] + path, { ...init, headers: { 'content-type': 'application/json', ...headers } })
  }

  /** Rotates a key, and waits until the overlap was closed; the events of it, all of them. */
  async function rotation(): Promise<string[]> {
    const token = await (await call('/manage/jwts', { apiKey: both.demo.keys['acme-manage']?.secret })).text()
    const headers = { authorization: `Bearer ${token}` }
    const { key } = (await (await call(KEYS, WISH, headers)).json()) as { key: { id: string } }
    expect((await call(`${KEYS}/${key.id}/rotate`, { overlapSeconds: 1 }, headers)).status).to.equal(200)
    for (;;) {
      const answer = await call(`/manage/accounts/acme/events?subject=${key.id}`, undefined, headers)
      const types = ((await answer.json()) as { items: { type: string }[] }).items.map(({ type }) => type)
      if (types.includes('key.rotation_ended')) return types
    }
  }

  it('is done once; and where the one that did it is killed, the other takes over', async () => {
    const once = ['key.created', 'key.rotated', 'key.rotation_ended']
    expect(await rotation()).to.deep.equal(once)
    // The first to run has the leases.
    await both.kill(0)
    expect(await rotation()).to.deep.equal(once)
  }).timeout(60_000)
})
