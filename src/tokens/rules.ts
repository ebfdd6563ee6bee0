/** What an access token says (RFC 9068), worked out from the key's rights at this instant. */
import type { Account } from '../accounts/rules.ts'
import type { NamespaceEntry, PlanEntry } from '../catalog.ts'
import type { Holder } from '../holders/rules.ts'
import type { Rights } from '../keys/rights.rules.ts'
import type { ApiKey } from '../keys/rules.ts'
import { type StatusRef, statusClaim } from '../status/rules.ts'

/** A sub-account's grants (RFC 9396): only scopes that `scope` does not have already. */
export interface SubAccountDetail {
  type: 'sub_account'
  identifier: string
  actions: string[]
}

export interface AccessTokenClaims {
  iss: string
  aud: string
  sub: string
  client_id: string
  jti: string
  /** Seconds. */
  iat: number
  exp: number
  scope?: string
  account: string
  plan: string
  entitlements?: Readonly<Record<string, unknown>>
  holder?: { id: string; type: string; externalId: string | null }
  authorization_details?: SubAccountDetail[]
  cnf?: { jkt: string }
  /** `jti` of the tokens that this one was exchanged from, the nearest last. */
  parents?: string[]
  status: { status_list: { idx: number; uri: string } }
}

/** Longest a token may be, in bytes: what common servers take in a header, with room for others. */
export const MAX_TOKEN_BYTES = 6 * 1024

/** Exchanges in a row: each writes one more parent into the token. */
export const MAX_PARENTS = 4

/** What a client showed of itself: one of its secrets, or a signature by its JWK set. */
export interface Shown {
  /** Null for the JWK set. */
  secretId: string | null
  /** The pepper that the secret's hash was made with. */
  pepper: string | null
  expiresAt: number | null
  status: StatusRef
}

export interface Grantee {
  key: ApiKey
  shown: Shown
  account: Account
  holder: Holder | null
  plan: PlanEntry | undefined
  namespace: NamespaceEntry
}

/** @param exp seconds, see {@link expiryOf} */
export function accessTokenClaims(
  to: Grantee,
  rights: Rights,
  times: { iat: number; exp: number },
  jti: string,
  lineage: { jkt?: string | undefined; parents?: readonly string[] | undefined } = {},
): AccessTokenClaims {
  const { key, account, holder, plan, namespace } = to
  const scope = scopeText(rights)
  const details = authorizationDetails(rights)
  // One by one: this is done for every token, and objects spread together are slow to make and to write.
  const claims: { -readonly [Claim in keyof AccessTokenClaims]: AccessTokenClaims[Claim] } = {
    iss: namespace.issuer,
    aud: namespace.audience,
    sub: key.id,
    client_id: key.id,
    jti,
    iat: times.iat,
    exp: times.exp,
    account: account.id,
    plan: account.plan,
    status: statusClaim(namespace.issuer, to.shown.status),
  }
  if (scope !== '') claims.scope = scope
  if (plan !== undefined && Object.keys(plan.entitlements).length > 0) claims.entitlements = plan.entitlements
  if (holder !== null) claims.holder = { id: holder.id, type: holder.type, externalId: holder.externalId }
  if (details.length > 0) claims.authorization_details = details
  if (lineage.jkt !== undefined) claims.cnf = { jkt: lineage.jkt }
  if (lineage.parents !== undefined) claims.parents = [...lineage.parents]
  return claims
}

/**
 * When a token made now expires, in seconds: the namespace's lifetime, shortened on request, and never beyond the key's
 * own expiry, the secret's or that of the token it comes from. Null where nothing of it would be left.
 */
export function expiryOf(
  to: Pick<Grantee, 'key' | 'shown' | 'namespace'>,
  iat: number,
  askedSeconds: number | undefined,
  notAfter = Number.POSITIVE_INFINITY,
): number | null {
  const lifetime = Math.min(to.namespace.tokenTtlSeconds, askedSeconds ?? Number.POSITIVE_INFINITY)
  const ends = [to.key.expiresAt, to.shown.expiresAt].filter((t) => t !== null).map((t) => Math.floor(t / 1000))
  const exp = Math.min(iat + lifetime, notAfter, ...ends)
  return exp > iat ? exp : null
}

/** Space-separated and sorted; '' for none. */
export function scopeText(rights: Rights): string {
  return [...rights.account].sort().join(' ')
}

export function authorizationDetails(rights: Rights): SubAccountDetail[] {
  return [...rights.subAccounts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([identifier, actions]) => ({ type: 'sub_account', identifier, actions: [...actions].sort() }))
}
