import { expect } from 'chai'
import { onInstances } from './instances.ts'

const KEYS = '/manage/accounts/acme/keys'
const WISH = { name: 'Turns', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }

onInstances(2, 'scheduled work', (both) => {
  /** Rotates a key at one of them, and waits until the overlap was closed; the events of it, all of them. */
  async function rotation(n: number): Promise<string[]> {
    const call = async (path: string, json?: unknown, headers: Record<string, string> = {}) => {
      const init = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }
      return fetch(both.urls[n] + path, { ...init, headers: { 'content-type': 'application/json', ...headers } })
    }
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
    expect(await rotation(0)).to.deep.equal(once)
    const killed = await both.holderOf('closing overlaps')
    await both.kill(killed)
    expect(await rotation(1 - killed)).to.deep.equal(once)
    expect(await both.holderOf('closing overlaps')).to.equal(1 - killed)
  }).timeout(60_000)
})
