/** The OpenAPI 3.1 document of a namespace: its declared routes, merged with its resource API's own document. */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { ACTIONS, type Action, type ActionRule } from '../people/access.rules.ts'
import { mediaTypeOf } from './body.ts'
import { CSV, columnsOf } from './csv.ts'
import { MAX_KEY } from './idempotency.ts'
import { mergeResource } from './openapi.merge.ts'
import { refusals } from './openapi.refusals.ts'
import type { Route } from './route.ts'
import { createSessionCookie } from './session-cookie.ts'

export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; [member: string]: unknown }
  paths: Record<string, Record<string, unknown>>
  components?: Record<string, Record<string, unknown>>
  servers?: { url: string; [member: string]: unknown }[]
  tags?: { name: string; description?: string }[]
  [member: string]: unknown
}

export interface About {
  catalog: Catalog
  publicUrl: string
  version: string
}

/** @param resource the resource API's own document, whose operations bring their own `servers` */
export function openApiDocument(
  namespace: NamespaceEntry,
  routes: readonly Route[],
  about: About,
  resource: OpenApiDocument | null,
): OpenApiDocument {
  const { catalog, publicUrl, version } = about
  const registry = new OpenAPIRegistry()
  for (const route of routes) registry.registerPath(operation(route, publicUrl))
  const generator = new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' })
  const { support, terms } = catalog
  const { webhooks: _none, ...made } = generator.generateDocument({
    openapi: '3.1.0',
    info: {
      title: namespace.title,
      version,
      description: describe(namespace, catalog),
      termsOfService: terms.url,
      contact: { name: support.name, email: support.email, ...(support.url === undefined ? {} : { url: support.url }) },
    },
    externalDocs: { description: 'Error codes', url: `${publicUrl}/docs/errors` },
    servers: [{ url: publicUrl }],
    tags: [...new Set(routes.map((r) => r.tag))].map((name) => ({
      name,
      ...(TAGS[name] === undefined ? {} : { description: TAGS[name] }),
    })),
  })
  const own = made as unknown as OpenApiDocument
  const session = { type: 'apiKey', in: 'cookie', name: createSessionCookie(publicUrl).name, description: SESSION }
  const securitySchemes = { accessToken: ACCESS_TOKEN, ...(namespace.builtIn ? { session } : {}) }
  own.components = { ...own.components, securitySchemes }
  const whole = resource === null ? own : mergeResource(own, resource, plansOf(namespace, catalog))
  return { ...whole, tags: inOrder(whole.tags ?? []) }
}

/** Bearer tokens of the namespace; the same name in resource documents, so that one Authorize serves both. */
const ACCESS_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'Paste the token that `jwts` answered, without the word Bearer.',
}

const SESSION = 'Of a person, by way of `POST /manage/session`. Changes need `Sec-Fetch-Site: same-origin`.'

const TAGS: Readonly<Record<string, string>> = {
  jwts: 'Begin here: from API key to access token',
  'you and the catalog': 'Who calls, and what keys can be for',
  people: 'Members of an account, and their invitations',
  keys: 'API keys of an account',
  accounts: 'Customers of the operator: plan, namespaces, terms',
  'sub-accounts': 'Parts of an account that a grant may be limited to',
  holders: 'For whom keys are: partners, affiliates, vendors, advertisers, machines',
  usage: 'How much keys are used, by the month',
  events: 'What happened, in order',
  oauth: 'The same, for stock OAuth clients',
  'keys to verify with': 'For resource servers: metadata, public keys, status lists',
  documents: 'This document',
  operations: 'For whatever watches the process',
}
const LAST = ['oauth', 'keys to verify with', 'documents', 'operations']

/** First how a token is had, then what it is for, then what only machines read. */
function inOrder(tags: NonNullable<OpenApiDocument['tags']>): NonNullable<OpenApiDocument['tags']> {
  const place = (name: string): number => (name === 'jwts' ? -1 : LAST.indexOf(name) + 1)
  return tags.toSorted((a, b) => place(a.name) - place(b.name))
}

/** Ids of the plans that have a scope. */
function plansOf(namespace: NamespaceEntry, catalog: Catalog): (scope: string) => string[] {
  return (scope) =>
    [...catalog.plans.values()]
      .filter(({ scopesByNamespace }) => scopesByNamespace.get(namespace.id)?.has(scope))
      .map(({ id }) => id)
}

