import { type SubAccount, subAccountId } from '../accounts/rules.ts'
import { type Code, sayable } from '../errors.ts'
import {
  commonRights,
  effectiveRights,
  expand,
  isEmpty,
  narrowToScopes,
  narrowToSubAccount,
  offeredScopes,
  type Rights,
} from '../keys/rights.rules.ts'
import type { Store } from '../store/store.ts'
import type { Authentic } from './authenticate.ts'
import type { AskedDetail } from './details.rules.ts'

/** What an exchange asks for. */
export interface Wanted {
  /** Scopes asked for; none: all there is. */
  scope?: readonly string[] | undefined
  subAccount?: string | undefined
  /** `authorization_details` asked for (RFC 9396). */
  details?: readonly AskedDetail[] | undefined
  /** Clamped to the namespace's lifetime. */
  ttlSeconds?: number | undefined
  /** The token to narrow; none: the key itself is exchanged. */
  subjectToken?: string | undefined
}

export type NarrowedRights = { ok: true; rights: Rights } | { ok: false; code: Code; detail: string }

/**
 * The key's rights as they stand, cut to what is asked for; or why that cannot be.
 *
 * @param ceiling rights of the token that is narrowed, where one is
 */
export async function narrowedRights(
  store: Store,
  found: Authentic,
  wanted: Wanted,
  ceiling: Rights | null,
): Promise<NarrowedRights> {
  const { namespace } = found
  let rights = await rightsOf(store, found)
  if (ceiling !== null) rights = commonRights(rights, ceiling)
  if (wanted.subAccount !== undefined) {
    const [sub] = await activeSubAccounts(store, found, [wanted.subAccount])
    rights = sub === undefined ? EMPTY : narrowToSubAccount(rights, sub.slug, sub.kind, namespace)
    if (isEmpty(rights)) return refused(NOT_THERE)
  }
  const before = rights
  if (wanted.scope !== undefined && wanted.scope.length > 0) {
    const narrowed = narrowToScopes(rights, wanted.scope, namespace)
    if (!narrowed.ok) return refused(extras(narrowed.extras, ceiling !== null))
    rights = narrowed.rights
  }
  if (wanted.details !== undefined) {
    const subAccounts = await narrowToDetails(store, found, before, wanted.details)
    if (subAccounts === null) return refused(NOT_GRANTED, 'invalid_authorization_details')
    const account: ReadonlySet<string> = wanted.scope === undefined ? new Set() : rights.account
    rights = { account, subAccounts: without(subAccounts, account) }
  }
  return isEmpty(rights) ? refused(NOTHING_LEFT) : { ok: true, rights }
}

/** What is asked for on each sub-account, implied scopes written out; null where not all of it is held. */
async function narrowToDetails(
  store: Store,
  found: Authentic,
  rights: Rights,
  asked: readonly AskedDetail[],
): Promise<Map<string, Set<string>> | null> {
  const { namespace } = found
  const active = await activeSubAccounts(store, found, [...new Set(asked.map((one) => one.identifier))])
  const granted = new Map<string, Set<string>>()
  for (const { identifier, actions } of asked) {
    const sub = active.find((one) => one.slug === identifier)
    if (sub === undefined) return null
    const held = narrowToSubAccount(rights, sub.slug, sub.kind, namespace).subAccounts.get(sub.slug) ?? NONE
    if (actions.some((action) => !held.has(action))) return null
    const all = granted.get(identifier) ?? new Set()
    for (const action of expand(actions, namespace)) if (held.has(action)) all.add(action)
    granted.set(identifier, all)
  }
  return granted
}

function without(subAccounts: Map<string, Set<string>>, account: ReadonlySet<string>): Map<string, Set<string>> {
  const rest = [...subAccounts].map(([id, all]) => [id, new Set([...all].filter((s) => !account.has(s)))] as const)
  return new Map(rest.filter(([, scopes]) => scopes.size > 0))
}

function refused(detail: string, code: Code = 'invalid_scope'): NarrowedRights {
  return { ok: false, code, detail }
}

const NONE: ReadonlySet<string> = new Set()
const NOT_GRANTED =
  'Not all of authorization_details is held: name sub-accounts and actions that are granted, or leave it out.'

const EMPTY: Rights = { account: new Set(), subAccounts: new Map() }
const NOT_THERE = 'This key has no rights on that sub-account. Ask for one that it has, or leave subAccount out.'
const NOTHING_LEFT = 'Nothing is left of what this key was granted. Ask whoever manages the key what it may do.'
const MAX_SAID = 20

function extras(scopes: readonly string[], ofToken: boolean): string {
  const said = scopes.slice(0, MAX_SAID).map(sayable).join(' ')
  const whose = ofToken ? 'The subject token' : 'This key'
  return `${whose} does not have: ${said}. Ask for less, or leave scope out to get all that it has.`
}

async function rightsOf(store: Store, found: Authentic): Promise<Rights> {
  const { key, account, holder, plan, namespace } = found
  const named = [...key.grants, ...(holder?.grants ?? [])].map((g) => g.subAccount).filter((slug) => slug !== null)
  const subAccounts = named.length === 0 ? [] : await activeSubAccounts(store, found, [...new Set(named)])
  return effectiveRights({
    kind: key.kind,
    grants: key.grants,
    ceiling: holder?.grants ?? null,
    offered: offeredScopes(account, plan, namespace),
    namespace,
    subAccounts: new Map(subAccounts.map((s) => [s.slug, { kind: s.kind }])),
  })
}

/** Those that the key's grants name came with the key; only others, of the request or the holder, are looked up. */
async function activeSubAccounts(store: Store, found: Authentic, slugs: readonly string[]): Promise<SubAccount[]> {
  const loaded = new Set(found.key.subAccountRefs)
  const ids = slugs.map((slug) => subAccountId(found.account.id, slug))
  const others = ids.filter((id) => !loaded.has(id))
  const rest =
    others.length === 0
      ? []
      : await store.getMany(
          found.account.id,
          others.map((id) => ({ collection: 'subAccounts', id })),
        )
  const all = [...found.subAccounts, ...(rest.filter((s) => s !== null) as unknown as SubAccount[])]
  return all.filter((s) => ids.includes(s.id) && s.status === 'active')
}
