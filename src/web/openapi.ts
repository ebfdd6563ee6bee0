/** The OpenAPI 3.1 document of a namespace: its declared routes, merged with its resource API's own document. */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { type Code, SENTENCES } from '../errors.ts'
import { ACTIONS } from '../people/access.rules.ts'
import { mediaTypeOf } from './body.ts'
import { STATUS } from './problems.ts'
import type { Route } from './route.ts'

export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; description?: string }
  paths: Record<string, Record<string, unknown>>
  components: Record<string, Record<string, unknown>>
  tags?: { name: string; description?: string }[]
  [member: string]: unknown
}

const problemShape = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong and what to do next.' }),
    code: z.string().meta({ description: 'Stable; for programs.' }),
    requestId: z.string(),
    limit: z.enum(['key', 'account', 'address']).optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
const oauthErrorShape = z
  .object({
    error: z.string(),
    error_description: z.string(),
    code: z.string().optional(),
    limit: z.string().optional(),
  })
  .meta({ id: 'OAuthError' })

/** Every route can answer these, whatever it declares. */
const ALWAYS: readonly Code[] = ['internal']
const WITH_BODY: readonly Code[] = ['payload_too_large', 'unsupported_media_type']
const GUARDED: readonly Code[] = ['unauthenticated', 'invalid_token', 'forbidden', 'not_found', 'store_unavailable']

/** @param resource the resource API's own document, whose operations bring their own `servers` */
export function openApiDocument(
  namespace: NamespaceEntry,
  routes: readonly Route[],
  about: { catalog: Catalog; publicUrl: string; version: string },
  resource: OpenApiDocument | null,
): OpenApiDocument {
  const registry = new OpenAPIRegistry()
  for (const route of routes) registry.registerPath(operation(route))
  const own = new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' }).generateDocument({
    openapi: '3.1.0',
    info: { title: namespace.title, version: about.version, description: describe(namespace, about.catalog) },
    servers: [{ url: about.publicUrl }],
    tags: [...new Set(routes.map((r) => r.tag))].map((name) => ({ name })),
  }) as unknown as OpenApiDocument
  own.components = { ...own.components, securitySchemes: { accessToken: ACCESS_TOKEN } }
  return resource === null ? own : merge(own, resource)
}

/** Bearer tokens of the namespace; the same name in resource documents, so that one Authorize serves both. */
const ACCESS_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'Paste the token that `jwts` answered, without the word Bearer.',
}

function operation(route: Route): RouteConfig {
  const request: RouteConfig['request'] = {}
  if (route.params !== undefined) request.params = route.params as z.ZodObject
  if (route.query !== undefined) request.query = route.query as z.ZodObject
  if (route.body !== undefined) {
    const { body } = route
    request.body = {
      required: !body.optional || body.shown !== undefined,
      content: Object.fromEntries(
        body.kinds.map((kind) => [mediaTypeOf(kind), { schema: body.shown?.[kind] ?? body.schema }]),
      ),
    }
  }
  return {
    method: route.method,
    path: route.path,
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined && route.access === 'public' ? {} : { description: description(route) }),
    security: route.access === 'public' ? [] : [{ accessToken: [] }],
    ...(route.access === 'public' ? {} : { 'x-action': route.access, 'x-scope': ACTIONS[route.access].scope }),
    request,
    responses: { ...answers(route), ...refusals(route) },
  } as RouteConfig
}

function description(route: Route): string {
  const scope = route.access === 'public' ? null : ACTIONS[route.access].scope
  return [route.description, scope === null ? undefined : `Scope \`${scope}\`.`]
    .filter((s) => s !== undefined)
    .join('\n\n')
}

function answers(route: Route): RouteConfig['responses'] {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, { description, content, headers }]) => [
      status,
      {
        description,
        ...(content === undefined
          ? {}
          : { content: Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }])) }),
        ...(headers === undefined
          ? {}
          : {
              headers: Object.fromEntries(
                Object.entries(headers).map(([name, text]) => [
                  name,
                  { description: text, schema: { type: 'string' as const } },
                ]),
              ),
            }),
      },
    ]),
  )
}

function refusals(route: Route): RouteConfig['responses'] {
  const codes = new Set<Code>([
    ...route.refusals,
    ...(route.body === undefined ? [] : WITH_BODY),
    ...(route.access === 'public' ? [] : GUARDED),
    ...ALWAYS,
  ])
  const byStatus = new Map<number, Code[]>()
  for (const code of codes) byStatus.set(STATUS[code], [...(byStatus.get(STATUS[code]) ?? []), code])
  const oauth = route.errors === 'oauth'
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${SENTENCES[code]}`).join('\n\n'),
        content: {
          [oauth ? 'application/json' : 'application/problem+json']: { schema: oauth ? oauthErrorShape : problemShape },
        },
      },
    ]),
  )
}

function describe(namespace: NamespaceEntry, catalog: Catalog): string {
  const { support } = catalog
  const stage =
    namespace.label === null
      ? ''
      : `\n\n**${namespace.label}.** This version may change, and is enabled per account. To have it enabled, contact ${support.name}, ${support.email}.`
  const host = namespace.host === null ? '' : `\n\nHost link of an account: \`${namespace.host}\``
  return `Open **jwts**, choose *Try it out*, paste an API key and execute. Copy the response body, choose *Authorize*, paste it, and try the other calls.${stage}${host}`
}

/** Paths and components side by side; where both define a component, the issuer's stands and the other is renamed. */
function merge(own: OpenApiDocument, resource: OpenApiDocument): OpenApiDocument {
  const components: OpenApiDocument['components'] = { ...own.components }
  const renamed = new Map<string, string>()
  for (const [kind, members] of Object.entries(resource.components ?? {})) {
    if (kind === 'securitySchemes') continue
    const mine = components[kind] ?? {}
    for (const [name, value] of Object.entries(members)) {
      const free = name in mine ? `Resource${name}` : name
      if (free !== name) renamed.set(`#/components/${kind}/${name}`, `#/components/${kind}/${free}`)
      components[kind] = { ...components[kind], [free]: value }
    }
  }
  const moved = JSON.parse(JSON.stringify(resource.paths), (key, value: unknown) =>
    key === '$ref' ? (renamed.get(String(value)) ?? value) : value,
  ) as OpenApiDocument['paths']
  const tags = [...(own.tags ?? []), ...(resource.tags ?? [])]
  return {
    ...own,
    components,
    paths: { ...own.paths, ...withServers(moved, resource.servers) },
    tags: [...new Map(tags.map((t) => [t.name, t])).values()],
  }
}

/** An operation without `servers` of its own gets its document's, for ours would be the wrong ones. */
function withServers(paths: OpenApiDocument['paths'], servers: unknown): OpenApiDocument['paths'] {
  if (servers === undefined) return paths
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(item).map(([method, op]) => [
          method,
          typeof op === 'object' && op !== null && !Array.isArray(op) ? { servers, ...op } : op,
        ]),
      ),
    ]),
  )
}
