import type { NamespaceEntry } from '../catalog.ts'
import { CLIENT_ALGORITHMS } from '../keys/jwks.rules.ts'
import { PROOF_ALGORITHMS } from '../verifier/proof.ts'
import { type DescribedResource, describeResource } from '../verifier/resource.ts'
import { DETAIL_TYPE } from './details.rules.ts'
import { TOKEN_EXCHANGE } from './grants.rules.ts'

/** RFC 8414 §2, and nothing that is not really on. Byte-equal in every place that it is served from. */
export function authorizationServerMetadata(namespace: NamespaceEntry, publicUrl: string): Record<string, unknown> {
  const { issuer } = namespace
  const ways = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    // There is no authorization endpoint, so no response type; the member itself is required (RFC 8414 §2).
    response_types_supported: [],
    // Left out it would mean authorization_code and implicit.
    grant_types_supported: ['client_credentials', TOKEN_EXCHANGE],
    token_endpoint_auth_methods_supported: ways,
    token_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: [...ways, 'Bearer', 'DPoP'],
    introspection_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
    introspection_signing_alg_values_supported: [namespace.signingAlg],
    revocation_endpoint: `${issuer}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: [...ways, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    authorization_details_types_supported: [DETAIL_TYPE],
    scopes_supported: [...namespace.scopeNames],
    // There are no ID tokens. Libraries that look for OpenID Connect first refuse a document without these two, and take
    // the second for what any JWT of the issuer is signed with (OpenID Connect Discovery §3).
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [namespace.signingAlg],
    status_list_aggregation_endpoint: `${issuer}/status`,
    protected_resources: [namespace.audience],
    service_documentation: `${publicUrl}/docs?ns=${namespace.id}`,
  }
}

/** The management API as a protected resource (RFC 9728). */
export function describeManagement(manage: NamespaceEntry, publicUrl: string): DescribedResource {
  return describeResource({
    resource: manage.audience,
    issuer: manage.issuer,
    metadata: {
      scopes_supported: [...manage.scopeNames],
      resource_name: manage.title,
      resource_documentation: `${publicUrl}/docs?ns=${manage.id}`,
    },
  })
}
