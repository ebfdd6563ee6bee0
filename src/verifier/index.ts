/** `latchkey/verify`: verifies Latchkey's access tokens in a resource server, offline. */
export type { AccessToken, Expectations, ScopeDemand } from './access.ts'
export type { DpopRequest } from './binding.ts'
export type { AccessTokenClaims, AuthorizationDetail } from './claims.ts'
export { VerifyError, type VerifyErrorCode } from './errors.ts'
export type { ListFreshness } from './held-list.ts'
export {
  type DescribedResource,
  describeResource,
  type ProtectedResourceMetadata,
  type ResourceOptions,
} from './resource.ts'
export {
  createVerifier,
  type Freshness,
  type RevocationOptions,
  type Verifier,
  type VerifierOptions,
} from './verify.ts'
