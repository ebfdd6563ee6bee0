import { PROOF_ALGORITHMS } from './proof.ts'
import { checkUrlOption } from './url-option.ts'

/** Protected resource metadata, named as on the wire (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  resource: string
  authorization_servers?: readonly string[]
  scopes_supported?: readonly string[]
  bearer_methods_supported?: readonly string[]
  resource_name?: string
  resource_documentation?: string
  resource_policy_uri?: string
  resource_tos_uri?: string
  authorization_details_types_supported?: readonly string[]
  dpop_signing_alg_values_supported?: readonly string[]
  dpop_bound_access_tokens_required?: boolean
}

export interface ResourceOptions {
  /** URL of this API as clients write it; it must be a prefix of what they request. https, or http on loopback. */
  resource: string
  /** The issuer whose tokens are taken, as given to the verifier. */
  issuer: string
  /** Whether bound tokens are taken: where the middleware has a `baseUrl`. Default true. */
  dpop?: boolean
  /** What else to say, e.g. `scopes_supported`, `resource_name`, `resource_documentation`. */
  metadata?: Partial<ProtectedResourceMetadata>
}

export interface DescribedResource {
  /** Where to serve the document: the well-known path stands before the path of the resource (RFC 9728 §3.1). */
  path: string
  /** The same as a URL, for the middleware's option `resourceMetadata`. */
  url: string
  /** The document, to be answered as `application/json`. */
  metadata: ProtectedResourceMetadata
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/**
 * Describes an API to clients that know nothing but its URL: where its tokens come from and how they are sent (RFC 9728).
 *
 * @throws TypeError where `resource` or `issuer` is wrong
 */
export function describeResource({ resource, issuer, dpop = true, metadata }: ResourceOptions): DescribedResource {
  checkUrlOption('resource', resource)
  checkUrlOption('issuer', issuer)
  const { origin, pathname } = new URL(resource)
  const path = WELL_KNOWN + (pathname === '/' ? '' : pathname)
  const said: ProtectedResourceMetadata = {
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: dpop ? PROOF_ALGORITHMS : [],
    ...metadata,
    resource,
  }
  return { path, url: origin + path, metadata: withoutEmpty(said) }
}

/** Members without a value are left out (RFC 9728 §3.2). */
function withoutEmpty(metadata: ProtectedResourceMetadata): ProtectedResourceMetadata {
  const said = Object.entries(metadata).filter(([, value]) => value !== undefined && value.length !== 0)
  return Object.fromEntries(said) as unknown as ProtectedResourceMetadata
}
