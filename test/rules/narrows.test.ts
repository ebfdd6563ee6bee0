import { expect } from 'chai'
import fc from 'fast-check'
import { loadCatalog, type NamespaceEntry } from '../../src/catalog.ts'
import { addressAllowed, addressesWithin } from '../../src/keys/addresses.rules.ts'
import { narrows, type Reach } from '../../src/keys/narrows.rules.ts'
import { effectiveRights, type Grant } from '../../src/keys/rights.rules.ts'

const catalog = loadCatalog('latchkey.yaml', 'http://localhost:3000')
const v2 = catalog.namespaces.get('v2') as NamespaceEntry
const SCOPES = ['links:read', 'links:write', 'orders:read', 'orders:write']
const SUBS = ['a', 'b']
const BLOCKS = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '::ffff:10.1.2.0/120', '0.0.0.0/0', '2001:db8::/32', '::/0']
const ADDRESSES = ['10.1.2.3', '::ffff:10.1.2.4', '10.9.9.9', '192.0.2.1', '2001:db8::1', '2001:db9::1']
const ORIGINS = ['https://a.example', 'https://b.example']
const NOW = 1_000

const some = <T>(values: readonly T[]) => fc.subarray([...values])
const grant: fc.Arbitrary<Grant> = fc.record({
  subAccount: fc.constantFrom(null, ...SUBS),
  scopes: fc.subarray(SCOPES, { minLength: 1 }),
})
const jwk = (kid: string) => ({ kty: 'OKP', crv: 'Ed25519', x: kid, kid })
const reach: fc.Arbitrary<Reach> = fc.record({
  kind: fc.constant('publishable' as const),
  grants: fc.array(grant, { minLength: 1, maxLength: 3 }),
  holderId: fc.constantFrom(null, 'hld_1', 'hld_2'),
  allowedIps: some(BLOCKS),
  allowedOrigins: fc.subarray(ORIGINS, { minLength: 1 }),
  expiresAt: fc.constantFrom(null, NOW, NOW + 1, NOW + 2),
  tokenEndpointAuthAudience: fc.constantFrom('issuer' as const, 'token_endpoint' as const),
  jwks: fc.option(some(['k1', 'k2']).map((kids) => ({ keys: kids.map(jwk) }))),
  jwksUri: fc.constantFrom(null, 'https://a.example/jwks'),
  dpopBoundAccessTokens: fc.boolean(),
})
/** Often only one member differs. */
const pair = fc
  .tuple(reach, reach, some(['grants', 'allowedIps', 'expiresAt', 'jwks', 'dpopBoundAccessTokens'] as const))
  .map(([before, other, members]) => {
    const after = { ...before, ...Object.fromEntries(members.map((member) => [member, other[member]])) }
    return { before, after: members.length === 0 ? other : after }
  })

interface Situation {
  address: string
  origin: string
  now: number
  by: 'secret' | 'k1' | 'k2' | 'remote'
  audience: string
  bound: boolean
  scope: string
  subAccount: string | null
  ceilings: Record<string, Grant[] | null>
}
const situation: fc.Arbitrary<Situation> = fc.record({
  address: fc.constantFrom(...ADDRESSES),
  origin: fc.constantFrom(...ORIGINS),
  now: fc.constantFrom(NOW - 1, NOW, NOW + 1),
  by: fc.constantFrom('secret' as const, 'k1' as const, 'k2' as const, 'remote' as const),
  audience: fc.constantFrom('issuer', 'token_endpoint'),
  bound: fc.boolean(),
  scope: fc.constantFrom(...SCOPES),
  subAccount: fc.constantFrom(null, ...SUBS),
  ceilings: fc.record({ hld_1: fc.option(fc.array(grant)), hld_2: fc.option(fc.array(grant)) }),
})

/** Whether an exchange in this situation gives this scope there: the plain meaning of each member. */
function gives(key: Reach, at: Situation): boolean {
  const shown =
    at.by === 'secret' ||
    (at.audience === key.tokenEndpointAuthAudience &&
      (at.by === 'remote' ? key.jwksUri !== null : (key.jwks?.keys.some(({ kid }) => kid === at.by) ?? false)))
  const { account, subAccounts } = effectiveRights({
    kind: 'secret',
    grants: key.grants,
    ceiling: key.holderId === null ? null : (at.ceilings[key.holderId] ?? null),
    offered: new Set(SCOPES),
    namespace: v2,
    subAccounts: new Map(SUBS.map((id) => [id, { kind: 'primary' }])),
  })
  return (
    shown &&
    addressAllowed(at.address, key.allowedIps) &&
    key.allowedOrigins.includes(at.origin) &&
    (key.expiresAt === null || at.now < key.expiresAt) &&
    (at.bound || !key.dpopBoundAccessTokens) &&
    (account.has(at.scope) || (at.subAccount !== null && subAccounts.get(at.subAccount)?.has(at.scope) === true))
  )
}

describe('Whether an edit narrows a key', () => {
  it('is yes whenever some exchange is refused that was allowed, or gives less', () => {
    fc.assert(
      fc.property(pair, fc.array(situation, { minLength: 20, maxLength: 20 }), ({ before, after }, situations) => {
        const lost = situations.some((at) => gives(before, at) && !gives(after, at))
        if (lost) expect(narrows(before, after, v2)).to.equal(true)
      }),
      { numRuns: 3_000 },
    )
  }).timeout(20_000)

  it('is no for the same key, and for one that was only given more', () => {
    fc.assert(
      fc.property(reach, grant, fc.constantFrom(...BLOCKS), (before, more, block) => {
        expect(narrows(before, { ...before }, v2)).to.equal(false)
        const allowedIps = before.allowedIps.length === 0 ? [] : [block, ...before.allowedIps]
        const after = { ...before, grants: [more, ...before.grants], allowedIps, expiresAt: null }
        expect(narrows(before, { ...after, dpopBoundAccessTokens: false }, v2)).to.equal(false)
      }),
    )
  })

  it('a secret key’s origins say nothing', () => {
    const [before] = fc.sample(reach, 1) as [Reach]
    expect(narrows({ ...before, kind: 'secret' }, { ...before, kind: 'secret', allowedOrigins: [] }, v2)).to.equal(
      false,
    )
  })

  for (const [before, after, within] of [
    [[], [], true],
    [[], ['0.0.0.0/0'], false],
    [['10.0.0.0/8'], [], true],
    [['10.1.2.3'], ['10.1.2.0/24'], true],
    [['10.1.2.0/24'], ['10.1.2.3'], false],
    [['::ffff:10.1.2.3'], ['10.1.2.3/32'], true],
    [['2001:db8::1'], ['2001:0db8:0::/48'], true],
    [['10.0.0.1'], ['::/0'], false],
  ] as const)
    it(`addresses ${before.join(' ') || 'any'} are ${within ? '' : 'not '}within ${after.join(' ') || 'any'}`, () => {
      expect(addressesWithin(before, after)).to.equal(within)
    })
})
