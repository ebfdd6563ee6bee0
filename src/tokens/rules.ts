/** What an access token says (RFC 9068), worked out from the key's rights at this instant. */
import type { Account } from '../accounts/rules.ts'
import type { NamespaceEntry, PlanEntry } from '../catalog.ts'
import type { Holder } from '../holders/rules.ts'
import type { Rights } from '../keys/rights.rules.ts'
import type { ApiKey, Secret } from '../keys/rules.ts'
import { statusClaim } from '../status/rules.ts'

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
  status: { status_list: { idx: number; uri: string } }
}

/** Longest a token may be, in bytes: what common servers take in a header, with room for others. */
export const MAX_TOKEN_BYTES = 6 * 1024

export interface Grantee {
  key: ApiKey
  secret: Secret
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
): AccessTokenClaims {
  const { key, account, holder, plan, namespace } = to
  const scope = scopeText(rights)
  const details = authorizationDetails(rights)
  return {
    iss: namespace.issuer,
    aud: namespace.audience,
    sub: key.id,
    client_id: key.id,
    jti,
    iat: times.iat,
    exp: times.exp,
    ...(scope === '' ? {} : { scope }),
    account: account.id,
    plan: account.plan,
    ...(plan === undefined || Object.keys(plan.entitlements).length === 0 ? {} : { entitlements: plan.entitlements }),
    ...(holder === null ? {} : { holder: { id: holder.id, type: holder.type, externalId: holder.externalId } }),
    ...(details.length === 0 ? {} : { authorization_details: details }),
    status: statusClaim(namespace.issuer, to.secret.status),
  }
}

/**
 * When a token made now expires, in seconds: the namespace's lifetime, shortened on request, and never beyond the key's
 * or the secret's own expiry. Null where nothing of it would be left.
 */
export function expiryOf(
  to: Pick<Grantee, 'key' | 'secret' | 'namespace'>,
  iat: number,
  askedSeconds: number | undefined,
): number | null {
  const lifetime = Math.min(to.namespace.tokenTtlSeconds, askedSeconds ?? Number.POSITIVE_INFINITY)
  const ends = [to.key.expiresAt, to.secret.expiresAt].filter((t) => t !== null).map((t) => Math.floor(t / 1000))
  const exp = Math.min(iat + lifetime, ...ends)
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
