/** `POST /{ns}/oauth/token`: the door that stock OAuth clients know. */
import { z } from 'zod'
import type { NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { type Route, route } from '../web/route.ts'
import { type ClientParameters, readClient } from './client.ts'
import { parseDetails } from './details.rules.ts'
import type { Exchange } from './exchange.ts'
import { ACCESS_TOKEN, TOKEN_EXCHANGE } from './grants.rules.ts'
import type { Wanted } from './narrow.ts'
import {
  issuedHeaders,
  proofOf,
  scope,
  scopeParameter,
  subAccount,
  tokenBody,
  tokenResponse,
  ttlSeconds,
} from './shapes.ts'

const text = z.string().optional()
/** A parameter without a value is as good as none (RFC 6749 §3.2). */
const empty = z.literal('').transform(() => undefined)

/** How a client says which it is; part of each form under `/oauth/`. */
export const clientParameters = {
  client_id: text.meta({ description: 'The key id, `key_…`, where HTTP Basic is not used.' }),
  client_secret: text.meta({ description: 'The API key itself, where HTTP Basic is not used.', format: 'password' }),
  client_assertion_type: text.meta({ description: 'With client_assertion: `…:jwt-bearer` (RFC 7523 §2.2).' }),
  client_assertion: text.meta({ description: 'A JWT that the client signed, where the key holds a JWK set.' }),
}

const tokenRequest = z.looseObject({
  ...clientParameters,
  grant_type: text,
  scope: text,
  resource: z.array(z.string()).optional(),
  audience: z.array(z.string()).optional(),
  authorization_details: text,
  subject_token: text,
  subject_token_type: text,
  requested_token_type: text,
  actor_token: text,
  actor_token_type: text,
  subAccount: subAccount.optional().or(empty),
  ttlSeconds: ttlSeconds.optional().or(empty),
})
type TokenRequest = z.output<typeof tokenRequest>

const tokenRequestShown = z.object({
  grant_type: z.enum(['client_credentials', TOKEN_EXCHANGE]),
  ...clientParameters,
  scope: scope.optional(),
  subAccount: subAccount.optional(),
  ttlSeconds: ttlSeconds.optional(),
  resource: text.meta({ description: 'The audience of this namespace (RFC 8707).' }),
  authorization_details: text.meta({
    description:
      'A JSON array of `{"type": "sub_account", "identifier", "actions"}` to narrow the token to (RFC 9396).',
  }),
  subject_token: text.meta({ description: 'With token exchange: the access token to narrow (RFC 8693).' }),
  subject_token_type: text.meta({ description: `With token exchange: \`${ACCESS_TOKEN}\`.` }),
})

export function tokenRoute(namespace: NamespaceEntry, deps: { exchange: Exchange; publicUrl: string }): Route {
  const path = `/${namespace.id}/oauth/token`
  return route<unknown, unknown, TokenRequest>({
    namespace: namespace.id,
    cors: true,
    access: 'public',
    method: 'post',
    path,
    operationId: 'token',
    tag: 'oauth',
    summary: 'Token endpoint (RFC 6749)',
    description:
      'Client credentials: `client_id` is the key id, `client_secret` the API key itself, by HTTP Basic or in the body; ' +
      'a key that holds a JWK set signs a `client_assertion` instead. Token exchange narrows an access token of the same key. ' +
      'With a `DPoP` proof the token is bound to the key of the proof.',
    errors: 'oauth',
    body: {
      kinds: ['form'],
      schema: tokenRequest,
      shown: { form: tokenRequestShown },
      repeatable: ['resource', 'audience'],
    },
    answers: { 200: { description: 'An access token.', content: { 'application/json': tokenResponse } } },
    refusals: [
      'invalid_request',
      'invalid_client',
      'unsupported_grant_type',
      'invalid_scope',
      'invalid_target',
      'invalid_authorization_details',
      'invalid_dpop_proof',
      'use_dpop_nonce',
      'rate_limited',
      'store_unavailable',
    ],
    async handle({ body, request }) {
      if (!body.grant_type)
        throw new Refusal('invalid_request', { detail: 'grant_type is missing. Send grant_type=client_credentials.' })
      const credential = readClient(body as ClientParameters, request)
      if (credential === null) throw new Refusal('invalid_client')
      const issued = await deps.exchange({
        namespace,
        credential,
        proof: proofOf(request, deps.publicUrl, path),
        wanted: () => grantParameters(body, namespace),
        address: request.address,
        origin: request.origin,
        requestId: request.id,
        asClient: true,
      })
      const type = body.grant_type === TOKEN_EXCHANGE ? { issued_token_type: ACCESS_TOKEN } : {}
      return {
        status: 200,
        headers: { ...issuedHeaders(issued), Pragma: 'no-cache' },
        body: { ...tokenBody(issued), ...type },
      }
    },
  })
}

/** What is asked for, once the client has authenticated (RFC 6749 §5.2: client first, then grant, target, scope). */
function grantParameters(body: TokenRequest, namespace: NamespaceEntry): Wanted {
  const subjectToken = readGrant(body)
  const targets = [...(body.resource ?? []), ...(body.audience ?? [])].filter((target) => target !== '')
  if (targets.some((target) => target !== namespace.audience)) throw new Refusal('invalid_target')
  const details = body.authorization_details ? parseDetails(body.authorization_details) : undefined
  const { subAccount, ttlSeconds } = body
  return { scope: scopeParameter(body.scope, 'invalid_scope'), subAccount, ttlSeconds, details, subjectToken }
}

/** The subject token; undefined where the key itself is exchanged. */
function readGrant(body: TokenRequest): string | undefined {
  if (body.grant_type === 'client_credentials') return undefined
  if (body.grant_type !== TOKEN_EXCHANGE) throw new Refusal('unsupported_grant_type')
  if (body.actor_token || body.actor_token_type) {
    throw new Refusal('invalid_request', { detail: 'actor_token is not taken here: a client narrows its own tokens.' })
  }
  if (body.requested_token_type && body.requested_token_type !== ACCESS_TOKEN) {
    throw new Refusal('invalid_request', { detail: `requested_token_type can only be ${ACCESS_TOKEN}.` })
  }
  if (!body.subject_token || body.subject_token_type !== ACCESS_TOKEN) {
    throw new Refusal('invalid_request', {
      detail: `Send subject_token, an access token, with subject_token_type=${ACCESS_TOKEN}.`,
    })
  }
  return body.subject_token
}
