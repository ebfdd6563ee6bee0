/**
 * What a key may do: its grants, cut by its holder's ceiling, its account's plan and its namespace's catalog. Nothing
 * here is kept; it is worked out afresh at every exchange.
 */
import { OPERATOR } from '../accounts/rules.ts'
import type { NamespaceEntry, PlanEntry, ScopeEntry } from '../catalog.ts'
import { sayable } from '../errors.ts'
import type { KeyKind } from './grammar.rules.ts'

/** `subAccount` null: the whole account. */
export interface Grant {
  subAccount: string | null
  scopes: string[]
}

/** Scopes for the whole account, and for each sub-account those that the whole account does not have already. */
export interface Rights {
  account: ReadonlySet<string>
  subAccounts: ReadonlyMap<string, ReadonlySet<string>>
}

/** What of a namespace and of a plan rights hang on. */
export type RightsNamespace = Pick<NamespaceEntry, 'id' | 'builtIn' | 'scopeNames'> & {
  scopes: ReadonlyMap<string, Pick<ScopeEntry, 'publishable' | 'implies' | 'subAccountKinds'>>
}
export type RightsPlan = Pick<PlanEntry, 'scopesByNamespace'>

export interface RightsSources {
  /** A publishable key has publishable scopes alone, whatever it was granted when more were. */
  kind: KeyKind
  grants: readonly Grant[]
  /** The holder's ceiling; null: none. */
  ceiling: readonly Grant[] | null
  /** What the account's plan has of the namespace: {@link offeredScopes}. */
  offered: ReadonlySet<string>
  namespace: RightsNamespace
  /** Active sub-accounts that grants may name, with their kinds. */
  subAccounts: ReadonlyMap<string, { kind: string }>
}

/** Key ∩ holder ∩ plan ∩ namespace, implied scopes written out. */
export function effectiveRights(from: RightsSources): Rights {
  const key = grantedRights(from.grants, from.namespace)
  const ceiling = from.ceiling === null ? null : grantedRights(from.ceiling, from.namespace)
  const offered = from.kind === 'secret' ? from.offered : publishable(from.offered, from.namespace)
  const account = new Set(
    [...key.account].filter((s) => offered.has(s) && (ceiling === null || ceiling.account.has(s))),
  )
  const subAccounts = new Map<string, ReadonlySet<string>>()
  for (const id of new Set([...key.subAccounts.keys(), ...(ceiling?.subAccounts.keys() ?? [])])) {
    const sub = from.subAccounts.get(id)
    if (sub === undefined) continue
    const granted = union(key.account, key.subAccounts.get(id))
    const allowed = ceiling === null ? granted : union(ceiling.account, ceiling.subAccounts.get(id))
    const scopes = [...granted].filter(
      (s) => allowed.has(s) && offered.has(s) && !account.has(s) && fits(s, sub.kind, from.namespace),
    )
    if (scopes.length > 0) subAccounts.set(id, new Set(scopes))
  }
  return { account, subAccounts }
}

export type Narrowed = { ok: true; rights: Rights } | { ok: false; extras: string[] }

/**
 * Narrows to the scopes asked for: each must be held for the whole account or on some sub-account (RFC 6749 §3.3:
 * more than there is is refused, not trimmed). `extras` names what is not held.
 */
export function narrowToScopes(rights: Rights, asked: readonly string[], namespace: RightsNamespace): Narrowed {
  const wanted = expand(asked, namespace)
  const held = new Set([...rights.account, ...[...rights.subAccounts.values()].flatMap((s) => [...s])])
  const extras = asked.filter((scope) => !held.has(scope))
  if (extras.length > 0) return { ok: false, extras }
  const keep = (scopes: ReadonlySet<string>) => new Set([...scopes].filter((s) => wanted.has(s)))
  const subAccounts = new Map(
    [...rights.subAccounts].map(([id, s]) => [id, keep(s)] as const).filter(([, s]) => s.size > 0),
  )
  return { ok: true, rights: { account: keep(rights.account), subAccounts } }
}

