/** `POST /{ns}/jwts`: paste a key, get a token. */
import { z } from 'zod'
import type { NamespaceEntry } from '../catalog.ts'
import { type Code, Refusal } from '../errors.ts'
import { ADMISSION_REFUSALS } from '../keys/admission.rules.ts'
import type { RequestFacts } from '../web/request.ts'
import { type Reply, type Route, route } from '../web/route.ts'
import type { Exchange, Issued } from './exchange.ts'
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

const apiKey = z
  .string()
  .min(1)
  .meta({ description: 'The API key, as it was shown when it was made.', format: 'password' })

const exchangeBody = z.strictObject({
  apiKey: apiKey.optional(),
  scope: scope.optional(),
  subAccount: subAccount.optional(),
  ttlSeconds: ttlSeconds.optional(),
})
type ExchangeBody = z.output<typeof exchangeBody>

/** The one field that a developer pastes into; the other parameters are shown with the JSON form. */
const pasteForm = z.object({ apiKey })

const EXCHANGE_REFUSALS: readonly Code[] = [
  'invalid_request',
  'invalid_api_key',
  ...ADMISSION_REFUSALS,
  'rate_limited',
  'invalid_scope',
  'token_too_large',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'store_unavailable',
]
const jwt = z
  .string()
  .meta({ description: 'The access token, and nothing else.', examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…'] })

export function jwtsRoute(namespace: NamespaceEntry, deps: { exchange: Exchange; publicUrl: string }): Route {
  const path = `/${namespace.id}/jwts`
  return route<unknown, unknown, ExchangeBody | null>({
    namespace: namespace.id,
    cors: true,
    access: 'public',
    method: 'post',
    path,
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
      const wanted = {
        scope: scopeParameter(body?.scope, 'invalid_request'),
        subAccount: body?.subAccount,
        ttlSeconds: body?.ttlSeconds,
      }
      const issued = await deps.exchange({
        namespace,
        credential: { apiKey: onePlace(body, request) },
        proof: proofOf(request, deps.publicUrl, path),
        wanted: () => wanted,
        address: request.address,
        origin: request.origin,
        requestId: request.id,
        asClient: false,
      })
      return answerJwts(issued, request)
    },
  })
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
  const headers = issuedHeaders(issued)
  const type = request.accepts('text/plain', 'application/jwt', 'application/json') ?? 'text/plain'
  if (type === 'application/json') return { status: 200, headers, body: tokenBody(issued) }
  return { status: 200, headers, type, body: issued.token }
}
