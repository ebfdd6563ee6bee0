/** From key to token: `POST /{ns}/jwts` and `POST /{ns}/oauth/token`, two doors to one act. */

import { z } from 'zod'
import type { NamespaceEntry } from '../catalog.ts'
import { type Code, Refusal } from '../errors.ts'
import { limitHeaders } from '../usage/refusals.rules.ts'
import type { RequestFacts } from '../web/request.ts'
import { type Reply, type Route, route } from '../web/route.ts'
import { readClient, scopeParameter } from './client.ts'
import type { Exchange, Issued } from './exchange.ts'
import { authorizationServerMetadata } from './metadata.ts'
import type { Wanted } from './narrow.ts'

const apiKey = z
  .string()
  .min(1)
  .meta({ description: 'The API key, as it was shown when it was made.', format: 'password' })
const scope = z
  .string()
  .max(4000)
  .meta({ description: 'Space-separated scopes to narrow the token to. None: all that the key has.' })
const subAccount = z.string().min(1).max(64).meta({ description: 'Sub-account to narrow the token to.' })
const ttlSeconds = z
  .union(
    [
      z.number().refine(Number.isInteger),
      z
        .string()
        .regex(/^\d{1,9}$/)
        .transform(Number),
    ],
    { error: 'must be a positive whole number of seconds' },
  )
  .refine((n) => n > 0, { error: 'must be a positive whole number of seconds' })
  .meta({ description: 'A shorter life for this token, in seconds.', type: 'integer', minimum: 1 })

const exchangeBody = z.strictObject({
  apiKey: apiKey.optional(),
  scope: scope.optional(),
  subAccount: subAccount.optional(),
  ttlSeconds: ttlSeconds.optional(),
})
type ExchangeBody = z.output<typeof exchangeBody>

/** The one field that a developer pastes into; the other parameters are shown with the JSON form. */
const pasteForm = z.object({ apiKey })

export const tokenResponse = z
  .object({
    access_token: z.string(),
    token_type: z.enum(['Bearer']),
    expires_in: z.int().meta({ description: 'Seconds.' }),
    scope: z.string().meta({ description: 'Scopes for the whole account; empty if none.' }),
    authorization_details: z
      .array(z.object({ type: z.literal('sub_account'), identifier: z.string(), actions: z.array(z.string()) }))
      .optional()
      .meta({ description: 'Scopes on single sub-accounts (RFC 9396).' }),
  })
  .meta({ id: 'TokenResponse' })

