import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { createVerifier, type Verifier, VerifyError } from '../../src/verifier/index.ts'
import { onInstances } from './instances.ts'

const KEYS = '/manage/accounts/acme/keys'
const WISH = { name: 'Followed', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }

onInstances(2, 'a verifier', (both) => {
  let headers: Record<string, string>
  const verifiers: Verifier[] = []
  before(async () => {
    const answer = await post('/manage/jwts', { apiKey: both.demo.keys['acme-manage']?.secret }, {})
    headers = { authorization: `Bearer ${await answer.text()}` }
  })
  after(() => {
    for (const verifier of verifiers) verifier.close()
  })
  const post = (path: string, json: unknown, more = headers) =>
    fetch(both.urls[0] + path, {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json', ...more },
    })
  const make = async () => {
    const { key, secret } = (await (await post(KEYS, WISH)).json()) as { key: { id: string }; secret: string }
    const token = async () => (await post('/v2/jwts', { apiKey: secret }, {})).text()
    const change = async (act: string, json = {}) =>
      expect((await post(`${KEYS}/${key.id}/${act}`, json)).status).to.equal(200)
    return { token, change }
  }
  /** Its stream comes from the one instance, its lists from the other. */
  const verifierBetween = () => {
    const fetchOf: typeof fetch = (target, init) => {
      const path = new URL(String(target)).pathname
      return fetch(`${both.urls[path.includes('/status/') ? 1 : 0]}${path}`, init)
    }
    const verifier = createVerifier({
      issuer: `${both.publicUrl}/v2`,
      audience: 'https://api.example.com/v2',
      fetch: fetchOf,
    })
    verifiers.push(verifier)
    return verifier
  }
  const verdict = (verifier: Verifier, token: string) =>
    verifier.verify(token).then(
      () => 'accepted',
      (error) => (error instanceof VerifyError ? error.code : error),
    )
  const tookMs = async (verifier: Verifier, token: string, wanted: string) => {
    const from = performance.now()
    for (;;) {
      const now = await verdict(verifier, token)
      const ms = performance.now() - from
      if (now === wanted) return ms
      if (ms > 5_000) expect.fail(`still ${now} after ${ms} ms`)
      await sleep(20)
    }
  }

  it('that begins right after a revocation, with a list of before, refuses within moments', async () => {
    for (let round = 0; round < 6; round++) {
      const { token, change } = await make()
      const jwt = await token()
      const verifier = verifierBetween()
      await change('revoke', { reason: 'exposed' })
      expect(await tookMs(verifier, jwt, 'revoked')).to.be.below(2_000)
    }
  }).timeout(60_000)

  it('follows a suspension and, soon, its end', async () => {
    const { token, change } = await make()
    const verifier = verifierBetween()
    expect(await verdict(verifier, await token())).to.equal('accepted')
    while (!verifier.freshness().connected) await sleep(20)
    const jwt = await token()
    await change('suspend')
    expect(await tookMs(verifier, jwt, 'suspended')).to.be.below(2_000)
    await change('resume')
    expect(await tookMs(verifier, await token(), 'accepted')).to.be.below(4_000)
  }).timeout(60_000)
})
