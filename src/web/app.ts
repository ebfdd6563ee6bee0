/** The middleware list, and the bridge from declared routes to Koa. */

import type { IncomingMessage } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { Router } from '@koa/router'
import Koa from 'koa'
import type { Logger } from 'pino'
import type { Catalog } from '../catalog.ts'
import { type Code, Refusal } from '../errors.ts'
import type { Denials } from '../events/denials.ts'
import { unmapped } from '../keys/addresses.rules.ts'
import { readBody } from './body.ts'
import { columnsOf, csvReply, splitFormat } from './csv.ts'
import { type Expected, readIfMatch } from './etag.ts'
import { createFlights, onceOf } from './idempotency.ts'
import { parseInput, parseParams } from './input.ts'
import { guard, type IdentifyPrincipal, type Principal, type Reach } from './principal.ts'
import { asRefusal, oauthError, problem } from './problems.ts'
import type { RequestFacts } from './request.ts'
import type { Reply, Route } from './route.ts'

export interface WebState extends Koa.DefaultState {
  requestId: string
}
export type Context = Koa.ParameterizedContext<WebState>
type Middleware = Koa.Middleware<WebState>

/** A page that is no API. */
export interface Page {
  path: string
  handle: Middleware
}

export interface WebDeps {
  routes: readonly Route[]
  pages: readonly Page[]
  catalog: Catalog
  publicUrl: string
  trustedHops: number
  identify: IdentifyPrincipal
  denials: Denials
  reach: Reach
  logger: Logger
  now: () => number
  requestId: () => string
}

export function createApp(deps: WebDeps): Koa<WebState> {
  const app = new Koa<WebState>()
  const byPath = new Map(deps.routes.map((route) => [routerPath(route.path), route]))
  app.use(answerErrors(deps, byPath))
  app.use(routeBySegment(deps))
  app.use(answerUnrouted(byPath))
  app.on('error', (error: Error) => {
    // A client that hung up is no fault of ours.
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET')
      deps.logger.warn({ error: error.message }, 'connection error')
  })
  return app
}

/**
 * A path without parameters is found at once; the others are matched by a router per first segment, so that a request
 * meets the routes of its namespace alone.
 */
function routeBySegment(deps: WebDeps): Middleware {
  const routers = new Map<string, Router<WebState>>()
  const exact = new Map<string, { matched: { path: string }[]; handle: Middleware }>()
  const routerOf = (path: string): Router<WebState> => {
    const router = routers.get(segment(path)) ?? new Router<WebState>({ sensitive: true, strict: true })
    routers.set(segment(path), router)
    return router
  }
  for (const route of deps.routes) {
    const handle = serve(route, deps)
    const path = routerPath(route.path)
    routerOf(path)[route.method](path, handle)
    if (path === route.path) exact.set(`${route.method.toUpperCase()} ${path}`, { matched: [{ path }], handle })
  }
  for (const page of deps.pages) routerOf(page.path).get(page.path, page.handle)
  const served = new Map([...routers].map(([name, router]) => [name, router.routes() as unknown as Middleware]))
  return (ctx, next) => {
    const found = exact.get(`${ctx.method} ${ctx.path}`)
    if (found === undefined) return served.get(segment(ctx.path))?.(ctx, next) ?? next()
    ;(ctx as { matched?: unknown }).matched = found.matched
    return found.handle(ctx, next)
  }
}

function segment(path: string): string {
  const end = path.indexOf('/', 1)
  return end < 0 ? path.slice(1) : path.slice(1, end)
}

/** `{name}` as Koa's router writes it. */
function routerPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

const NO_SNIFFING = { 'X-Content-Type-Options': 'nosniff' }
/** For what a browser shows as a document. */
const SHOWN_SAFELY = {
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
}
const HSTS = { 'Strict-Transport-Security': 'max-age=31536000' }

/** What an operator must hear of; what a caller can bring about at will is not among it. */
const OURS = new Set<Code>(['internal', 'store_unavailable'])

