/** May this key be changed so? And the key as it is then. */
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { canonicalJson } from '../events/rules.ts'
import type { Holder } from '../holders/rules.ts'
import { grantFault, holderFault, type KeyWish, memberFault, subAccountRefs, type WishFacts } from './create.rules.ts'
import { publicJwk } from './jwks.rules.ts'
import { narrows } from './narrows.rules.ts'
import type { ApiKey } from './rules.ts'

/** What may be changed of a key: never its namespace, its kind or how it authenticates. */
const MEMBERS = [
  'name',
  'description',
  'grants',
  'holderId',
  'allowedIps',
  'allowedOrigins',
  'expiresAt',
  'customData',
  'tokenEndpointAuthAudience',
  'jwks',
  'jwksUri',
  'dpopBoundAccessTokens',
] as const
export type Changeable = (typeof MEMBERS)[number]

/** Members left out stay as they are. */
export type KeyChange = { [M in Changeable]?: KeyWish[M] | undefined }

/** The key as it would be asked for, with what is to change. */
export function wishOf(key: ApiKey, to: KeyChange, confirm: boolean): KeyWish {
  const asked = Object.fromEntries(
    MEMBERS.map((member) => [member, to[member] === undefined ? key[member] : to[member]]),
  )
  const { namespace, kind, tokenEndpointAuthMethod } = key
  return { ...(asked as Pick<KeyWish, Changeable>), namespace, kind, tokenEndpointAuthMethod, confirm }
}

/** The key with what the wish changes of it, not yet in a version of its own. */
export function changedKey<K extends ApiKey>(key: K, wish: KeyWish, holder: Holder | null): K {
  const { namespace, kind, tokenEndpointAuthMethod, confirm, ...members } = wish
  return {
    ...key,
    ...members,
    holderType: holder?.type ?? null,
    subAccountRefs: subAccountRefs(key.account, wish.grants),
    jwks: wish.jwks === null ? null : { keys: wish.jwks.keys.map(publicJwk) },
  }
}

export function membersChanged(before: ApiKey, after: ApiKey): Changeable[] {
  return MEMBERS.filter((member) => canonicalJson(before[member]) !== canonicalJson(after[member]))
}

/**
 * Why the key cannot become what is wished, or null. Only what changes is judged: a key whose plan or catalog has moved
 * on may still be renamed and narrowed.
 */
export function changeFault(
  facts: WishFacts,
  namespace: NamespaceEntry,
  changed: readonly Changeable[],
): Refusal | null {
  const { wish, holder, subAccounts, now } = facts
  const has = (member: Changeable): boolean => changed.includes(member)
  const uriFault = has('jwksUri') ? facts.jwksUriFault : null
  return (
    memberFault(wish, uriFault, has('expiresAt') ? now : Number.NEGATIVE_INFINITY) ??
    (has('grants') ? grantFault(wish, namespace, subAccounts) : null) ??
    (has('holderId') ? holderFault(wish, holder, namespace) : null)
  )
}

/** Whether the change gives the key anything, for which its author must have the key's rights themselves. */
export function widens(before: ApiKey, after: ApiKey, namespace: NamespaceEntry): boolean {
  // Keys of the management API are as strong as people: whoever opens or takes over one must be so too.
  const from = namespace.builtIn ? after : { ...before, grants: after.grants }
  return narrows(from, before, namespace)
}

/** @throws Refusal `unknown_namespace` for a key of a namespace that the catalog has no more */
export function namespaceOf(key: Pick<ApiKey, 'namespace'>, catalog: Catalog): NamespaceEntry {
  const namespace = catalog.namespaces.get(key.namespace)
  if (namespace !== undefined) return namespace
  throw new Refusal('unknown_namespace', { detail: `The catalog has no namespace ${key.namespace} any more.` })
}
