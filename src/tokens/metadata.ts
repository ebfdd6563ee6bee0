import type { NamespaceEntry } from '../catalog.ts'

/** RFC 8414 §2, and nothing that is not really on. Byte-equal in every place that it is served from. */
export function authorizationServerMetadata(namespace: NamespaceEntry, publicUrl: string): Record<string, unknown> {
  const { issuer } = namespace
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    // There is no authorization endpoint, so no response type; the member itself is required (RFC 8414 §2).
    response_types_supported: [],
    // Left out it would mean authorization_code and implicit.
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    scopes_supported: [...namespace.scopeNames],
    status_list_aggregation_endpoint: `${issuer}/status`,
    protected_resources: [namespace.audience],
    service_documentation: `${publicUrl}/docs?ns=${namespace.id}`,
  }
}