/** First of the list: gives the request its id, and turns whatever is thrown into the answer that its route speaks. */
function answerErrors(deps: WebDeps, byPath: ReadonlyMap<string, Route>): Middleware {
  const always = deps.publicUrl.startsWith('https:') ? { ...NO_SNIFFING, ...HSTS } : NO_SNIFFING
  return async (ctx, next) => {
    ctx.state.requestId = deps.requestId()
    ctx.res.setHeader('Request-Id', ctx.state.requestId)
    setAll(ctx, always)
    if (ctx.method !== 'POST') setAll(ctx, SHOWN_SAFELY)
    try {
      await next()
    } catch (thrown) {
      const refusal = asRefusal(thrown)
      const speaksOAuth = byPath.get(matchedPath(ctx))?.errors === 'oauth'
      const answer = speaksOAuth ? oauthError(refusal) : problem(refusal, ctx.state.requestId, deps.publicUrl)
      ctx.status = answer.status
      ctx.set(answer.headers)
      ctx.body = answer.body
      ctx.set('Content-Type', answer.contentType)
      if (OURS.has(refusal.code)) {
        deps.logger.error(
          { requestId: ctx.state.requestId, path: matchedPath(ctx), code: refusal.code, err: refusal.facts.cause },
          'request failed',
        )
      }
    }
    if (deps.logger.isLevelEnabled('debug')) {
      const { requestId } = ctx.state
      deps.logger.debug({ requestId, method: ctx.method, path: matchedPath(ctx), status: ctx.status }, 'answered')
    }
  }
}

/** Straight to Node: ours are plain strings, and Koa would look at each of them again. */
function setAll(ctx: Context, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) ctx.res.setHeader(name, headers[name] as string)
}

/** The declared path, never the one called: that one may hold anything. */
function matchedPath(ctx: Context): string {
  const matched = (ctx as { matched?: { path: string }[] }).matched
  return matched?.at(-1)?.path ?? ''
}

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-API-Key, DPoP, If-None-Match, Last-Event-ID',
  'Access-Control-Max-Age': '86400',
}
const EXPOSED =
  'Request-Id, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, DPoP-Nonce, ETag, Deprecation, Sunset'

/** Issuer routes are open to any page, without credentials: keys and tokens travel in headers and bodies only. */
const CROSS_ORIGIN = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': EXPOSED }

/** A browser names its page with every call that it guards so; what caches keep is said to all. */
function isCrossOrigin(ctx: Context): boolean {
  return ctx.method === 'GET' || ctx.req.headers.origin !== undefined
}

/** Nothing matched by path and method: a preflight, 405 where the path has other methods, 404 otherwise. */
function answerUnrouted(byPath: ReadonlyMap<string, Route>): Middleware {
  return async (ctx) => {
    const layers = (ctx as { matched?: { methods: string[] }[] }).matched ?? []
    const methods = new Set(layers.flatMap((layer) => layer.methods))
    const cors = byPath.get(matchedPath(ctx))?.cors
    if (cors) setAll(ctx, CROSS_ORIGIN)
    if (ctx.method === 'OPTIONS' && cors) {
      ctx.set(PREFLIGHT)
      ctx.status = 204
      return
    }
    if (methods.size > 0)
      throw new Refusal('method_not_allowed', { headers: { Allow: [...methods].sort().join(', ') } })
    throw new Refusal('not_found')
  }
}

const NONE: Expected = new Set()

function serve(route: Route, deps: WebDeps): Middleware {
  const lifecycle = lifecycleHeaders(route, deps.catalog)
  const answer = answerer(route, deps)
  return async (ctx) => {
    setAll(ctx, lifecycle)
    if (route.cors && isCrossOrigin(ctx)) setAll(ctx, CROSS_ORIGIN)
    const request = new Facts(ctx, deps.trustedHops)
    const { access } = route
    const caller = access === 'public' ? null : await deps.identify(request)
    const params = parseParams(route, (ctx as unknown as { params?: Record<string, string> }).params ?? {})
    if (access === 'public' || caller === null) return answer(ctx, { request, params, caller })
    ctx.set('Cache-Control', 'no-store')
    const named = params as Record<string, string>
    try {
      await guard(deps.reach, caller, access, named)
      await answer(ctx, { request, params, caller })
    } catch (error) {
      deps.denials.note({ caller, action: access, params: named, requestId: request.id }, error)
      throw error
    }
  }
}

interface Called {
  request: Facts
  params: unknown
  /** Null on a route that is open to all. */
  caller: Principal | null
}

