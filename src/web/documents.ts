/** The OpenAPI documents: one per namespace, made once, and again only when a resource API's document arrives. */
import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
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
  const made = new Map<string, { document: OpenApiDocument; body: string }>()
  const make = (namespace: NamespaceEntry): { document: OpenApiDocument; body: string } => {
    const routes = [...(deps.issuer.get(namespace.id) ?? []), ...(namespace.builtIn ? deps.management : [])]
    const document = openApiDocument(
      namespace,
      routes,
      { catalog, publicUrl, version: '0.1.0' },
      resources.get(namespace.id) ?? null,
    )
    const fresh = { document, body: JSON.stringify(document) }
    made.set(namespace.id, fresh)
    return fresh
  }
  for (const namespace of catalog.namespaces.values()) {
    resources.set(namespace.id, (deps.demo?.(namespace.id) ?? null) as OpenApiDocument | null)
    if (namespace.openapi === null) continue
    readDocument(namespace.openapi).then(
      (document) => {
        resources.set(namespace.id, document)
        made.delete(namespace.id)
      },
      (error: Error) =>
        logger.warn(
          { namespace: namespace.id, openapi: namespace.openapi, error: error.message },
          'the resource API document could not be read',
        ),
    )
  }
  const of = (id: string): { document: OpenApiDocument; body: string } =>
    made.get(id) ?? make(catalog.namespaces.get(id) as NamespaceEntry)
  return {
    of: (id) => of(id).document,
    resourceOrigins: () => [...new Set([...catalog.namespaces.keys()].flatMap((id) => serverOrigins(of(id).document)))],
    routes: [...catalog.namespaces.values()].map((namespace) => documentRoute(namespace, () => of(namespace.id).body)),
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

async function readDocument(from: string): Promise<OpenApiDocument> {
  const text = /^https?:/.test(from) ? await fetchText(from) : readFileSync(from, 'utf8')
  if (text.length > MAX_DOCUMENT) throw new Error(`is larger than ${MAX_DOCUMENT} bytes`)
  return JSON.parse(text) as OpenApiDocument
}

async function fetchText(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS), redirect: 'error' })
  if (!answer.ok) throw new Error(`answered ${answer.status}`)
  return answer.text()
}

function serverOrigins(document: OpenApiDocument): string[] {
  const servers = Object.values(document.paths)
    .flatMap((item) => Object.values(item))
    .flatMap((op) => (op as { servers?: { url: string }[] }).servers ?? [])
  return servers.flatMap(({ url }) => (URL.canParse(url) ? [new URL(url).origin] : []))
}
