import { expect } from 'chai'
import { formatKey, newKeyId, newSecret } from '../../src/keys/grammar.rules.ts'
import { pooledRandom } from '../../src/random.ts'
import { type AuthenticateDeps, authenticate } from '../../src/tokens/authenticate.ts'

const MILLION = 1_000_000
const CHARS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-'

describe('A million keys with a typing error', () => {
  it('are refused without asking the store for any', async () => {
    const random = pooledRandom()
    const below = (n: number) => random(4).readUInt32BE(0) % n
    const mutations: ((text: string, at: number) => string)[] = [
      (text, at) => text.slice(0, at) + CHARS[below(CHARS.length)] + text.slice(at + 1),
      (text, at) => text.slice(0, at) + text.slice(at + 1),
      (text, at) => text.slice(0, at) + CHARS[below(CHARS.length)] + text.slice(at),
      (text, at) => text.slice(0, at) + (text[at + 1] ?? '') + text[at] + text.slice(at + 2),
      (text, at) => text.slice(0, at) + (text[at] as string).toUpperCase() + text.slice(at + 1),
      (text, at) => text.slice(0, at),
    ]
    const asked = { store: 0 }
    const store = {
      getLinked() {
        asked.store++
        return Promise.resolve(null)
      },
    }
    // Nothing else of it is touched by a key that is refused for its form.
    const waits = { now: () => 0, until: () => Promise.resolve() }
    const catalog = { namespaces: new Map() }
    const deps = { store, catalog, waits, now: () => 0, peppers: { current: { id: 'p' }, all: new Map() } }
    const namespace = { id: 'v2' } as Parameters<typeof authenticate>[1]['namespace']
    let key = ''
    for (let tried = 0; tried < MILLION; ) {
      if (tried % 1_000 === 0) key = formatKey('v2', 'secret', newKeyId(random), newSecret(random))
      const apiKey = mutations[tried % mutations.length]?.(key, below(key.length)) as string
      if (apiKey === key) continue
      tried++
      const presented = { namespace, credential: { apiKey }, asClient: false }
      if ((await authenticate(deps as unknown as AuthenticateDeps, presented)) !== null) {
        throw new Error(`${apiKey} was taken`)
      }
    }
    expect(asked.store).to.equal(0)
  }).timeout(60_000)
})