function answerer(route: Route, deps: WebDeps): (ctx: Context, called: Called) => Promise<void> {
  const fly = createFlights()
  const columns = columnsOf(route)
  return async (ctx, { request, params, caller }) => {
    const read = route.body === undefined ? null : await readBody(ctx.req, route.body)
    const { csv, query } =
      columns === null ? { csv: false, query: route.query && ctx.query } : splitFormat(ctx.query, request)
    const { query: asked, body } = parseInput(route, query ?? {}, read?.members ?? null)
    const expected = route.ifMatch ? readIfMatch(request, route.ifMatch === 'optional') : NONE
    const once = caller === null ? null : onceOf(route, caller, { request, path: ctx.path, body, now: deps.now() })
    const who = caller ?? (undefined as never)
    const rawBody = read?.text ?? ''
    const handle = (query: unknown) =>
      route.handle({ params, query, body, rawBody, request, caller: who, expected, once })
    const handlePage = (page: object) => handle({ ...(asked as object), ...page })
    if (csv && columns !== null) send(ctx, await csvReply(route.operationId, columns, handlePage))
    else send(ctx, await (once === null ? handle(asked) : fly(once, () => handle(asked))))
  }
}

/** By Node's own means: Koa would look at every header and the body once more, on the path that is taken most. */
function send(ctx: Context, reply: Reply): void {
  const { res } = ctx
  ctx.respond = false
  res.statusCode = reply.status
  if (reply.headers !== undefined) setAll(ctx, reply.headers)
  if (reply.body === undefined) {
    res.end()
    return
  }
  if (isStreamed(reply.body)) {
    res.setHeader('Content-Type', reply.type ?? 'text/plain; charset=utf-8')
    // Whatever fails now is past telling: the connection breaks off.
    pipeline(Readable.from(reply.body), res, () => {})
    return
  }
  const json = typeof reply.body === 'object' && !(reply.body instanceof Uint8Array)
  const type = reply.type ?? (json ? 'application/json' : 'text/plain')
  const body = json ? JSON.stringify(reply.body) : (reply.body as string | Uint8Array)
  // JSON and JOSE types take no charset parameter (RFC 8259 §11).
  res.setHeader('Content-Type', type === 'text/plain' ? 'text/plain; charset=utf-8' : type)
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(body)
}

function isStreamed(body: NonNullable<Reply['body']>): body is AsyncIterable<string> {
  return typeof body === 'object' && Symbol.asyncIterator in body
}

class Facts implements RequestFacts {
  readonly #ctx: Context
  readonly #hops: number

  constructor(ctx: Context, trustedHops: number) {
    this.#ctx = ctx
    this.#hops = trustedHops
  }

  get id(): string {
    return this.#ctx.state.requestId
  }

  get path(): string {
    return this.#ctx.path
  }

  get method(): string {
    return this.#ctx.method
  }

  get address(): string {
    return clientAddress(this.#ctx.req, this.#hops)
  }

  get origin(): string | null {
    return this.#ctx.req.headers.origin || null
  }

  header(name: string): string | undefined {
    return this.#ctx.get(name) || undefined
  }

  headers(name: string): readonly string[] {
    const { req } = this.#ctx
    return req.headers[name] === undefined ? [] : (req.headersDistinct[name] ?? [])
  }

  get takesGzip(): boolean {
    return this.#ctx.acceptsEncodings('gzip', 'identity') === 'gzip'
  }

  accepts(...types: string[]): string | null {
    const { headers } = this.#ctx.req
    const wanted = headers.accept
    if (wanted === undefined || wanted === '*/*') return types[0] ?? null
    // A charset or a version of a media range says nothing against the type itself.
    if (wanted.includes(';')) headers.accept = wanted.replace(/;(?!\s*q=)[^;,]*/gi, '')
    return this.#ctx.accepts(...types) || null
  }
}

/**
 * The address that the nearest trusted proxy saw. Entries of X-Forwarded-For are believed from the right, as many as
 * there are trusted hops: what stands further left the client may have written itself.
 */
export function clientAddress(req: IncomingMessage, hops: number): string {
  const socket = req.socket.remoteAddress ?? ''
  if (hops === 0) return unmapped(socket)
  const header = req.headers['x-forwarded-for']
  const seen = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
  return unmapped(seen.at(-Math.min(hops, seen.length)) ?? socket)
}

/** RFC 9745 and RFC 8594. */
function lifecycleHeaders(route: Route, catalog: Catalog): Record<string, string> {
  const namespace = route.namespace === undefined ? undefined : catalog.namespaces.get(route.namespace)
  const headers: Record<string, string> = {}
  if (namespace?.deprecatedAt) headers.Deprecation = `@${Math.floor(namespace.deprecatedAt / 1000)}`
  if (namespace?.sunsetAt) headers.Sunset = new Date(namespace.sunsetAt).toUTCString()
  return headers
}
