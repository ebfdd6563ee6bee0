/** Which live tokens a change of account, holder or sub-account ends, and how. */
import { type Account, namespaceEnabled } from '../accounts/rules.ts'
import type { Catalog, NamespaceEntry, PlanEntry } from '../catalog.ts'
import type { Holder } from '../holders/rules.ts'
import { INVALID, type StatusRef, type StatusValue, SUSPENDED, VALID } from '../status/rules.ts'
import type { NewEvent } from '../store/store.ts'
import { effectiveRights, type Grant, grantedRights, offeredScopes, type Rights } from './rights.rules.ts'
import type { ApiKey } from './rules.ts'
import type { Served } from './served.rules.ts'

/**
 * Tokens that a committed change still has to end. Written in the commit of that change and worked off afterwards, a few
 * keys a commit, so that it happens however many keys there are and whatever happens to the process.
 */
export interface Ending {
  id: string
  account: string
  /** Whose tokens: those of keys that have all of these; none: all of the account. */
  of: { keyId?: string; holderId?: string; namespace?: string }
  before: Before
  /** Where somebody asked for it: every token ends, whatever it allows. */
  demand?: Demand
  /** Keys up to here are done; null: none yet. */
  after: { at: number; id: string } | null
  createdAt: number
}

/** That live tokens are to end although nothing narrows their keys. */
export interface Demand {
  /** Only of keys that hold it; null: of all. */
  scope: string | null
  /** Keys whose tokens have ended so far. */
  keys: number
  /** Told once all have, with `keys` beside the data. */
  event: NewEvent
}

/** What the change replaced, where it may have narrowed rights. */
export interface Before {
  plan?: string
  /** Id of the catalog that was served. */
  catalog?: string
  /** Of the holder that `of` names. */
  ceiling?: Grant[] | null
  /** Of the holder that `of` names: tokens carry it, and resource servers go by it. */
  externalId?: string
  /** As it was, active. */
  subAccount?: { slug: string; kind: string }
}

/** All that a key's rights hang on beside the key. */
export interface Surroundings {
  account: Account
  holder: Holder | null
  namespace: NamespaceEntry
  /** Active sub-accounts, with their kinds. */
  subAccounts: ReadonlyMap<string, { kind: string }>
  catalog: Catalog
}

/** Tokens of a key that is refused read as suspended, until it is not refused any more. */
export function standingOf(key: ApiKey, { account, holder, namespace, catalog }: Surroundings): StatusValue {
  if (key.revoked !== null) return INVALID
  const refused =
    key.suspendedAt !== null ||
    holder?.status === 'suspended' ||
    account.status === 'suspended' ||
    namespace.stage === 'retired' ||
    !namespaceEnabled(account, namespace.id, catalog)
  return refused ? SUSPENDED : VALID
}

/**
 * Whether tokens of before the change allow more than the key's next token would, or act for whom that one does not.
 *
 * @param served the catalog that `before` names, or else the present one
 */
export function narrowed(key: ApiKey, before: Before, now: Surroundings, served: Served): boolean {
  const { account, holder, namespace, subAccounts, catalog } = now
  const oldNamespace = served.namespaces.get(key.namespace)
  if (oldNamespace === undefined) return false
  const ceiling = holder?.grants ?? null
  const plan = catalog.plans.get(account.plan)
  const oldPlan = served.plans.get(before.plan ?? account.plan)
  const oldSubAccounts = new Map(subAccounts)
  if (before.subAccount !== undefined) oldSubAccounts.set(before.subAccount.slug, before.subAccount)
  const { kind, grants } = key
  const had = effectiveRights({
    kind,
    grants,
    ceiling: before.ceiling === undefined ? ceiling : before.ceiling,
    offered: offeredScopes(account, oldPlan, oldNamespace),
    namespace: oldNamespace,
    subAccounts: oldSubAccounts,
  })
  const offered = offeredScopes(account, plan, namespace)
  const has = effectiveRights({ kind, grants, ceiling, offered, namespace, subAccounts })
  const asAnother = before.externalId !== undefined && before.externalId !== holder?.externalId
  return exceeds(had, has) || entitledToMore(oldPlan, plan) || asAnother
}

/** Whether every token of the key is to end. */
export function demanded(key: ApiKey, { scope }: Demand, { namespace }: Surroundings): boolean {
  if (scope === null) return true
  const { account, subAccounts } = grantedRights(key.grants, namespace)
  return account.has(scope) || [...subAccounts.values()].some((scopes) => scopes.has(scope))
}

/** Whether `one` has anything that `other` has not. */
export function exceeds(one: Rights, other: Rights): boolean {
  return excess(one, other).length > 0
}

/** Scopes that `one` has, for the account or on some sub-account, and `other` has not there. */
export function excess(one: Rights, other: Rights): string[] {
  const more = [...one.subAccounts].flatMap(([id, scopes]) =>
    [...scopes].filter((s) => !other.account.has(s) && !other.subAccounts.get(id)?.has(s)),
  )
  return [...new Set([...[...one.account].filter((s) => !other.account.has(s)), ...more])]
}

type Entitled = Pick<PlanEntry, 'entitlements'>

/** null is no limit; what a plan does not name it does not have. */
function entitledToMore(one: Entitled | undefined, other: Entitled | undefined): boolean {
  const theirs = other?.entitlements ?? {}
  return Object.entries(one?.entitlements ?? {}).some(([name, mine]) => {
    const their = theirs[name]
    if (their === mine || their === null) return false
    return !(typeof mine === 'number' && typeof their === 'number' && their > mine)
  })
}

/** The same credentials at new places, in the order of `statusRefs`: what was issued stays behind. */
export function moved<K extends ApiKey>(key: K, to: readonly StatusRef[]): K {
  const places = [...to]
  const secrets = key.secrets.map((secret) => ({ ...secret, status: places.shift() ?? secret.status }))
  return { ...key, secrets, jwksStatus: key.jwksStatus === null ? null : (places.shift() ?? key.jwksStatus) }
}

/** Slugs of the sub-accounts that the key's rights may name. */
export function namedSubAccounts(key: ApiKey, holder: Holder | null): string[] {
  return [...key.grants, ...(holder?.grants ?? [])].map((g) => g.subAccount).filter((slug) => slug !== null)
}
