/** The OpenAPI 3.1 document of one namespace, from its declared operations. Latchkey merges it into its own. */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi'
import type { z } from 'zod'
import type { Api, Operation } from './operation.ts'
import { problemShape } from './problems.ts'

export interface Plan {
  id: string
  /** `*` stands for all. */
  scopes: readonly string[]
}

const RETRIES =
  'Retry after network errors, timeouts, 429 and 5xx, not before `Retry-After`. Do not retry another 4xx: the same ' +
  'request will be refused again.'

export function describeApi(api: Api, resourceUrl: string, plans: readonly Plan[]): object {
  const registry = new OpenAPIRegistry()
  for (const operation of api.operations) registry.registerPath(describe(operation, resourceUrl, plans))
  const document = new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' }).generateDocument(
    {
      openapi: '3.1.0',
      info: { title: api.title, version: '1.0.0', description: `The API of the demo resource server.\n\n${RETRIES}` },
      servers: [{ url: resourceUrl }],
      tags: [...api.tags],
    },
  )
  const accessToken = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token.' }
  const { webhooks: _none, ...rest } = document
  return { ...rest, components: { schemas: document.components?.schemas, securitySchemes: { accessToken } } }
}

function describe(operation: Operation, resourceUrl: string, plans: readonly Plan[]): RouteConfig {
  const { method, path, operationId, tag, summary, scope, perSubAccount, publishable, params, query, body } = operation
  const planIds = plans.filter(({ scopes }) => scopes.includes(scope) || scopes.includes('*')).map(({ id }) => id)
  return {
    method,
    path,
    operationId,
    tags: [tag],
    summary,
    description: words(operation, planIds),
    servers: [{ url: resourceUrl }],
    security: [{ accessToken: [] }],
    'x-scope': scope,
    'x-plans': planIds,
    ...(perSubAccount && { 'x-sub-account': true }),
    ...(publishable && { 'x-publishable': true }),
    request: {
      ...(params && { params: params as z.ZodObject }),
      ...(query && { query: query as z.ZodObject }),
      ...(body && { body: { required: true, content: { 'application/json': body } } }),
    },
    responses: { ...answers(operation), ...refusals(operation) },
  } as RouteConfig
}

function words(operation: Operation, planIds: readonly string[]): string {
  const gate = `Scope ${operation.scope} · ${planIds.length === 0 ? 'in no plan' : `plans ${planIds.join(', ')}`}`
  const perSubAccount = 'Works with the scope on single sub-accounts too: then only their rows are seen.'
  const publishable = 'Works from browsers, with the token of a publishable key.'
  const said = [
    operation.description,
    operation.perSubAccount ? perSubAccount : undefined,
    operation.publishable ? publishable : undefined,
    operation.method === 'get' ? undefined : RETRIES,
  ]
  return [gate, ...said.filter((each) => each !== undefined)].join('\n\n')
}

function answers({ answers: declared }: Operation): RouteConfig['responses'] {
  const entries = Object.entries(declared).map(([status, { description, schema, type = 'application/json' }]) => [
    status,
    { description, ...(schema && { content: { [type]: { schema } } }) },
  ])
  return Object.fromEntries(entries)
}

function refusals({ params, query, body, refusals: declared = {} }: Operation): RouteConfig['responses'] {
  const described: Record<number, string> = {
    ...(query || body ? { 400: '`invalid_request`: `errors` says what to mend.' } : {}),
    401: 'No access token, or one that is not valid here: get a new one.',
    403: '`insufficient_scope`: the access token does not allow this.',
    ...(params && { 404: '`not_found`: there is none with this id in the account.' }),
    ...(body && { 413: '`payload_too_large`: over 64 KiB.', 415: '`unsupported_media_type`: send JSON.' }),
    503: 'It cannot be told now whether the access token is good: try again after `Retry-After`.',
  }
  for (const [status, text] of Object.entries(declared)) {
    const known = described[Number(status)]
    described[Number(status)] = known === undefined ? text : `${known}\n\n${text}`
  }
  const content = { 'application/problem+json': { schema: problemShape } }
  return Object.fromEntries(
    Object.entries(described).map(([status, description]) => [status, { description, content }]),
  )
}
