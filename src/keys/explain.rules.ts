/** What a key may do, what it may not, and why not. */
import { namespaceEnabled, termsAccepted } from '../accounts/rules.ts'
import type { NamespaceEntry } from '../catalog.ts'
import { namedSubAccounts, type Surroundings } from './ending.rules.ts'
import { effectiveRights, type Grant, grantedRights, offeredScopes, type Rights } from './rights.rules.ts'
import { type ApiKey, keyStatus } from './rules.ts'

/** What is against a right: the first in this order. */
export const BECAUSES = ['key', 'holder', 'plan', 'namespace', 'account', 'kind'] as const
export type Because = (typeof BECAUSES)[number]

export interface Explained {
  /** As the next exchange gives them: for the whole account (`subAccount` null), and what sub-accounts have beyond that. */
  effective: Grant[]
  /** All other scopes of the namespace, for the whole account and for each sub-account that key or holder name. */
  missing: (Right & { because: Because })[]
  /** For people. */
  summary: string
}

/** A scope for the whole account (`subAccount` null), or on a sub-account. */
export interface Right {
  subAccount: string | null
  scope: string
}

/** What `before` has and `after` has not; a scope for the whole account is held on each sub-account. */
export function lostRights(before: readonly Grant[], after: readonly Grant[]): Right[] {
  const kept = ({ subAccount, scope }: Right): boolean =>
    after.some((grant) => [null, subAccount].includes(grant.subAccount) && grant.scopes.includes(scope))
  const had = before.flatMap(({ subAccount, scopes }) => scopes.map((scope) => ({ subAccount, scope })))
  return had.filter((right) => !kept(right))
}

/**
 * Addresses and origins are not judged here, for they are the caller's.
 *
 * @param around null for a key of a namespace that the catalog has no more
 */
export function explainRights(key: ApiKey, around: Surroundings | null, now: number): Explained {
  if (around === null) return withoutNamespace(key)
  const { holder, namespace } = around
  const against = againstAll(key, around, now)
  const has = [...against.values()].some(Boolean) ? NOTHING : rightsOf(key, around)
  const scopes = [...new Set([...namespace.scopeNames, ...key.grants.flatMap((g) => g.scopes)])].sort()
  const places = [null, ...new Set(namedSubAccounts(key, holder).sort())]
  return {
    effective: [{ subAccount: null, scopes: [...has.account].sort() }, ...entries(has)].filter(
      (grant) => grant.scopes.length > 0,
    ),
    missing: places.flatMap((subAccount) =>
      scopes
        .filter((scope) => !holds(has, subAccount, scope))
        .map((scope) => ({ subAccount, scope, because: because(key, around, against, { subAccount, scope }) })),
    ),
    summary: sentence(key, has, namespace, against),
  }
}

function withoutNamespace({ name, namespace, grants }: ApiKey): Explained {
  return {
    effective: [],
    missing: grants.flatMap(({ subAccount, scopes }) =>
      scopes.map((scope) => ({ subAccount, scope, because: 'namespace' as const })),
    ),
    summary: `"${name}" may do nothing now: there is no namespace ${namespace} any more.`,
  }
}

const NOTHING: Rights = { account: new Set(), subAccounts: new Map() }

function rightsOf(key: ApiKey, { account, holder, namespace, subAccounts, catalog }: Surroundings): Rights {
  return effectiveRights({
    kind: key.kind,
    grants: key.grants,
    ceiling: holder?.grants ?? null,
    offered: offeredScopes(account, catalog.plans.get(account.plan), namespace),
    namespace,
    subAccounts,
  })
}

type Against = ReadonlyMap<Because, string | null>

/** What stands against any exchange at all, in words. */
function againstAll(key: ApiKey, { account, holder, namespace, catalog }: Surroundings, now: number): Against {
  const status = keyStatus(key, now)
  const enabled = namespaceEnabled(account, namespace.id, catalog)
  const inPlan = enabled || catalog.plans.get(account.plan)?.namespaces.includes(namespace.id) === true
  const terms = termsAccepted(account, catalog.terms, now)
  return new Map<Because, string | null>([
    ['key', status === 'active' ? null : `the key is ${status}`],
    ['holder', holder?.status === 'suspended' ? `its holder ${holder.name} is suspended` : null],
    ['plan', inPlan ? null : `plan ${account.plan} does not have ${namespace.title}`],
    ['namespace', namespaceFault(namespace, enabled)],
    ['account', accountFault(account.status === 'suspended', terms)],
  ])
}

function namespaceFault({ stage, title }: NamespaceEntry, enabled: boolean): string | null {
  if (stage === 'retired') return `${title} is retired`
  return enabled ? null : `${title} is not enabled for the account`
}

function accountFault(suspended: boolean, termsAccepted: boolean): string | null {
  if (suspended) return 'the account is suspended'
  return termsAccepted ? null : 'the account has not accepted the current terms'
}

function because(
  key: ApiKey,
  { account, holder, namespace, subAccounts, catalog }: Surroundings,
  against: Against,
  right: Right,
): Because {
  const { subAccount, scope } = right
  const ceiling = holder?.grants ?? null
  const sub = subAccount === null ? undefined : subAccounts.get(subAccount)
  const faults: Record<Because, boolean> = {
    key: !holds(grantedRights(key.grants, namespace), subAccount, scope),
    holder: ceiling !== null && !holds(grantedRights(ceiling, namespace), subAccount, scope),
    plan: namespace.scopes.has(scope) && !offeredScopes(account, catalog.plans.get(account.plan), namespace).has(scope),
    namespace: !namespace.scopes.has(scope),
    account: subAccount !== null && sub === undefined,
    kind: true,
  }
  return BECAUSES.find((one) => faults[one] || Boolean(against.get(one))) as Because
}

function holds(rights: Rights, subAccount: string | null, scope: string): boolean {
  return rights.account.has(scope) || (subAccount !== null && rights.subAccounts.get(subAccount)?.has(scope) === true)
}

function entries(rights: Rights): Grant[] {
  const all = [...rights.subAccounts].map(([subAccount, scopes]) => ({ subAccount, scopes: [...scopes].sort() }))
  return all.sort((a, b) => (a.subAccount < b.subAccount ? -1 : 1))
}

function sentence(key: ApiKey, has: Rights, namespace: NamespaceEntry, against: Against): string {
  const reason = BECAUSES.map((one) => against.get(one)).find(Boolean)
  if (reason) return `"${key.name}" may do nothing now: ${reason}.`
  const said = (scopes: Iterable<string>): string =>
    [...scopes]
      .sort()
      .map((scope) => (namespace.scopes.get(scope)?.title ?? scope).toLowerCase())
      .join(', ')
  const parts = [
    ...(has.account.size === 0 ? [] : [`${said(has.account)} in the whole account`]),
    ...entries(has).map(({ subAccount, scopes }) => `${said(scopes)} in ${subAccount}`),
  ]
  if (parts.length === 0) return `"${key.name}" may do nothing now: none of its rights is left.`
  return `"${key.name}" may ${parts.join('; and ')}.`
}
