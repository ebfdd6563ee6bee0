/**
 * The demo resource server: stands for the operator's own API. It knows of Latchkey what any API would: an issuer, an
 * audience, and `latchkey/verify`. Data is in memory, and new with each start.
 */
import { randomUUID } from 'node:crypto'
import { Router } from '@koa/router'
import Koa from 'koa'
import { type DescribedResource, describeResource, type Verifier } from '../../verifier/index.ts'
import { latchkey, type TokenState } from '../../verifier/koa.ts'
import { createIds } from './collection.ts'
import { cors } from './cors.ts'
import { describeApi, type Plan } from './openapi.ts'
import type { Api } from './operation.ts'
import { notFound, ResourceRefusal } from './problems.ts'
import { mount } from './serve.ts'
import { createV2 } from './v2/api.ts'
import { createV3 } from './v3/api.ts'

export interface DemoResourceOptions {
  /** Base of the resource server as clients see it, e.g. http://localhost:3001 */
  resourceUrl: string
  /** One per namespace served. */
  namespaces: { id: 'v2' | 'v3'; issuer: string; audience: string; plans: Plan[] }[]
  /** Origins of browsers that may call: that of Latchkey's PUBLIC_URL. The server's own always may. */
  allowedOrigins: string[]
  /** ms since 1970. Default `Date.now`. */
  now?: () => number
  /** Fetches keys and status lists. Default the global `fetch`. */
  fetch?: typeof fetch
}

export interface DemoResource {
  app: Koa
  /** The OpenAPI 3.1 document of a namespace; null where it is not served. */
  openapi(namespace: string): object | null
  /** Ends running requests to the issuer; the HTTP server is the caller's to close. */
  close(): void
}

const CREATE = { v2: createV2, v3: createV3 }

export function createDemoResource(options: DemoResourceOptions): DemoResource {
  const { resourceUrl, now = Date.now } = options
  const ids = createIds()
  const router = new Router<TokenState>()
  const documents = new Map<string, object>()
  const verifiers = new Map<string, Verifier>()
  const openPaths = ['/healthz']
  for (const { id, issuer, audience, plans } of options.namespaces) {
    const api = CREATE[id](ids, now())
    const described = describe(api, resourceUrl, issuer)
    const trusted = { issuer, audience, now, ...(options.fetch && { fetch: options.fetch }) }
    const protect = latchkey(trusted, { baseUrl: resourceUrl, resourceMetadata: described.url })
    mount(router, api, { protect, resourceMetadata: described.url, now })
    publish(router, described.path, described.metadata)
    verifiers.set(id, protect.verifier)
    documents.set(id, describeApi(api, resourceUrl, plans))
    openPaths.push(described.path, `/${id}/openapi.json`, ...publishablePaths(api))
  }
  mountPublic(router, documents, verifiers)
  const origins = [...options.allowedOrigins, new URL(resourceUrl).origin]
  const app = new Koa()
  app.use(answerErrors).use(cors(origins, openPaths))
  app.use(router.routes() as unknown as Koa.Middleware).use(answerUnrouted)
  // A client that hangs up is no fault of this server; everything else is answered by answerErrors.
  app.on('error', () => {})
  return {
    app,
    openapi: (namespace) => documents.get(namespace) ?? null,
    close: () => {
      for (const verifier of verifiers.values()) verifier.close()
    },
  }
}

function describe({ id, title, operations }: Api, resourceUrl: string, issuer: string): DescribedResource {
  const scopes = new Set(operations.map(({ scope }) => scope))
  const metadata = { resource_name: title, scopes_supported: [...scopes] }
  return describeResource({ resource: `${resourceUrl}/${id}`, issuer, metadata })
}

function publishablePaths({ operations }: Api): string[] {
  return operations.filter(({ publishable }) => publishable).map(({ path }) => path)
}

function mountPublic(
  router: Router<TokenState>,
  documents: ReadonlyMap<string, object>,
  verifiers: ReadonlyMap<string, Verifier>,
): void {
  router.get('/healthz', (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    const revocation = Object.fromEntries([...verifiers].map(([id, verifier]) => [id, verifier.freshness()]))
    ctx.body = { status: 'ok', revocation }
  })
  for (const [id, document] of documents) {
    publish(router, `/${id}/openapi.json`, document)
  }
}

function publish(router: Router<TokenState>, path: string, document: object): void {
  router.get(path, (ctx) => {
    ctx.set('Cache-Control', 'public, max-age=60')
    ctx.body = document
  })
}

/** First of the list: an id for the request, and problem details for whatever is thrown. */
const answerErrors: Koa.Middleware = async (ctx, next) => {
  ctx.set({ 'Request-Id': randomUUID(), 'X-Content-Type-Options': 'nosniff' })
  try {
    await next()
  } catch (thrown) {
    const refusal = thrown instanceof ResourceRefusal ? thrown : unforeseen(thrown)
    ctx.status = refusal.status
    ctx.set({ 'Cache-Control': 'no-store', ...refusal.headers })
    ctx.type = 'application/problem+json'
    ctx.body = JSON.stringify(refusal.body)
  }
}

function unforeseen(thrown: unknown): ResourceRefusal {
  // Koa's own and the router's errors are about the request, e.g. a path that cannot be decoded.
  const status = (thrown as { status?: unknown }).status
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ResourceRefusal('invalid_request', 'The request cannot be read. Check the address.')
  }
  return new ResourceRefusal('internal', 'Something failed here. Try again shortly.')
}

/** Nothing matched by path and method: 405 where the path has other methods, else 404. */
const answerUnrouted: Koa.Middleware = async (ctx) => {
  const layers = (ctx as { matched?: { methods: string[] }[] }).matched ?? []
  const methods = new Set(layers.flatMap((layer) => layer.methods))
  if (methods.size === 0) throw notFound()
  const allow = [...methods].sort().join(', ')
  const headers = { Allow: allow }
  throw new ResourceRefusal('method_not_allowed', `This path takes ${allow}.`, { headers })
}
