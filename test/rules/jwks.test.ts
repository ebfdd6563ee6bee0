import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { CLIENT_ALGORITHMS, candidates, clientKeys, jwksFaults, publicJwk } from '../../src/keys/jwks.rules.ts'

type Jwk = Record<string, unknown>
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
const pairs = {
  p256: ec('P-256'),
  p384: ec('P-384'),
  p521: ec('P-521'),
  ed25519: generateKeyPairSync('ed25519'),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
const publicOf = (name: keyof typeof pairs): Jwk => pairs[name].publicKey.export({ format: 'jwk' }) as Jwk
const privateOf = (name: keyof typeof pairs): Jwk => pairs[name].privateKey.export({ format: 'jwk' }) as Jwk
const NAMES = Object.keys(pairs) as (keyof typeof pairs)[]
const faultOf = (jwk: Jwk) => jwksFaults([jwk], '/jwks/keys')[0]

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']

describe('JWK sets of clients', () => {
  it('take public keys of five types, and keep what is public of them', () => {
    const more = { use: 'sig', key_ops: ['verify'], kid: 'k', x5u: 'https://a.example', x5c: ['x'], ext: true, nbf: 1 }
    for (const name of NAMES) {
      const jwk = publicOf(name)
      expect(faultOf({ ...jwk, ...more }), name).to.equal(undefined)
      expect(publicJwk({ ...jwk, ...more })).to.deep.equal({ ...jwk, kid: 'k', use: 'sig' })
    }
  })

  it('hold no private and no shared key, and do not say it back', () => {
    for (const name of NAMES) {
      const jwk = privateOf(name)
      expect(faultOf(jwk)?.pointer, name).to.equal('/jwks/keys/0/d')
      expect(JSON.stringify(faultOf(jwk))).to.not.include(jwk.d as string)
      expect(clientKeys([jwk])).to.deep.equal([])
    }
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])
      expect(faultOf({ ...publicOf('rsa'), [member]: '' })?.pointer).to.equal(`/jwks/keys/0/${member}`)
    expect(faultOf({ kty: 'oct', k: 'c2VjcmV0' })?.pointer).to.equal('/jwks/keys/0/k')
    expect(faultOf({ kty: 'oct' })?.pointer).to.equal('/jwks/keys/0')
  })

  const p256 = publicOf('p256')
  const rsa = publicOf('rsa')
  const wrong: [string, Jwk, string][] = [
    ['another curve', ec('secp256k1').publicKey.export({ format: 'jwk' }) as Jwk, ''],
    ['X25519', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }) as Jwk, ''],
    ['Ed448', generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }) as Jwk, ''],
    ['no type', { x: p256.x, y: p256.y }, ''],
    ['a type in a list', { ...p256, kty: ['EC'] }, ''],
    ['a type that is a member of every object', { kty: 'constructor' }, ''],
    ['a point off the curve', { ...p256, y: p256.x }, ''],
    ['a coordinate cut short', { ...p256, x: (p256.x as string).slice(0, 40) }, '/x'],
    ['a coordinate in another spelling', { ...p256, x: `${p256.x}=` }, '/x'],
    ['a coordinate that is no string', { ...p256, x: { $gt: '' } }, '/x'],
    ['a curve in a list', { ...p256, crv: ['P-256'] }, ''],
    ['Ed25519 of 31 bytes', { ...publicOf('ed25519'), x: Buffer.alloc(31, 1).toString('base64url') }, '/x'],
    ['RSA without modulus', { kty: 'RSA', e: 'AQAB' }, '/n'],
    [
      'RSA of 1024 bits',
      generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }) as Jwk,
      '/n',
    ],
    ['RSA of 16384 bits', { ...rsa, n: Buffer.alloc(2048, 0xff).toString('base64url') }, '/n'],
    ['RSA with exponent 1', { ...rsa, e: 'AQ' }, '/e'],
    ['RSA with an even exponent', { ...rsa, e: 'BA' }, '/e'],
    ['RSA with an enormous exponent', { ...rsa, e: Buffer.alloc(200, 0xff).toString('base64url') }, '/e'],
    ['HS256 for an RSA key', { ...rsa, alg: 'HS256' }, '/alg'],
    ['none', { ...p256, alg: 'none' }, '/alg'],
    ['the algorithm of another curve', { ...p256, alg: 'ES384' }, '/alg'],
    ['an algorithm that is no string', { ...p256, alg: ['ES256'] }, '/alg'],
    ['a key to encrypt with', { ...p256, use: 'enc' }, '/use'],
    ['a key to sign with', { ...p256, key_ops: ['sign'] }, '/key_ops'],
    ['a kid that is no string', { ...p256, kid: { $ne: null } }, '/kid'],
    ['a kid of 129 characters', { ...p256, kid: 'k'.repeat(129) }, '/kid'],
    ['a kid with NUL', { ...p256, kid: 'a\0' }, '/kid'],
  ]
  for (const [what, jwk, member] of wrong) {
    it(`refuse ${what}`, () => {
      expect(faultOf(jwk)?.pointer).to.equal(`/jwks/keys/0${member}`)
      expect(clientKeys([jwk])).to.deep.equal([])
    })
  }

  it('refuse a kid that is there twice, at the second', () => {
    const keys = [{ ...p256, kid: 'a' }, publicOf('p384'), { ...rsa, kid: 'a' }, publicOf('ed25519')]
    expect(jwksFaults(keys, '/jwks/keys').map((f) => f.pointer)).to.deep.equal(['/jwks/keys/2/kid'])
  })

  it('pass over what is unfit in a set that was fetched', () => {
    const keys = [null, 7, 'x', [], { kty: 'oct', k: 'AAAA' }, privateOf('rsa'), { ...p256, kid: 'good' }]
    expect(clientKeys(keys).map((key) => key.kid)).to.deep.equal(['good'])
  })

  it('whatever is made of a good key, it is refused or still that public key', () => {
    const members = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'd', 'k', 'kid', 'alg', 'use', 'key_ops', 'x5c')
    const values = fc.oneof(
      fc.string(),
      fc.constantFrom(...CLIENT_ALGORITHMS, 'EC', 'RSA', 'oct', 'sig'),
      fc.anything(),
    )
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), members, values, (name, member, value) => {
        const jwk = { ...publicOf(name), [member]: value }
        if (faultOf(jwk) !== undefined) return clientKeys([jwk]).length === 0
        const [key] = clientKeys([jwk])
        const kept = publicJwk(jwk)
        return (
          key?.key.type === 'public' &&
          Object.values(kept).every((text) => typeof text === 'string') &&
          PRIVATE.every((secret) => !(secret in kept))
        )
      }),
      { numRuns: 500 },
    )
  })
})

