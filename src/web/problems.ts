/** Code -> status and shape: RFC 9457 problem details, and RFC 6749 §5.2 JSON under `/oauth/`. */
import { STATUS_CODES } from 'node:http'
import { type Code, Refusal, SENTENCES } from '../errors.ts'
import { StoreUnavailable } from '../store/store.ts'

export const STATUS: Readonly<Record<Code, number>> = {
  invalid_request: 400,
  not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  unsupported_media_type: 415,
  unauthenticated: 401,
  invalid_token: 401,
  forbidden: 403,
  exceeds_your_rights: 403,
  invalid_api_key: 401,
  wrong_namespace: 403,
  ip_not_allowed: 403,
  origin_not_allowed: 403,
  key_suspended: 403,
  holder_suspended: 403,
  account_suspended: 403,
  terms_not_accepted: 403,
  namespace_not_enabled: 403,
  namespace_retired: 410,
  rate_limited: 429,
  invalid_scope: 400,
  token_too_large: 400,
  store_unavailable: 503,
  streams_full: 503,
  next_key_too_new: 409,
  no_history: 501,
  precondition_required: 428,
  precondition_failed: 412,
  idempotency_key_reused: 422,
  idempotency_key_in_flight: 409,
  conflict: 409,
  already_exists: 409,
  plan_excludes_namespace: 409,
  unknown_plan: 422,
  terms_outdated: 409,
  in_use: 409,
  key_revoked: 409,
  key_expired: 409,
  no_secret: 409,
  rotation_in_progress: 409,
  no_rotation: 409,
  keys_full: 409,
  not_publishable: 422,
  unknown_scope: 422,
  unknown_namespace: 422,
  unknown_holder: 422,
  unknown_sub_account: 422,
  holder_type_not_allowed: 422,
  not_importable: 422,
  already_imported: 409,
  holder_flagged: 409,
  unsupported_grant_type: 400,
  invalid_client: 401,
  unsupported_token_type: 400,
  invalid_authorization_details: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  insufficient_scope: 403,
  client_keys_unavailable: 503,
  invalid_target: 400,
  invalid_credentials: 401,
  cross_site: 403,
  last_owner: 409,
  link_used: 410,
  busy: 503,
  internal: 500,
}

export interface ErrorAnswer {
  status: number
  headers: Record<string, string>
  contentType: string
  body: string
}

/** What was thrown, as a refusal: anything unforeseen is `internal`, and says nothing of itself. */
export function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown
  if (thrown instanceof StoreUnavailable)
    return new Refusal('store_unavailable', { retryAfterSeconds: 2, cause: thrown })
  return new Refusal('internal', { cause: thrown })
}

/** RFC 9457. `base` is PUBLIC_URL: each code is explained at `{base}/docs/errors#{code}`. */
export function problem(refusal: Refusal, requestId: string, base: string): ErrorAnswer {
  const { code, facts } = refusal
  const status = STATUS[code]
  const body = {
    type: `${base}/docs/errors#${code}`,
    title: STATUS_CODES[status],
    status,
    detail: refusal.message,
    code,
    requestId,
    ...(facts.limit === undefined ? {} : { limit: facts.limit }),
    ...(facts.errors === undefined ? {} : { errors: facts.errors }),
  }
  const challenge: Record<string, string> = status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}
  return {
    status,
    headers: { ...challenge, ...commonHeaders(refusal) },
    contentType: 'application/problem+json',
    body: JSON.stringify(body),
  }
}

/** RFC 6749 §5.2, with the finer `code` where the standard's is coarse. */
export function oauthError(refusal: Refusal): ErrorAnswer {
  const { error, status, coarse } = oauthCode(refusal.code)
  const faults = refusal.facts.errors?.map((e) => `${e.pointer.slice(1)}: ${e.detail}`).join(' ')
  const body = {
    error,
    error_description: oauthText(error === 'invalid_client' ? SENTENCES.invalid_client : faults || refusal.message),
    ...(coarse ? { code: refusal.code } : {}),
    ...(refusal.facts.limit === undefined ? {} : { limit: refusal.facts.limit }),
  }
  const challenge: Record<string, string> = status === 401 ? { 'WWW-Authenticate': 'Basic realm="latchkey"' } : {}
  return {
    status,
    headers: { ...challenge, ...commonHeaders(refusal), Pragma: 'no-cache' },
    contentType: 'application/json',
    body: JSON.stringify(body),
  }
}

/** Codes that RFC 6749 and its extensions have themselves. */
const STANDARD = new Set<Code>([
  'invalid_request',
  'invalid_scope',
  'unsupported_grant_type',
  'invalid_client',
  'invalid_target',
  'invalid_token',
  'insufficient_scope',
  'unsupported_token_type',
  'invalid_authorization_details',
  'invalid_dpop_proof',
  'use_dpop_nonce',
])

function oauthCode(code: Code): { error: string; status: number; coarse: boolean } {
  const status = STATUS[code]
  if (STANDARD.has(code)) return { error: code, status, coarse: false }
  if (code === 'invalid_api_key') return { error: 'invalid_client', status: 401, coarse: false }
  if (status === 403 || status === 410) return { error: 'unauthorized_client', status: 400, coarse: true }
  if (status === 429 || status === 503) return { error: 'temporarily_unavailable', status, coarse: true }
  if (status === 405 || status === 413) return { error: 'invalid_request', status, coarse: false }
  if (status >= 500) return { error: 'server_error', status, coarse: false }
  return { error: 'invalid_request', status: 400, coarse: code === 'token_too_large' }
}

/** RFC 6749 §5.2: only %x20-21 / %x23-5B / %x5D-7E. */
function oauthText(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
}

function commonHeaders(refusal: Refusal): Record<string, string> {
  const { facts } = refusal
  return {
    'Cache-Control': 'no-store',
    ...(facts.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(facts.retryAfterSeconds) }),
    ...facts.headers,
  }
}
