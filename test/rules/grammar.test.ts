import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { base62, formatKey, newKeyId, newSecret, parseKey } from '../../src/keys/grammar.rules.ts'

interface Vectors {
  valid: { key: string; namespace: string; kind: 'sk' | 'pk'; id: string; secret: string }[]
  invalid: { why: string; key: string }[]
}
const vectors = JSON.parse(readFileSync(new URL('../vectors/api-key.json', import.meta.url), 'utf8')) as Vectors
const KINDS = { sk: 'secret', pk: 'publishable' } as const

describe('The written form of a key', () => {
  for (const { key, namespace, kind, id, secret } of vectors.valid) {
    it(`reads and writes ${namespace} ${kind} ${id}`, () => {
      expect(parseKey(key)).to.deep.equal({ namespace, kind: KINDS[kind], id, secret })
      expect(formatKey(namespace, KINDS[kind], id, secret)).to.equal(key)
    })
  }
  for (const { why, key } of vectors.invalid) {
    it(`refuses: ${why}`, () => expect(parseKey(key)).to.equal(null))
  }

  it('what it writes it reads, whatever the namespace, and nothing one character off', () => {
    const namespaces = fc.stringMatching(/^[a-z][a-z0-9]{0,15}$/)
    const characters = fc.stringMatching(/^[0-9A-Za-z_-]$/)
    fc.assert(
      fc.property(
        namespaces,
        fc.constantFrom('secret' as const, 'publishable' as const),
        fc.nat(),
        characters,
        (ns, kind, at, other) => {
          const id = newKeyId(randomBytes)
          const secret = newSecret(randomBytes)
          const key = formatKey(ns, kind, id, secret)
          expect(parseKey(key)).to.deep.equal({ namespace: ns, kind, id, secret })
          const place = at % key.length
          const changed = key.slice(0, place) + other + key.slice(place + 1)
          if (changed !== key) expect(parseKey(changed)).to.equal(null)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('base62 is uniform: bytes that would favour a character are thrown away', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const counts = new Map<string, number>()
    for (const character of base62(248, () => bytes)) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect(counts.size).to.equal(62)
    expect(new Set(counts.values())).to.deep.equal(new Set([4]))
  })
})
