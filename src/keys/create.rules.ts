/** May this key be made? And the key itself. */
import { type Account, subAccountId } from '../accounts/rules.ts'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { type FieldFault, Refusal, sayable } from '../errors.ts'
import type { Holder } from '../holders/rules.ts'
import type { StatusRef } from '../status/rules.ts'
import { isAddressBlock } from './addresses.rules.ts'
import { accountRefusal, adviceFor } from './admission.rules.ts'
import type { KeyKind } from './grammar.rules.ts'
import { jwksFaults, publicJwk } from './jwks.rules.ts'
import { expand, type Grant, grantsFault, offeredScopes } from './rights.rules.ts'
import { type ApiKey, type Author, hashKey, type Secret } from './rules.ts'

/** What a caller asks for, defaults filled in. */
export interface KeyWish {
  name: string
  namespace: string
  kind: KeyKind
  description: string
  holderId: string | null
  grants: Grant[]
  allowedIps: string[]
  allowedOrigins: string[]
  expiresAt: number | null
  customData: Record<string, unknown>
  tokenEndpointAuthMethod: ApiKey['tokenEndpointAuthMethod']
  tokenEndpointAuthAudience: ApiKey['tokenEndpointAuthAudience']
  /** As sent; what is kept of it are the public members. */
  jwks: { keys: Record<string, unknown>[] } | null
  jwksUri: string | null
  dpopBoundAccessTokens: boolean
  confirm: boolean
}

/** A secret key without holder, limits or end. */
export const PLAIN_WISH: Omit<KeyWish, 'name' | 'namespace' | 'grants'> = Object.freeze({
  kind: 'secret',
  description: '',
  holderId: null,
  allowedIps: [],
  allowedOrigins: [],
  expiresAt: null,
  customData: {},
  tokenEndpointAuthMethod: 'client_secret_basic',
  tokenEndpointAuthAudience: 'issuer',
  jwks: null,
  jwksUri: null,
  dpopBoundAccessTokens: false,
  confirm: false,
})

export interface WishFacts {
  wish: KeyWish
  account: Account
  /** As looked up by the wish's holderId. */
  holder: Holder | null
  /** Slugs of the sub-accounts that the grants name and that exist. */
  subAccounts: ReadonlySet<string>
  /** Why the wish's jwksUri will never be asked, by the rules for outbound requests. */
  jwksUriFault: string | null
  catalog: Catalog
  now: number
}

/** Why no such key can be made, whoever asks; null where it can. */
export function wishFault(facts: WishFacts): Refusal | null {
  const { wish, account, holder, catalog, now } = facts
  const namespace = catalog.namespaces.get(wish.namespace)
  if (namespace === undefined)
    return new Refusal('unknown_namespace', {
      errors: [{ pointer: '/namespace', detail: `"${sayable(wish.namespace)}" is not a namespace.` }],
    })
  return (
    memberFault(wish, facts.jwksUriFault, now) ??
    accountFault(account, namespace, catalog, now) ??
    grantFault(wish, namespace, facts.subAccounts) ??
    holderFault(wish, holder, namespace)
  )
}

/** @param jwksUriFault why that address is not asked, if it is not */
export function memberFault(wish: KeyWish, jwksUriFault: string | null, now: number): Refusal | null {
  const errors = [...fieldFaults(wish, now), ...clientFaults(wish, jwksUriFault)]
  return errors.length > 0 ? new Refusal('invalid_request', { errors }) : null
}

/** @param subAccounts slugs of those that the grants name and that exist */
export function grantFault(
  wish: Pick<KeyWish, 'grants' | 'kind'>,
  namespace: NamespaceEntry,
  subAccounts: ReadonlySet<string>,
): Refusal | null {
  const scopes = grantsFault(wish.grants, namespace)
  if (scopes !== null) return new Refusal('unknown_scope', { errors: [scopes] })
  const sub = wish.grants.findIndex((g) => g.subAccount !== null && !subAccounts.has(g.subAccount))
  if (sub >= 0)
    return new Refusal('unknown_sub_account', {
      errors: [{ pointer: `/grants/${sub}/subAccount`, detail: 'is not a sub-account of this account.' }],
    })
  return kindFault(wish, namespace)
}

