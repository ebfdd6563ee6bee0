/** Swagger UI, from local files, under a policy of its own; and pages to read: the partner guide, the error codes. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import helmet from 'koa-helmet'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Page } from './app.ts'
import { errorsPage } from './docs/errors.ts'
import { guidePage } from './docs/guide.ts'
import { type Definition, FAVICON, swaggerPage } from './docs/page.ts'
import { startScript } from './docs/start.ts'
import { SWAGGER_STYLE } from './docs/style.swagger.ts'
import { STYLE } from './docs/style.ts'
import type { OpenApiDocument } from './openapi.ts'

export interface PagesDeps {
  catalog: Catalog
  publicUrl: string
  resourceOrigins: () => string[]
  /** The OpenAPI document of a namespace. */
  documentOf: (namespace: string) => OpenApiDocument
}

/** Files of swagger-ui-dist that the page needs, and no others. */
const SWAGGER: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
}

interface Asset {
  type: string
  read: () => Promise<string | Buffer>
}

export function docsPages({ catalog, publicUrl, resourceOrigins, documentOf }: PagesDeps): Page[] {
  const { origin, pathname } = new URL(publicUrl)
  const base = pathname.replace(/\/$/, '')
  const listed = definitions(catalog, base)
  const assets = assetsOf(startScript(listed, origin))
  const url = (file: string): string => `${base}/docs/assets/${file}?v=${assets.version}`
  const swagger = swaggerPage({ base, url, definitions: listed })
  const errors = errorsPage({ base, url, support: catalog.support })
  const namespaces = [...catalog.namespaces.values()]
  /** One that is not there is the first, as at /docs. */
  const guide = (ns: unknown): string => {
    const namespace = namespaces.find(({ id }) => id === ns) ?? (namespaces[0] as NamespaceEntry)
    return guidePage({ base, url, catalog, namespace, definitions: listed, document: documentOf(namespace.id) })
  }
  const run = pageHeaders(origin, scripted(origin, resourceOrigins))
  const read = pageHeaders(origin, READ_ONLY)
  return [
    { path: '/docs', handle: html(run, () => swagger) },
    { path: '/docs/', handle: html(run, () => swagger) },
    { path: '/docs/errors', handle: html(read, () => errors) },
    { path: '/docs/assets/:file', handle: serveAsset(assets) },
    { path: '/guide', handle: html(read, guide) },
  ]
}

function html(headers: Page['handle'], bodyOf: (ns: unknown) => string): Page['handle'] {
  return async (ctx) => {
    await headers(ctx, async () => {})
    ctx.set('Cache-Control', 'no-cache')
    ctx.type = 'text/html'
    ctx.body = bodyOf(ctx.query.ns)
  }
}

function serveAsset(assets: ReturnType<typeof assetsOf>): Page['handle'] {
  return async (ctx) => {
    const { file = '' } = (ctx as unknown as { params: Record<string, string> }).params
    const asset = assets.files.get(file)
    if (asset === undefined) throw new Refusal('not_found')
    // An address with the version in it never means other bytes.
    const lasting = ctx.query.v === assets.version
    ctx.set('Cache-Control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
    ctx.set('Cross-Origin-Resource-Policy', 'same-origin')
    ctx.type = asset.type
    ctx.etag = assets.version
    ctx.status = 200
    if (ctx.get('If-None-Match').includes(assets.version)) ctx.status = 304
    else ctx.body = await asset.read()
  }
}

/** Every file that the pages name, and a version that changes with any of them. */
function assetsOf(script: string): { files: ReadonlyMap<string, Asset>; version: string } {
  const manifest = createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')
  const { version } = createRequire(import.meta.url)(manifest) as { version: string }
  const own = {
    'latchkey.css': STYLE,
    'latchkey-swagger.css': SWAGGER_STYLE,
    'start.js': script,
    'favicon.svg': FAVICON,
  }
  const types: Record<string, string> = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' }
  const files = new Map<string, Asset>()
  for (const [name, type] of Object.entries(SWAGGER)) {
    files.set(name, { type, read: () => readFile(join(dirname(manifest), name)) })
  }
  for (const [name, text] of Object.entries(own)) {
    files.set(name, { type: types[name.split('.')[1] as string] as string, read: async () => text })
  }
  const digest = createHash('sha256').update(JSON.stringify([version, own]))
  return { files, version: digest.digest('base64url').slice(0, 12) }
}

type Directives = Readonly<Record<string, readonly (string | (() => string))[]>>

/** Pages to read run nothing. */
const READ_ONLY: Directives = { 'style-src': ["'self'"], 'img-src': ["'self'"] }

/** Scripts, and whom they may call, are ours to name; inline styles are Swagger UI's own. */
function scripted(publicOrigin: string, resourceOrigins: () => string[]): Directives {
  return {
    'script-src': ["'self'"],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'data:'],
    'connect-src': ["'self'", () => [...new Set([publicOrigin, ...resourceOrigins()])].join(' ')],
  }
}

/** Browsers are told to insist on https only where PUBLIC_URL is https. */
function pageHeaders(publicOrigin: string, directives: Directives): Page['handle'] {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        ...directives,
        'form-action': ["'none'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    strictTransportSecurity: publicOrigin.startsWith('https:')
      ? { maxAge: 31_536_000, includeSubDomains: false }
      : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  }) as unknown as Page['handle']
}

/** What the selector lists, in the catalog's order, the management API last. */
function definitions(catalog: Catalog, base: string): Definition[] {
  return [...catalog.namespaces.values()].map(({ id, title, stage, label }) => {
    const said = label ?? (stage === 'deprecated' ? 'Deprecated' : stage === 'retired' ? 'Retired' : null)
    return { id, name: said === null ? title : `${title} (${said})`, url: `${base}/${id}/openapi.json` }
  })
}
