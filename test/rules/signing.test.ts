import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { ring } from '../../src/secrets.ts'
import { dueKey, keyStates, publishedUntil, ROTATE_EVERY_MS } from '../../src/signing/rules.ts'
import { seal, unseal } from '../../src/signing/seal.ts'

const POLICY = { tokenTtlSeconds: 300, jwksMaxAgeSeconds: 300, signingAlg: 'ES256' as const }
const key = (generation: number, activatesAt: number, retiresAt: number | null = null) => ({
  generation,
  activatesAt,
  retiresAt,
  alg: 'ES256' as const,
})
const states = (keys: ReturnType<typeof key>[], now: number) => keyStates(keys, POLICY, now).map((s) => s.state)

describe('Signing keys', () => {
  it('the first signs at once, its successor long after it was published', () => {
    expect(dueKey([], POLICY, 1000)).to.deep.equal({ generation: 1, activatesAt: 1000 })
    expect(dueKey([key(1, 1000)], POLICY, 1000)).to.deep.equal({ generation: 2, activatesAt: 1000 + ROTATE_EVERY_MS })
    expect(dueKey([key(1, 1000), key(2, 1000 + ROTATE_EVERY_MS)], POLICY, 2000)).to.equal(null)
  })

  it('a key that was never followed up is still published for two cache lifetimes before its successor signs', () => {
    const late = 1000 + 2 * ROTATE_EVERY_MS
    expect(dueKey([key(1, 1000)], POLICY, late)).to.deep.equal({ generation: 2, activatesAt: late + 600_000 })
  })

  it('goes next, current, previous, retired, and stays published while a token of it may live', () => {
    const keys = [key(1, 0), key(2, ROTATE_EVERY_MS)]
    expect(states(keys, 0)).to.deep.equal(['current', 'next'])
    expect(states(keys, ROTATE_EVERY_MS - 1)).to.deep.equal(['current', 'next'])
    expect(states(keys, ROTATE_EVERY_MS)).to.deep.equal(['previous', 'current'])
    const until = publishedUntil(ROTATE_EVERY_MS, POLICY)
    expect(until - ROTATE_EVERY_MS).to.equal(660_000)
    expect(states(keys, until - 1)).to.deep.equal(['previous', 'current'])
    expect(states(keys, until)).to.deep.equal(['retired', 'current'])
  })

  it('an instance whose clock is behind signs with the first key all the same', () => {
    expect(states([key(1, 1000), key(2, 5000)], 400)).to.deep.equal(['current', 'next'])
    expect(dueKey([key(1, 1000), key(2, 5000)], POLICY, 400)).to.equal(null)
  })

  it('another algorithm in the catalog takes over as soon as it may, and the successor made before it never signs', () => {
    const keys = [key(1, 1000), key(2, ROTATE_EVERY_MS)]
    const due = dueKey(keys, { ...POLICY, signingAlg: 'EdDSA' }, 5000)
    expect(due).to.deep.equal({ generation: 3, activatesAt: 605_000 })
    const after = [...keys, { ...key(3, 605_000), alg: 'EdDSA' as const }]
    expect(dueKey(after, { ...POLICY, signingAlg: 'EdDSA' }, 5000)).to.equal(null)
    expect(keyStates(after, POLICY, 604_999).map((s) => s.state)).to.deep.equal(['current', 'next', 'next'])
    expect(keyStates(after, POLICY, 605_000).map((s) => s.state)).to.deep.equal(['previous', 'retired', 'current'])
  })

  it('a key taken back signs no more', () => {
    expect(states([key(1, 0), key(2, 100, 200)], 150)).to.deep.equal(['previous', 'current'])
    expect(states([key(1, 0), key(2, 100, 200)], 200)).to.deep.equal(['current', 'retired'])
  })

  it('are sealed for their kid, algorithm and namespace alone', () => {
    const masters = ring([
      { id: 'm2', bytes: randomBytes(32) },
      { id: 'm1', bytes: randomBytes(32) },
    ])
    const bound = { kid: 'k', alg: 'ES256', namespace: 'v2' }
    const box = seal(masters, 'private', bound, randomBytes)
    expect(box.masterKey).to.equal('m2')
    expect(JSON.stringify(box)).to.not.include('private')
    expect(unseal(masters, box, bound)).to.equal('private')
    for (const other of [{ kid: 'x' }, { alg: 'RS256' }, { namespace: 'v3' }])
      expect(() => unseal(masters, box, { ...bound, ...other })).to.throw()
    expect(() =>
      unseal(masters, { ...box, ciphertext: Buffer.from('tampered').toString('base64url') }, bound),
    ).to.throw()
    expect(() => unseal(masters, { ...box, tag: box.tag.slice(0, 8) }, bound)).to.throw(/damaged seal/)
    expect(() => unseal(ring([{ id: 'm3', bytes: randomBytes(32) }]), box, bound)).to.throw(/"m2", which is not given/)
  })

  const vectors = JSON.parse(readFileSync(new URL('../vectors/thumbprint.json', import.meta.url), 'utf8')) as {
    rfc: string
    jwk: JWK
    sha256: string
  }[]
  for (const { rfc, jwk, sha256 } of vectors) {
    it(`thumbprint of RFC ${rfc}`, async () => expect(await calculateJwkThumbprint(jwk)).to.equal(sha256))
  }
})