/** Whether the grants reach beyond the account's plan, which is as far as anybody's `keys:write` goes. */
export function beyondPlan(
  wish: Pick<KeyWish, 'grants'>,
  account: Account,
  namespace: NamespaceEntry,
  catalog: Catalog,
): string[] {
  const offered = offeredScopes(account, catalog.plans.get(account.plan), namespace)
  return [
    ...expand(
      wish.grants.flatMap((g) => g.scopes),
      namespace,
    ),
  ].filter((scope) => !offered.has(scope))
}

/** Scopes of namespace `manage` that the wish grants and its author's role does not amount to. */
export function beyondRole(
  wish: Pick<KeyWish, 'grants'>,
  namespace: NamespaceEntry,
  grantable: ReadonlySet<string>,
): string[] {
  const asked = expand(
    wish.grants.flatMap((g) => g.scopes),
    namespace,
  )
  return [...asked].filter((scope) => !grantable.has(scope))
}

/** Why the account can have no new key of the namespace, nor a new secret of one; null where it can. */
export function accountFault(
  account: Account,
  namespace: NamespaceEntry,
  catalog: Catalog,
  now: number,
): Refusal | null {
  const code = accountRefusal(account, namespace, catalog, now)
  if (code === null) return null
  const detail = adviceFor(code, { key: { namespace: namespace.id }, namespace, catalog })
  return new Refusal(code, detail === undefined ? {} : { detail })
}

function fieldFaults(wish: KeyWish, now: number): FieldFault[] {
  const faults: FieldFault[] = []
  for (const [i, block] of wish.allowedIps.entries()) {
    if (!isAddressBlock(block))
      faults.push({
        pointer: `/allowedIps/${i}`,
        detail: 'is not an IP address or CIDR block, such as 203.0.113.0/24.',
      })
  }
  for (const [i, origin] of wish.allowedOrigins.entries()) {
    if (!isOrigin(origin))
      faults.push({
        pointer: `/allowedOrigins/${i}`,
        detail: 'is not an origin: https://host, or http on localhost, without path.',
      })
  }
  if (wish.expiresAt !== null && wish.expiresAt <= now)
    faults.push({ pointer: '/expiresAt', detail: 'lies in the past.' })
  if (wish.kind === 'publishable' && wish.allowedOrigins.length === 0) {
    faults.push({ pointer: '/allowedOrigins', detail: 'must name the origins that may use a publishable key.' })
  }
  return faults
}

function clientFaults(wish: KeyWish, jwksUriFault: string | null): FieldFault[] {
  const { jwks, jwksUri, tokenEndpointAuthMethod: method } = wish
  const given = (name: keyof KeyWish) => wish[name] !== PLAIN_WISH[name as keyof typeof PLAIN_WISH]
  if (wish.kind === 'publishable')
    return CLIENT_MEMBERS.filter(given).map((name) => ({
      pointer: `/${name}`,
      detail: 'is for secret keys alone; leave it out of a publishable key.',
    }))
  if (method !== 'private_key_jwt')
    return KEY_PAIR_MEMBERS.filter(given).map((name) => ({
      pointer: `/${name}`,
      detail: 'goes with tokenEndpointAuthMethod private_key_jwt alone.',
    }))
  if ((jwks === null) === (jwksUri === null))
    return [{ pointer: jwks === null ? '/jwks' : '/jwksUri', detail: 'give exactly one of jwks and jwksUri.' }]
  if (jwks !== null) return jwksFaults(jwks.keys, '/jwks/keys')
  return jwksUriFault === null ? [] : [{ pointer: '/jwksUri', detail: jwksUriFault }]
}
const KEY_PAIR_MEMBERS = ['tokenEndpointAuthAudience', 'jwks', 'jwksUri'] as const
const CLIENT_MEMBERS = ['tokenEndpointAuthMethod', ...KEY_PAIR_MEMBERS, 'dpopBoundAccessTokens'] as const

