import { expect } from 'chai'
import fc from 'fast-check'
import type { NamespaceEntry } from '../../src/catalog.ts'
import { loadCatalog } from '../../src/catalog.ts'
import {
  effectiveRights,
  type Grant,
  narrowToScopes,
  narrowToSubAccount,
  type Rights,
} from '../../src/keys/rights.rules.ts'

const catalog = loadCatalog('latchkey.yaml', 'http://localhost:3000')
const v2 = catalog.namespaces.get('v2') as NamespaceEntry
const all = [...v2.scopeNames]
const SUBS = ['a', 'b', 'c']
const subAccounts = new Map(SUBS.map((id) => [id, { kind: 'nickname' }]))

const scopes = fc.uniqueArray(fc.constantFrom(...all), { minLength: 1, maxLength: 8 })
const grant: fc.Arbitrary<Grant> = fc.record({ subAccount: fc.constantFrom(null, ...SUBS, 'gone'), scopes })
const grants = fc.array(grant, { maxLength: 6 })
const offered = fc.uniqueArray(fc.constantFrom(...all)).map((list) => new Set(list))

/** May the rights do this scope on this sub-account (null: for the whole account)? The plain meaning of a grant. */
const may = (rights: Rights, scope: string, sub: string | null): boolean =>
  rights.account.has(scope) || (sub !== null && (rights.subAccounts.get(sub)?.has(scope) ?? false))
const given = (list: readonly Grant[], scope: string, sub: string | null): boolean =>
  list.some(
    (g) =>
      (g.subAccount === null || g.subAccount === sub) &&
      g.scopes.some((s) => s === scope || v2.scopes.get(s)?.implies.includes(scope)),
  )

describe('Rights', () => {
  it('are key ∩ holder ∩ plan ∩ namespace, on every sub-account and for the account', () => {
    fc.assert(
      fc.property(grants, fc.option(grants), offered, (key, ceiling, plan) => {
        const rights = effectiveRights({
          kind: 'secret',
          grants: key,
          ceiling,
          offered: plan,
          namespace: v2,
          subAccounts,
        })
        for (const scope of all) {
          for (const sub of [null, ...SUBS]) {
            const expected =
              given(key, scope, sub) && (ceiling === null || given(ceiling, scope, sub)) && plan.has(scope)
            expect(may(rights, scope, sub), `${scope} on ${sub}`).to.equal(expected)
          }
        }
        expect(rights.subAccounts.has('gone')).to.equal(false)
      }),
      { numRuns: 300 },
    )
  })

  it('no scope stands twice: an entry holds only what the whole account does not have', () => {
    fc.assert(
      fc.property(grants, offered, (key, plan) => {
        const rights = effectiveRights({
          kind: 'secret',
          grants: key,
          ceiling: null,
          offered: plan,
          namespace: v2,
          subAccounts,
        })
        for (const entry of rights.subAccounts.values()) {
          expect(entry.size).to.be.greaterThan(0)
          for (const scope of entry) expect(rights.account.has(scope)).to.equal(false)
        }
      }),
    )
  })

  it('narrowing never widens, and refuses exactly what is not held anywhere', () => {
    fc.assert(
      fc.property(grants, scopes, (key, asked) => {
        const rights = effectiveRights({
          kind: 'secret',
          grants: key,
          ceiling: null,
          offered: v2.scopeNames,
          namespace: v2,
          subAccounts,
        })
        const missing = asked.filter((s) => ![null, ...SUBS].some((sub) => may(rights, s, sub)))
        const narrowed = narrowToScopes(rights, asked, v2)
        expect(narrowed.ok ? [] : narrowed.extras).to.deep.equal(missing)
        if (!narrowed.ok) return
        for (const scope of all)
          for (const sub of [null, ...SUBS])
            if (may(narrowed.rights, scope, sub)) expect(may(rights, scope, sub)).to.equal(true)
      }),
    )
  })

  it('narrowing to a sub-account keeps what held on it and nothing for the account', () => {
    fc.assert(
      fc.property(grants, fc.constantFrom(...SUBS), (key, sub) => {
        const rights = effectiveRights({
          kind: 'secret',
          grants: key,
          ceiling: null,
          offered: v2.scopeNames,
          namespace: v2,
          subAccounts,
        })
        const narrowed = narrowToSubAccount(rights, sub, 'nickname', v2)
        expect(narrowed.account.size).to.equal(0)
        for (const scope of all) expect(may(narrowed, scope, sub)).to.equal(may(rights, scope, sub))
        for (const other of SUBS.filter((s) => s !== sub)) expect(narrowed.subAccounts.has(other)).to.equal(false)
      }),
    )
  })

  it('a scope for some kinds of sub-account holds on no other kind', () => {
    const orders = { ...v2.scopes.get('orders:read')!, subAccountKinds: ['primary'] }
    const namespace = { ...v2, scopes: new Map([...v2.scopes, ['orders:read', orders]]) }
    const kinds = new Map([
      ['a', { kind: 'primary' }],
      ['b', { kind: 'nickname' }],
    ])
    const key = ['a', 'b'].map((subAccount) => ({ subAccount, scopes: ['orders:read'] }))
    const rights = effectiveRights({
      kind: 'secret',
      grants: key,
      ceiling: null,
      offered: v2.scopeNames,
      namespace,
      subAccounts: kinds,
    })
    expect([...rights.subAccounts.keys()]).to.deep.equal(['a'])
  })
})