/** Narrows to one sub-account: whole-account scopes then stand in its entry, and none are left for the account. */
export function narrowToSubAccount(rights: Rights, id: string, kind: string, namespace: RightsNamespace): Rights {
  const scopes = [...union(rights.account, rights.subAccounts.get(id))].filter((s) => fits(s, kind, namespace))
  return { account: new Set(), subAccounts: scopes.length === 0 ? new Map() : new Map([[id, new Set(scopes)]]) }
}

/** What both hold; a scope for the whole account is held on each sub-account. */
export function commonRights(one: Rights, other: Rights): Rights {
  const account = new Set([...one.account].filter((s) => other.account.has(s)))
  const subAccounts = new Map<string, ReadonlySet<string>>()
  for (const id of new Set([...one.subAccounts.keys(), ...other.subAccounts.keys()])) {
    const theirs = union(other.account, other.subAccounts.get(id))
    const both = [...union(one.account, one.subAccounts.get(id))].filter((s) => theirs.has(s) && !account.has(s))
    if (both.length > 0) subAccounts.set(id, new Set(both))
  }
  return { account, subAccounts }
}

export function isEmpty(rights: Rights): boolean {
  return rights.account.size === 0 && rights.subAccounts.size === 0
}

/**
 * Scopes of the namespace that the account's plan has, implied ones among them. The management API is in every plan,
 * but for the scopes that only the operator's own account may hold.
 */
export function offeredScopes(
  account: { id: string },
  plan: RightsPlan | undefined,
  namespace: RightsNamespace,
): ReadonlySet<string> {
  if (namespace.builtIn)
    return account.id === OPERATOR
      ? namespace.scopeNames
      : new Set([...namespace.scopeNames].filter((s) => !s.startsWith('operator:')))
  return plan?.scopesByNamespace.get(namespace.id) ?? NONE
}

/** Adds what each scope implies. */
export function expand(scopes: Iterable<string>, namespace: RightsNamespace): Set<string> {
  const all = new Set<string>()
  const add = (scope: string): void => {
    if (all.has(scope)) return
    all.add(scope)
    for (const implied of namespace.scopes.get(scope)?.implies ?? []) add(implied)
  }
  for (const scope of scopes) add(scope)
  return all
}

/** Why these grants cannot stand in the namespace, or null. */
export function grantsFault(
  grants: readonly Grant[],
  namespace: RightsNamespace,
): { pointer: string; detail: string } | null {
  for (const [i, grant] of grants.entries()) {
    for (const [j, scope] of grant.scopes.entries()) {
      if (!namespace.scopes.has(scope)) {
        return {
          pointer: `/grants/${i}/scopes/${j}`,
          detail: `"${sayable(scope)}" is not a scope of namespace ${namespace.id}.`,
        }
      }
    }
  }
  return null
}

/** Grants as the command line takes them: `links:read`, or `acme-eu=orders:write` on a sub-account. */
export function rightsText(grants: readonly Grant[]): string {
  return grants
    .map(({ subAccount, scopes }) => `${subAccount === null ? '' : `${subAccount}=`}${scopes.join(' ')}`)
    .join('; ')
}

const NONE: ReadonlySet<string> = new Set()

/** The grants themselves, implied scopes written out. */
export function grantedRights(grants: readonly Grant[], namespace: RightsNamespace): Rights {
  const account = new Set<string>()
  const subAccounts = new Map<string, Set<string>>()
  for (const grant of grants) {
    const scopes = expand(grant.scopes, namespace)
    if (grant.subAccount === null) for (const s of scopes) account.add(s)
    else subAccounts.set(grant.subAccount, union(subAccounts.get(grant.subAccount) ?? NONE, scopes))
  }
  return { account, subAccounts }
}

function publishable(scopes: ReadonlySet<string>, namespace: RightsNamespace): ReadonlySet<string> {
  return new Set([...scopes].filter((scope) => namespace.scopes.get(scope)?.publishable))
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string> | undefined): Set<string> {
  return b === undefined ? new Set(a) : new Set([...a, ...b])
}

function fits(scope: string, kind: string, namespace: RightsNamespace): boolean {
  const kinds = namespace.scopes.get(scope)?.subAccountKinds
  return kinds === undefined || kinds.includes(kind)
}