function operation(route: Route, publicUrl: string): RouteConfig {
  const open = route.access === 'public'
  const text = description(route)
  return {
    method: route.method,
    path: route.path,
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(text === '' ? {} : { description: text }),
    security: open ? [] : securityOf(ACTIONS[route.access as Action]),
    ...(open ? {} : { 'x-action': route.access, 'x-scope': ACTIONS[route.access as Action].scope }),
    request: requestOf(route),
    responses: { ...answers(route), ...refusals(route, publicUrl) },
  } as RouteConfig
}

function securityOf({ personsOnly }: ActionRule): Record<string, string[]>[] {
  return [...(personsOnly ? [] : [{ accessToken: [] }]), { session: [] }]
}

const IF_MATCH = z.string().meta({ description: 'The ETag that was read, such as `"7"`. `*` is not taken.' })
const IDEMPOTENCY_KEY = z
  .string()
  .max(MAX_KEY)
  .optional()
  .meta({
    description:
      'Made up by the caller: within 24 hours the same request with the same key happens once. The answer is given ' +
      'again, with `null` for whatever is told once.',
  })

const FORMAT = z
  .enum(['json', 'csv'])
  .optional()
  .meta({
    description:
      '`csv`: the whole list, streamed. So too with `Accept: text/csv`. Values are parted by commas (RFC 4180, UTF-8), ' +
      'and one that a spreadsheet would run as a formula has an apostrophe before it. In a program that splits at `;`, ' +
      'import the file and name the comma as its separator: opened as it is, the middle of a value could begin a cell.',
  })

function queryOf(route: Route): z.ZodObject | undefined {
  const query = route.query as z.ZodObject | undefined
  return columnsOf(route) === null ? query : (query ?? z.strictObject({})).extend({ format: FORMAT })
}

function requestOf(route: Route): RouteConfig['request'] {
  const { params, body, ifMatch, idempotent } = route
  const query = queryOf(route)
  const request: RouteConfig['request'] = {}
  if (params !== undefined) request.params = params as z.ZodObject
  if (query !== undefined) request.query = query
  if (ifMatch || idempotent !== undefined) {
    request.headers = z.object({
      ...(ifMatch ? { 'If-Match': ifMatch === 'optional' ? IF_MATCH.optional() : IF_MATCH } : {}),
      ...(idempotent === undefined ? {} : { 'Idempotency-Key': IDEMPOTENCY_KEY }),
    })
  }
  if (body !== undefined) {
    request.body = {
      required: !body.optional || body.shown !== undefined,
      content: Object.fromEntries(
        body.kinds.map((kind) => [mediaTypeOf(kind), { schema: body.shown?.[kind] ?? body.schema }]),
      ),
    }
  }
  return request
}

function description(route: Route): string {
  return [route.access === 'public' ? '' : gate(ACTIONS[route.access]), route.description ?? '']
    .filter((part) => part !== '')
    .join('\n\n')
}

function gate({ scope, personsOnly }: ActionRule): string {
  if (personsOnly) return 'People only, with a session.'
  return scope === null ? 'Any token will do.' : `Scope \`${scope}\``
}

function answers(route: Route): RouteConfig['responses'] {
  const csv = (status: string) => (status === '200' && columnsOf(route) !== null ? { [CSV]: z.string() } : {})
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, { description, content, headers }]) => [
      status,
      {
        description,
        ...(content === undefined
          ? {}
          : { content: mapValues({ ...content, ...csv(status) }, (schema) => ({ schema })) }),
        ...(headers === undefined
          ? {}
          : {
              headers: mapValues(headers, (text) => ({ description: text, schema: { type: 'string' as const } })),
            }),
      },
    ]),
  )
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}

function describe(namespace: NamespaceEntry, { support }: Catalog): string {
  const { label, stage, host, builtIn } = namespace
  const said: string[] = []
  if (stage === 'beta') {
    said.push(
      `> **${label ?? 'Experimental'}.** This version may change, and is enabled per account. ` +
        `To have it enabled, contact ${support.name}, ${support.email}.`,
    )
  }
  if (stage === 'deprecated') said.push('> **Deprecated.** Move to a newer version.')
  if (stage === 'retired') said.push('> **Retired.** Keys of this version are no longer exchanged.')
  const key = builtIn ? 'a key of the Management API' : 'an API key'
  said.push(
    `Open **jwts**, choose *Try it out*, paste ${key} and execute. Copy the response body, choose *Authorize*, ` +
      'paste it, and try the other calls.',
  )
  if (host !== null) said.push(`Host link of an account: \`${host}\``)
  return said.join('\n\n')
}