const EXCHANGE_REFUSALS: readonly Code[] = [
  'invalid_request',
  'invalid_api_key',
  'wrong_namespace',
  'ip_not_allowed',
  'origin_not_allowed',
  'key_suspended',
  'holder_suspended',
  'account_suspended',
  'terms_not_accepted',
  'namespace_not_enabled',
  'namespace_retired',
  'rate_limited',
  'invalid_scope',
  'token_too_large',
  'store_unavailable',
]
const NO_STORE = { 'Cache-Control': 'no-store', Vary: 'Accept' }
const jwt = z
  .string()
  .meta({ description: 'The access token, and nothing else.', examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…'] })

export function tokenRoutes(namespace: NamespaceEntry, deps: { exchange: Exchange; publicUrl: string }): Route[] {
  const ns = { namespace: namespace.id, cors: true, access: 'public' } as const
  const jwts = route<unknown, unknown, ExchangeBody | null>({
    ...ns,
    method: 'post',
    path: `/${namespace.id}/jwts`,
    operationId: 'exchangeKey',
    tag: 'jwts',
    summary: 'Exchange an API key for an access token',
    description:
      'Paste an API key and execute: the response body is the token. Choose **Authorize**, paste the token, and try the other calls.\n\n' +
      'Send the key in exactly one place: the field `apiKey` of a form or of JSON, the header `X-API-Key`, or `Authorization: Bearer`. ' +
      'JSON and forms take `scope`, `subAccount` and `ttlSeconds` too, to narrow the token.',
    errors: 'problem',
    body: {
      kinds: ['form', 'json'],
      schema: exchangeBody,
      shown: { form: pasteForm, json: exchangeBody.meta({ examples: [exampleOf(namespace)] }) },
      optional: true,
    },
    answers: {
      200: {
        description: 'The access token. `Accept: application/json` answers it with its type, lifetime and scope.',
        content: { 'text/plain': jwt, 'application/jwt': jwt, 'application/json': tokenResponse },
        headers: { RateLimit: 'What is left of each limit.', 'RateLimit-Policy': 'The limits that apply to the key.' },
      },
    },
    refusals: EXCHANGE_REFUSALS,
    async handle({ body, request }) {
      const wanted = { scope: scopeParameter(body?.scope), subAccount: body?.subAccount, ttlSeconds: body?.ttlSeconds }
      const issued = await deps.exchange({
        namespace,
        apiKey: onePlace(body, request),
        wanted: () => wanted,
        address: request.address,
        origin: request.origin,
        requestId: request.id,
        asClient: false,
      })
      return answerJwts(issued, request)
    },
  })
  return [jwts, oauthToken(namespace, deps.exchange), ...metadataRoutes(namespace, deps.publicUrl)]
}

/** One that can be executed once the key is put in. */
function exampleOf(namespace: NamespaceEntry): Record<string, string> {
  const [scope = ''] = namespace.scopeNames
  return { apiKey: `lk_${namespace.id}_sk_…`, scope }
}

/** The key stands in exactly one place; where a second one names a key too, nobody can say which is meant. */
function onePlace(body: ExchangeBody | null, request: RequestFacts): string {
  const authorization = request.header('authorization')
  const bearer = authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (authorization !== undefined && bearer === undefined) {
    throw new Refusal('invalid_request', { detail: 'The Authorization header is not "Bearer" and an API key.' })
  }
  const header = request.header('x-api-key')
  const repeated = (name: string): boolean => request.headers(name).length > 1
  if ((authorization && repeated('authorization')) || (header && repeated('x-api-key'))) throw severalPlaces()
  const places = [body?.apiKey, header, bearer].filter((place) => place !== undefined && place !== '')
  const [key] = places
  if (key !== undefined && places.length === 1) return key
  if (places.length > 1) throw severalPlaces()
  throw new Refusal('invalid_request', {
    detail:
      'The API key is missing. Send it as apiKey in a JSON or form body, as X-API-Key, or as Authorization: Bearer. A query parameter is not read: URLs are logged.',
  })
}

function severalPlaces(): Refusal {
  return new Refusal('invalid_request', {
    detail:
      'The API key is given in more than one place. Send it in one: apiKey in the body, X-API-Key, or Authorization: Bearer.',
  })
}

function answerJwts(issued: Issued, request: RequestFacts): Reply {
  const headers = { ...NO_STORE, ...limitHeaders(issued.limits) }
  const type = request.accepts('text/plain', 'application/jwt', 'application/json') ?? 'text/plain'
  if (type === 'application/json') return { status: 200, headers, body: tokenBody(issued) }
  return { status: 200, headers, type, body: issued.token }
}

function tokenBody(issued: Issued): z.output<typeof tokenResponse> {
  return {
    access_token: issued.token,
    token_type: 'Bearer',
    expires_in: issued.expiresIn,
    scope: issued.scope,
    ...(issued.authorizationDetails.length === 0 ? {} : { authorization_details: issued.authorizationDetails }),
  }
}

/** A parameter without a value is as good as none (RFC 6749 §3.2). */
const empty = z.literal('').transform(() => undefined)

const tokenRequest = z.looseObject({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  scope: z.string().optional(),
  resource: z.array(z.string()).optional(),
  authorization_details: z.string().optional(),
  subAccount: subAccount.optional().or(empty),
  ttlSeconds: ttlSeconds.optional().or(empty),
})
const tokenRequestShown = z.object({
  grant_type: z.literal('client_credentials'),
  client_id: z.string().optional().meta({ description: 'The key id, `key_…`, where HTTP Basic is not used.' }),
  client_secret: z
    .string()
    .optional()
    .meta({ description: 'The API key itself, where HTTP Basic is not used.', format: 'password' }),
  scope: scope.optional(),
  subAccount: subAccount.optional(),
  ttlSeconds: ttlSeconds.optional(),
  resource: z.string().optional().meta({ description: 'The audience of this namespace (RFC 8707).' }),
})

function oauthToken(namespace: NamespaceEntry, exchange: Exchange): Route {
  return route<unknown, unknown, z.output<typeof tokenRequest>>({
    namespace: namespace.id,
    cors: true,
    access: 'public',
    method: 'post',
    path: `/${namespace.id}/oauth/token`,
    operationId: 'token',
    tag: 'oauth',
    summary: 'Token endpoint (RFC 6749)',
    description:
      'Client credentials grant: `client_id` is the key id, `client_secret` the API key itself, by HTTP Basic or in the body.',
    errors: 'oauth',
    body: { kinds: ['form'], schema: tokenRequest, shown: { form: tokenRequestShown }, repeatable: ['resource'] },
    answers: { 200: { description: 'An access token.', content: { 'application/json': tokenResponse } } },
    refusals: [
      'invalid_request',
      'invalid_client',
      'unsupported_grant_type',
      'invalid_scope',
      'invalid_target',
      'rate_limited',
      'store_unavailable',
    ],
    async handle({ body, request }) {
      if (!body.grant_type)
        throw new Refusal('invalid_request', { detail: 'grant_type is missing. Send grant_type=client_credentials.' })
      const client = readClient(body, request)
      const issued = await exchange({
        namespace,
        apiKey: client.secret,
        wanted: () => grantParameters(body, namespace),
        address: request.address,
        origin: request.origin,
        requestId: request.id,
        asClient: true,
      })
      return {
        status: 200,
        headers: { ...NO_STORE, Pragma: 'no-cache', ...limitHeaders(issued.limits) },
        body: tokenBody(issued),
      }
    },
  })
}

/** What is asked for, once the client has authenticated (RFC 6749 §5.2: client first, then grant, then scope). */
function grantParameters(body: z.output<typeof tokenRequest>, namespace: NamespaceEntry): Wanted {
  if (body.grant_type !== 'client_credentials') throw new Refusal('unsupported_grant_type')
  if (body.resource?.some((resource) => resource !== '' && resource !== namespace.audience))
    throw new Refusal('invalid_target')
  if (body.authorization_details) {
    throw new Refusal('invalid_request', {
      detail: 'authorization_details cannot be asked for here yet. Leave it out: the key decides.',
    })
  }
  const { subAccount, ttlSeconds } = body
  return { scope: scopeParameter(body.scope), subAccount, ttlSeconds }
}

function metadataRoutes(namespace: NamespaceEntry, publicUrl: string): Route[] {
  const body = authorizationServerMetadata(namespace, publicUrl)
  const paths = [
    `/.well-known/oauth-authorization-server/${namespace.id}`,
    `/${namespace.id}/.well-known/oauth-authorization-server`,
    `/${namespace.id}/.well-known/openid-configuration`,
  ]
  return paths.map((path, i) =>
    route({
      namespace: namespace.id,
      cors: true,
      access: 'public',
      method: 'get',
      path,
      operationId: ['metadata', 'metadataBelow', 'metadataOpenId'][i] as string,
      tag: 'keys to verify with',
      summary: 'Authorization server metadata (RFC 8414)',
      errors: 'problem',
      answers: {
        200: { description: 'The metadata.', content: { 'application/json': z.looseObject({ issuer: z.string() }) } },
      },
      refusals: [],
      handle: async () => ({ status: 200, headers: { 'Cache-Control': 'public, max-age=300' }, body }),
    }),
  )
}