describe('Keys that could have signed', () => {
  const set = clientKeys([
    { ...publicOf('p256'), kid: 'a' },
    { ...publicOf('rsa'), kid: 'b' },
    { ...publicOf('rsa'), kid: 'c', alg: 'PS256' },
    { ...publicOf('ed25519'), kid: 'd' },
    { ...publicOf('p521') },
  ])
  const kidsOf = (kid: string | undefined, alg: string) =>
    candidates(set, kid, alg).map((key) => set.find((entry) => entry.key === key)?.kid)

  it('are those of the kid and of the one algorithm that the key is for', () => {
    expect(kidsOf('a', 'ES256')).to.deep.equal(['a'])
    expect(kidsOf(undefined, 'ES256')).to.deep.equal(['a'])
    expect(kidsOf('b', 'RS256')).to.deep.equal(['b'])
    expect(kidsOf(undefined, 'RS256')).to.deep.equal(['b'])
    expect(kidsOf(undefined, 'PS256')).to.deep.equal(['c'])
    expect(kidsOf('d', 'EdDSA')).to.deep.equal(['d'])
    expect(kidsOf('d', 'Ed25519')).to.deep.equal(['d'])
    expect(kidsOf(undefined, 'ES512')).to.deep.equal([null])
    expect(kidsOf('z', 'ES512'), 'a key without kid may be of any').to.deep.equal([null])
  })

  it('are none for another algorithm, another kid, and every form of none and HMAC', () => {
    for (const [kid, alg] of [
      ['a', 'RS256'],
      ['b', 'PS256'],
      ['c', 'RS256'],
      ['z', 'ES256'],
      ['', 'ES256'],
    ] as const)
      expect(kidsOf(kid, alg), `${kid} ${alg}`).to.deep.equal([])
    for (const alg of ['none', 'None', '', 'HS256', 'HS512', ' ES256', 'es256', 'A128KW', 'constructor', '__proto__'])
      for (const kid of [undefined, 'a', 'b']) expect(kidsOf(kid, alg), alg).to.deep.equal([])
  })

  it('are at most a few', () => {
    const many = clientKeys(Array.from({ length: 20 }, () => publicOf('p256')))
    expect(candidates(many, undefined, 'ES256')).to.have.length(4)
  })

  it('check what the private key signed', () => {
    const data = Buffer.from('text')
    const [key] = candidates(set, 'a', 'ES256')
    expect(verify('sha256', data, key as never, sign('sha256', data, pairs.p256.privateKey))).to.equal(true)
  })
})
