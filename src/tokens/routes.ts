/** The issuer's part of the public surface: from key to token, and what becomes of the token. */
import type { NamespaceEntry } from '../catalog.ts'
import type { Route } from '../web/route.ts'
import type { Exchange } from './exchange.ts'
import { type InquiryDeps, introspectRoute, revokeRoute } from './inquiry.routes.ts'
import { jwtsRoute } from './jwts.routes.ts'
import { metadataRoutes } from './metadata.routes.ts'
import { tokenRoute } from './oauth.routes.ts'

export function tokenRoutes(
  namespace: NamespaceEntry,
  deps: { exchange: Exchange; inquiry: InquiryDeps; publicUrl: string },
): Route[] {
  return [
    jwtsRoute(namespace, deps),
    tokenRoute(namespace, deps),
    introspectRoute(namespace, deps.inquiry),
    revokeRoute(namespace, deps.inquiry),
    ...metadataRoutes(namespace, deps.publicUrl),
  ]
}
