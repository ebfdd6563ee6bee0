/**
 * The one table of refusals: a stable code and a public sentence that says what to do next. No HTTP here;
 * web/problems.ts gives each code its status and shape.
 */
export const SENTENCES = {
  invalid_request: 'The request is malformed. See errors for what to change.',
  not_found: 'There is nothing here, or nothing that you may see.',
  method_not_allowed: 'This route does not take that method. The Allow header lists those it takes.',
  payload_too_large: 'The body is larger than this route takes. Send less at a time.',
  unsupported_media_type: 'This route does not take that media type. Send one that the documentation lists.',
  unauthenticated: 'Authenticate with "Authorization: Bearer" and a token of the management API.',
  invalid_token: 'The access token is not valid here. Exchange your key for a new one and try again.',
  forbidden: 'You may not do that.',
  exceeds_your_rights: 'Nobody grants more than they have. Ask for less, or let somebody with these rights do it.',
  invalid_api_key: 'The API key is not valid. Check that it was copied whole and has not been revoked or expired.',
  wrong_namespace: 'This key belongs to another API version. Exchange it at its own namespace.',
  ip_not_allowed: 'This key may not be used from your address. Ask whoever manages the key to allow it.',
  origin_not_allowed: 'This publishable key may not be used from this origin. Ask whoever manages the key to allow it.',
  key_suspended: 'This key is suspended. Ask whoever manages the key to resume it.',
  holder_suspended: 'The holder of this key is suspended. Ask whoever manages the key to resume them.',
  account_suspended: 'The account of this key is suspended. Contact support.',
  terms_not_accepted: 'The account has not accepted the current API terms. An owner of the account can accept them.',
  namespace_not_enabled: 'This API version is not enabled for the account.',
  namespace_retired: 'This API version is retired. Move to a newer one.',
  rate_limited: 'Too many requests. Wait as long as Retry-After says.',
  invalid_scope: 'More was asked for than this key has.',
  token_too_large: 'The token would be too large. Ask for fewer scopes, or for one sub-account.',
  store_unavailable: 'Latchkey cannot reach its store for a moment. Try again as Retry-After says.',
  streams_full: 'Too many follow already. Poll the status list instead, and try again later.',
  next_key_too_new: 'The next signing key is not known to everybody yet. Wait as long as Retry-After says.',
  no_history: 'Status lists of the past are not kept. Leave time out.',
  precondition_required:
    'Send If-Match with the ETag of what you have read, such as "7", so that nobody else’s change is overwritten.',
  precondition_failed: 'It has changed since you read it. Read it again, and send its new ETag in If-Match.',
  idempotency_key_reused:
    'This Idempotency-Key was sent before with another body. Use a new key for a new request, or send the same body.',
  idempotency_key_in_flight: 'The first request with this Idempotency-Key is still under way. Try again in a moment.',
  conflict: 'Others are changing the same thing at the same time. Try again.',
  already_exists: 'That id is taken. Choose another.',
  plan_excludes_namespace: 'The account’s plan does not have this namespace. Change the plan first.',
  unknown_plan: 'There is no such plan.',
  terms_outdated: 'That is not the current version of the terms. Read and accept the current one.',
  in_use: 'Something still names it. Change or delete that first.',
  key_revoked: 'The key is revoked already; that is final.',
  key_expired: 'The key has expired. Give it a later end first.',
  no_secret: 'This key authenticates with its own key pair and has no secret. Change its jwks or jwksUri instead.',
  rotation_in_progress:
    'A rotation runs already, and its new secret was used or may have been. Wait for its end, or end it first.',
  no_rotation: 'No rotation runs. Start one with rotate.',
  keys_full: 'The account has as many keys as it may. Delete one, or ask support for more.',
  not_publishable: 'A publishable key may hold only scopes marked publishable.',
  unknown_scope: 'A scope is asked for that the namespace does not have.',
  unknown_namespace: 'There is no such namespace.',
  unknown_holder: 'There is no such holder in this account.',
  unknown_sub_account: 'There is no such sub-account in this account.',
  holder_type_not_allowed: 'Keys of this namespace are for other types of holder.',
  not_importable: 'This namespace takes no keys of other systems. Its entry in the catalog must say acceptsImported.',
  already_imported: 'This key is known already, and cannot be imported again. Make a new key instead.',
  holder_flagged:
    'The holder is flagged or still in onboarding. Send confirm: true if the key is to be made all the same.',
  unsupported_grant_type: 'This token endpoint does not know that grant type. Its metadata lists those it knows.',
  invalid_client: 'Client authentication failed. client_id is the key id and client_secret is the key itself.',
  unsupported_token_type: 'A publishable key is public and is not revoked by whoever has it. Ask its owner.',
  invalid_authorization_details: 'authorization_details asks for what there is not, or is malformed.',
  invalid_dpop_proof: 'The DPoP proof is not good for this request. Make a new one.',
  use_dpop_nonce: 'Make a new DPoP proof with the nonce of the DPoP-Nonce header.',
  insufficient_scope: 'The access token does not have the scope that this needs.',
  client_keys_unavailable:
    'The public keys of this client cannot be read at its jwks_uri for a moment. Try again as Retry-After says.',
  invalid_target: 'The resource is not one that this issuer has tokens for.',
  invalid_credentials: 'E-mail address and password do not match. Check both, or ask for a new invitation.',
  cross_site: 'This came from another web site. Open Latchkey itself and try there.',
  last_owner: 'This is the last active owner of the account. Make somebody else owner first.',
  link_used: 'This link was used before, and is good once. Ask for a new one.',
  busy: 'Latchkey is busy checking passwords. Try again as Retry-After says.',
  internal: 'Something went wrong on our side. Quote the request id to support.',
} as const

export type Code = keyof typeof SENTENCES

export interface FieldFault {
  /** RFC 6901 pointer into the body, or `?name` for a query parameter. */
  pointer: string
  detail: string
}

export interface RefusalFacts {
  /** Replaces the code's sentence. Never holds a secret. */
  detail?: string
  errors?: readonly FieldFault[]
  retryAfterSeconds?: number
  limit?: 'key' | 'account' | 'address'
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}

/**
 * A name that the caller sent, fit to be said back: short and printable (RFC 6749 §3.3), and never anything that looks
 * like a key or a token, for those end up in the wrong place too.
 */
export function sayable(name: string): string {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,40}$/.test(name) && !/lk_|^eyJ/i.test(name) ? name : '(not said)'
}

/** A decision against the caller, with what they need to know. Thrown by acts, answered in one place. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly code: Code
  readonly facts: RefusalFacts

  constructor(code: Code, facts: RefusalFacts = {}) {
    super(facts.detail ?? SENTENCES[code], facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.facts = facts
  }
}
