/** May this ceiling be set? */
import type { Account } from '../accounts/rules.ts'
import type { Catalog } from '../catalog.ts'
import { Refusal, sayable } from '../errors.ts'
import { type Grant, offeredScopes } from '../keys/rights.rules.ts'

export interface CeilingFacts {
  account: Account
  catalog: Catalog
  /** Slugs of the sub-accounts that the ceiling names and that exist. */
  subAccounts: ReadonlySet<string>
  /** Scopes of the caller: nobody allows more of the management API than they have. */
  scopes: ReadonlySet<string>
}

/** A ceiling names no namespace: each of its scopes must be one of some namespace. */
export function ceilingFault(grants: readonly Grant[], facts: CeilingFacts): Refusal | null {
  const { account, catalog, subAccounts, scopes } = facts
  const namespaces = [...catalog.namespaces.values()]
  const plan = catalog.plans.get(account.plan)
  const offered = new Set([
    ...namespaces.filter((ns) => !ns.builtIn).flatMap((ns) => [...offeredScopes(account, plan, ns)]),
    ...scopes,
  ])
  for (const [i, { subAccount, scopes: asked }] of grants.entries()) {
    const unknown = asked.findIndex((scope) => !namespaces.some((ns) => ns.scopes.has(scope)))
    if (unknown >= 0) {
      const detail = `"${sayable(asked[unknown] as string)}" is not a scope of any namespace.`
      return new Refusal('unknown_scope', { errors: [{ pointer: `/grants/${i}/scopes/${unknown}`, detail }] })
    }
    if (subAccount !== null && !subAccounts.has(subAccount)) {
      const detail = 'is not a sub-account of this account.'
      return new Refusal('unknown_sub_account', { errors: [{ pointer: `/grants/${i}/subAccount`, detail }] })
    }
  }
  const beyond = [...new Set(grants.flatMap((g) => g.scopes))].filter((scope) => !offered.has(scope))
  if (beyond.length === 0) return null
  return new Refusal('exceeds_your_rights', {
    detail: `Neither plan ${account.plan} nor you have ${beyond.map(sayable).join(' ')}. Leave it out.`,
  })
}
