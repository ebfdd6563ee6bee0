import { expect } from 'chai'
import { createVerifier, type Verifier, VerifyError } from '../../src/verifier/index.ts'
import { claimsOf, headerOf } from '../http/bed.ts'
import { type Instances, onInstances } from './instances.ts'

const COUNT = 3
const ROTATIONS = 100
/** How long the key set may be cached. */
const MAX_AGE_MS = 30_000
/** Beyond it, until every instance has published the next key. */
const SPREAD_MS = 2_000
const AUDIENCE = 'https://api.example.com/v2'

interface Key {
  kid: string
  namespace: string
  state: string
}

onInstances(COUNT, 'signing keys', body, {
  catalog: (yaml) => yaml.replaceAll('jwksMaxAgeSeconds: 300', `jwksMaxAgeSeconds: ${MAX_AGE_MS / 1000}`),
})

function body(all: Instances): void {
  let verifiers: Verifier[] = []
  before(() => {
    verifiers = all.urls.map((url) =>
      createVerifier({
        issuer: `${all.publicUrl}/v2`,
        audience: AUDIENCE,
        now: all.now,
        fetch: (input, init) => fetch(String(input).replace(all.publicUrl, url), init),
      }),
    )
  })
  after(() => {
    for (const verifier of verifiers) verifier.close()
  })

  const post = (n: number, path: string, json: unknown, headers: Record<string, string> = {}) =>
    fetch(all.urls[n % COUNT] + path, {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json', ...headers },
    })
  const exchange = async (n: number, namespace: string, name: string): Promise<string> => {
    const answer = await post(n, `/${namespace}/jwts`, { apiKey: all.demo.keys[name]?.secret })
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
    return answer.text()
  }
  /** @returns the keys of v2 once the next one has taken over */
  const rotate = async (n: number): Promise<Key[]> => {
    const headers = { authorization: `Bearer ${await exchange(n, 'manage', 'operator-manage')}` }
    const answer = await post(n, '/manage/signing-keys/v2/rotate', {}, headers)
    expect(answer.status, await answer.clone().text()).to.equal(200)
    return ((await answer.json()) as { items: Key[] }).items.filter(({ namespace }) => namespace === 'v2')
  }
  const published = async (n: number): Promise<string[]> => {
    const answer = await fetch(`${all.urls[n]}/v2/.well-known/jwks.json`)
    return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
  }
  /** Each instance looks for new keys twice a second. */
  const publishedByAll = async (kid: string): Promise<void> => {
    for (let n = 0; n < COUNT; n++) while (!(await published(n)).includes(kid));
  }

  it('rotated a hundred times under load: no verification fails, and no key signs that a cache may not have', async () => {
    /** Keys that every cache of the key set must hold by now. */
    const known = new Set(await published(0))
    let next = [...known].at(-1) as string
    const failures: string[] = []
    let [verified, done] = [0, false]
    const check = async (token: string): Promise<void> => {
      for (const verifier of verifiers) {
        await verifier.verify(token).then(
          () => verified++,
          (error: unknown) => failures.push(error instanceof VerifyError ? `${error.code} ${error.cause}` : `${error}`),
        )
      }
    }
    const load = async (n: number): Promise<void> => {
      let live: string[] = []
      while (!done) {
        const token = await exchange(n, 'v2', 'acme-v2-server')
        if (!known.has(headerOf(token).kid as string)) failures.push('signed with a key that a cache may not have')
        await check(token)
        // What was signed before stays good until its own end; the clock may jump while it is looked at.
        const end = all.now() / 1000 + 2 * ((MAX_AGE_MS + SPREAD_MS) / 1000)
        live = [...live, token].slice(-50).filter((one) => (claimsOf(one).exp as number) > end)
        if (live[0] !== undefined) await check(live[0])
      }
    }
    const loads = Array.from({ length: COUNT }, (_, n) => load(n).catch((error) => failures.push(String(error))))
    for (let round = 0; round < ROTATIONS; round++) {
      await publishedByAll(next)
      await all.pass(MAX_AGE_MS + SPREAD_MS)
      known.add(next)
      const keys = await rotate(round)
      expect(keys.find(({ state }) => state === 'current')?.kid).to.equal(next)
      next = keys.find(({ state }) => state === 'next')?.kid as string
    }
    done = true
    await Promise.all(loads)
    expect(failures).to.deep.equal([])
    expect(known.size).to.equal(ROTATIONS + 1)
    expect(verified).to.be.greaterThan(COUNT * ROTATIONS)
  }).timeout(300_000)
}
