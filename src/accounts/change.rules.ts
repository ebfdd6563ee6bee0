/** What may be made of an account, and by whom. */
import type { Catalog } from '../catalog.ts'
import { Refusal, sayable } from '../errors.ts'
import { type Account, OPERATOR } from './rules.ts'

/** Plans, hosts and new accounts are for the operator's admins; namespaces and suspension for support too. */
export const FOR_ADMINS = { scopes: ['operator:accounts'], roles: 'admin' } as const
export const FOR_SUPPORT = { scopes: ['operator:accounts', 'operator:support'], roles: 'support or admin' } as const

/** Why a caller with these scopes may not do what only the operator does; null: they may. */
export function operatorFault(held: ReadonlySet<string>, what: typeof FOR_ADMINS | typeof FOR_SUPPORT): Refusal | null {
  if (what.scopes.some((scope) => held.has(scope))) return null
  return new Refusal('forbidden', {
    detail: `This needs scope ${what.scopes.join(' or ')}, which keys of account ${OPERATOR} alone can have. People of that account with role ${what.roles} may do it.`,
  })
}

/** Members left out stay as they are. */
export interface AccountChange {
  name?: string | undefined
  plan?: string | undefined
  /** By namespace; null: the catalog's template again. */
  hosts?: Record<string, string | null> | undefined
  customData?: Record<string, unknown> | undefined
}

/** @throws Refusal where plan or namespace are not of the catalog */
export function changed(account: Account, change: AccountChange, catalog: Catalog): Partial<Account> {
  const { name, plan, hosts, customData } = change
  return {
    ...(name === undefined ? {} : { name }),
    ...(customData === undefined ? {} : { customData }),
    ...(hosts === undefined ? {} : { hosts: mergedHosts(account.hosts, hosts, catalog) }),
    ...(plan === undefined ? {} : onPlan(account, plan, catalog)),
  }
}

/** Namespaces that the plan does not have are off, and are not on again by themselves when a later plan has them. */
function onPlan(account: Account, plan: string, catalog: Catalog): Pick<Account, 'plan' | 'namespaces'> {
  const entry = planOf(plan, catalog)
  return { plan, namespaces: account.namespaces.filter((ns) => entry.namespaces.includes(ns)) }
}

export function planOf(plan: string, catalog: Catalog) {
  const entry = catalog.plans.get(plan)
  if (entry !== undefined) return entry
  const detail = `"${sayable(plan)}" is not a plan. There are: ${[...catalog.plans.keys()].join(', ')}.`
  throw new Refusal('unknown_plan', { errors: [{ pointer: '/plan', detail }] })
}

export function mergedHosts(
  present: Record<string, string>,
  change: Record<string, string | null>,
  catalog: Catalog,
): Record<string, string> {
  const unknown = Object.keys(change).find((ns) => catalog.namespaces.get(ns)?.builtIn !== false)
  if (unknown !== undefined) {
    const detail = `"${sayable(unknown)}" is not a namespace with a host.`
    throw new Refusal('unknown_namespace', { errors: [{ pointer: '/hosts', detail }] })
  }
  const merged = Object.entries({ ...present, ...change })
  return Object.fromEntries(merged.filter((pair): pair is [string, string] => pair[1] !== null))
}

/** Namespaces of a new account, unless said: those of its plan that are neither beta nor retired. */
export function firstNamespaces(plan: string, catalog: Catalog): string[] {
  return planOf(plan, catalog).namespaces.filter((ns) => {
    const stage = catalog.namespaces.get(ns)?.stage
    return stage === 'stable' || stage === 'deprecated'
  })
}

/** @throws Refusal `not_found`, `namespace_retired`, `plan_excludes_namespace` */
export function requireNamespaceOnPlan(account: Pick<Account, 'plan'>, id: string, catalog: Catalog): void {
  const namespace = catalog.namespaces.get(id)
  if (namespace === undefined || namespace.builtIn) throw new Refusal('not_found')
  if (namespace.stage === 'retired') throw new Refusal('namespace_retired')
  if (catalog.plans.get(account.plan)?.namespaces.includes(id)) return
  const plans = [...catalog.plans.values()].filter((plan) => plan.namespaces.includes(id)).map((plan) => plan.id)
  throw new Refusal('plan_excludes_namespace', {
    detail: `Plan ${account.plan} does not have namespace ${id}. Change the plan first; these have it: ${plans.join(', ') || 'none'}.`,
  })
}
