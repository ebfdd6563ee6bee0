/** Whether an edit of a key takes something away: then whatever it gave before must end. */
import type { NamespaceEntry } from '../catalog.ts'
import { addressesWithin } from './addresses.rules.ts'
import { exceeds } from './ending.rules.ts'
import { grantedRights } from './rights.rules.ts'
import type { ApiKey } from './rules.ts'

/** The members by which a key may be edited, and that say what it may do. */
export type Reach = Pick<
  ApiKey,
  | 'kind'
  | 'grants'
  | 'holderId'
  | 'allowedIps'
  | 'allowedOrigins'
  | 'expiresAt'
  | 'tokenEndpointAuthAudience'
  | 'jwks'
  | 'jwksUri'
  | 'dpopBoundAccessTokens'
>

/**
 * True whenever some exchange that was allowed is refused now, or gives less. It looks at the key alone and not at what
 * its plan or holder leave of it, and so holds whatever happens to those meanwhile; in doubt it says yes, which costs a
 * client one more exchange. A key that changes hands always narrows: tokens name the holder.
 */
export function narrows(before: Reach, after: Reach, namespace: NamespaceEntry): boolean {
  return (
    exceeds(grantedRights(before.grants, namespace), grantedRights(after.grants, namespace)) ||
    before.holderId !== after.holderId ||
    !addressesWithin(before.allowedIps, after.allowedIps) ||
    (before.kind === 'publishable' && before.allowedOrigins.some((origin) => !after.allowedOrigins.includes(origin))) ||
    (after.expiresAt ?? Number.POSITIVE_INFINITY) < (before.expiresAt ?? Number.POSITIVE_INFINITY) ||
    before.tokenEndpointAuthAudience !== after.tokenEndpointAuthAudience ||
    before.jwksUri !== after.jwksUri ||
    losesKey(before, after) ||
    (after.dpopBoundAccessTokens && !before.dpopBoundAccessTokens)
  )
}

/** Keys are tried in their order and not without end, so those from before must still stand first. */
function losesKey({ jwks: before }: Reach, { jwks: after }: Reach): boolean {
  return (before?.keys ?? []).some((key, i) => JSON.stringify(key) !== JSON.stringify(after?.keys[i]))
}