/** An exact origin that is https, or http on loopback. */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  if (url.origin !== text) return false
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname))
  )
}

function kindFault(wish: Pick<KeyWish, 'grants' | 'kind'>, namespace: NamespaceEntry): Refusal | null {
  if (wish.kind === 'secret') return null
  const secret = wish.grants.flatMap((g) => g.scopes).filter((scope) => !namespace.scopes.get(scope)?.publishable)
  if (secret.length === 0) return null
  const may = [...namespace.scopes.values()].filter((s) => s.publishable).map((s) => s.name)
  return new Refusal('not_publishable', {
    detail: `A publishable key cannot hold ${secret.join(' ')}. It may hold: ${may.join(' ') || 'nothing in this namespace'}.`,
  })
}

export function holderFault(
  wish: Pick<KeyWish, 'holderId' | 'confirm'>,
  holder: Holder | null,
  namespace: NamespaceEntry,
): Refusal | null {
  if (wish.holderId === null) return null
  if (holder === null)
    return new Refusal('unknown_holder', {
      errors: [{ pointer: '/holderId', detail: 'is not a holder of this account.' }],
    })
  if (namespace.holderTypes !== null && !namespace.holderTypes.includes(holder.type))
    return new Refusal('holder_type_not_allowed')
  const flagged = holder.flags.length > 0 || holder.status === 'onboarding'
  return flagged && !wish.confirm ? new Refusal('holder_flagged') : null
}

export interface NewSecret {
  id: string
  /** The key as written: shown once, never kept. */
  text: string
  pepper: { id: string; bytes: Uint8Array }
}

export interface Made {
  id: string
  /** Null for a key that authenticates with its own key pair, and for one whose first secret is shared. */
  secret: NewSecret | null
  /** Of the tokens got with the secret, or else with the key pair. */
  status: StatusRef
  by: Author
  now: number
}

export function newKey(wish: KeyWish, account: string, holder: Holder | null, made: Made): ApiKey {
  const { now, secret, status } = made
  return {
    id: made.id,
    account,
    namespace: wish.namespace,
    kind: wish.kind,
    name: wish.name,
    description: wish.description,
    holderId: holder?.id ?? null,
    holderType: holder?.type ?? null,
    grants: wish.grants,
    subAccountRefs: subAccountRefs(account, wish.grants),
    allowedIps: wish.allowedIps,
    allowedOrigins: wish.allowedOrigins,
    expiresAt: wish.expiresAt,
    suspendedAt: null,
    revoked: null,
    secrets: secret === null ? [] : [hashed(secret, status, now)],
    tokenEndpointAuthMethod: wish.tokenEndpointAuthMethod,
    tokenEndpointAuthAudience: wish.tokenEndpointAuthAudience,
    importedHash: null,
    jwks: wish.jwks === null ? null : { keys: wish.jwks.keys.map(publicJwk) },
    jwksUri: wish.jwksUri,
    jwksStatus: wish.tokenEndpointAuthMethod === 'private_key_jwt' ? status : null,
    dpopBoundAccessTokens: wish.dpopBoundAccessTokens,
    customData: wish.customData,
    createdAt: now,
    createdBy: made.by,
    updatedAt: now,
    version: 1,
  }
}

/** Store ids of the sub-accounts that the grants name. */
export function subAccountRefs(account: string, grants: readonly Grant[]): string[] {
  return [...new Set(grants.map((g) => g.subAccount).filter((s) => s !== null))].map((s) => subAccountId(account, s))
}

export function hashed({ id, text, pepper }: NewSecret, status: StatusRef, now: number): Secret {
  const hash = hashKey(text, pepper.bytes)
  return { id, pepper: pepper.id, hash, last4: text.slice(-4), createdAt: now, expiresAt: null, status }
}
