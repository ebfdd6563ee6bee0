/** The OpenAPI documents: one per namespace, made once, and again only when a resource API's document arrives. */
import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { operationsOf } from './openapi.merge.ts'
import { type OpenApiDocument, openApiDocument } from './openapi.ts'
import { type Route, route } from './route.ts'

/** Largest resource document that is read, in bytes. */
const MAX_DOCUMENT = 4 * 1024 * 1024
const FETCH_MS = 5_000

export interface Documents {
  routes: Route[]
  of(namespace: string): OpenApiDocument
  /** Origins of the resource servers that the documents name, for the pages' connect-src. */
  resourceOrigins(): string[]
}

interface Made {
  document: OpenApiDocument
  body: string
  origins: string[]
}

export function createDocuments(deps: {
  catalog: Catalog
  issuer: ReadonlyMap<string, readonly Route[]>
  management: readonly Route[]
  publicUrl: string
  demo: ((namespace: string) => object | null) | null
  logger: Logger
}): Documents {
  const { catalog, publicUrl, logger } = deps
  const resources = new Map<string, OpenApiDocument | null>()
  const made = new Map<string, Made>()
  const own = new Map<string, Route>()
  const about = { catalog, publicUrl, version: ownVersion() }
  const make = (namespace: NamespaceEntry): Made => {
    const { id, builtIn } = namespace
    const routes = [...(deps.issuer.get(id) ?? []), ...(builtIn ? deps.management : []), own.get(id) as Route]
    const document = openApiDocument(namespace, routes, about, resources.get(id) ?? null)
    const fresh = { document, body: JSON.stringify(document), origins: serverOrigins(document) }
    made.set(id, fresh)
    return fresh
  }
  const of = (id: string): Made => made.get(id) ?? make(catalog.namespaces.get(id) as NamespaceEntry)
  for (const namespace of catalog.namespaces.values()) {
    const { id, openapi } = namespace
    own.set(
      id,
      documentRoute(namespace, () => of(id).body),
    )
    resources.set(id, (deps.demo?.(id) ?? null) as OpenApiDocument | null)
    if (openapi === null) continue
    readDocument(openapi).then(
      (document) => {
        resources.set(id, document)
        made.delete(id)
      },
      (error: Error) =>
        logger.warn(
          { namespace: id, openapi, error: error.message },
          'the resource API document could not be read; the documentation of this namespace is without it',
        ),
    )
  }
  return {
    of: (id) => of(id).document,
    resourceOrigins: () => [...new Set([...catalog.namespaces.keys()].flatMap((id) => of(id).origins))],
    routes: [...own.values()],
  }
}

function documentRoute(namespace: NamespaceEntry, body: () => string): Route {
  return route({
    namespace: namespace.id,
    cors: true,
    access: 'public',
    method: 'get',
    path: `/${namespace.id}/openapi.json`,
    operationId: 'openapi',
    tag: 'documents',
    summary: 'This document',
    errors: 'problem',
    answers: {
      200: { description: 'OpenAPI 3.1.', content: { 'application/json': z.looseObject({ openapi: z.string() }) } },
    },
    refusals: [],
    handle: async () => ({
      status: 200,
      headers: { 'Cache-Control': 'public, max-age=60' },
      type: 'application/json',
      body: body(),
    }),
  })
}

/** As far as merging relies on it. */
const resourceDocument = z.looseObject({
  openapi: z.string().regex(/^3\./, { error: 'is not OpenAPI 3' }),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  servers: z.array(z.looseObject({ url: z.string() })).optional(),
  tags: z.array(z.looseObject({ name: z.string() })).optional(),
})

/** @param from path or URL of a JSON or YAML document; `servers` are read against a URL (OpenAPI 3.1 §4.8.5) */
async function readDocument(from: string): Promise<OpenApiDocument> {
  const remote = /^https?:/.test(from)
  const text = remote ? await fetchText(from) : readFileSync(from, 'utf8')
  if (text.length > MAX_DOCUMENT) throw new Error(`is larger than ${MAX_DOCUMENT} bytes`)
  const document = resourceDocument.parse(text.trimStart().startsWith('{') ? JSON.parse(text) : parseYaml(text))
  const servers = (document.servers ?? []).map((server) => ({
    ...server,
    url:
      remote && URL.canParse(server.url, from) && !server.url.includes('{')
        ? new URL(server.url, from).href
        : server.url,
  }))
  return { ...document, ...(servers.length === 0 ? {} : { servers }) } as unknown as OpenApiDocument
}

async function fetchText(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS), redirect: 'error' })
  if (!answer.ok) throw new Error(`answered ${answer.status}`)
  return answer.text()
}

const HOST_SOURCE = /^https?:\/\/(?:\*\.)?[a-z0-9.[\]:-]+$/i

/** As Content-Security-Policy writes them: a variable first label is any subdomain. */
function serverOrigins({ paths }: OpenApiDocument): string[] {
  const servers = operationsOf(paths).flatMap((operation) => (operation.servers ?? []) as { url: string }[])
  return [
    ...new Set(servers.map(({ url }) => /^https?:\/\/[^/?#]*/i.exec(url)?.[0].replace(/\/\/\{\w+\}\./, '//*.') ?? '')),
  ].filter((origin) => HOST_SOURCE.test(origin))
}

function ownVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
