/** Swagger UI, from local files, under a policy of its own; and the page of error codes. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import helmet from 'koa-helmet'
import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Page } from './app.ts'
import { errorsPage } from './docs/errors.ts'
import { type Definition, FAVICON, swaggerPage } from './docs/page.ts'
import { startScript } from './docs/start.ts'
import { SWAGGER_STYLE } from './docs/style.swagger.ts'
import { STYLE } from './docs/style.ts'

export interface PagesDeps {
  catalog: Catalog
  publicUrl: string
  resourceOrigins: () => string[]
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

export function docsPages(deps: PagesDeps): Page[] {
  const { catalog, publicUrl } = deps
  const { origin, pathname } = new URL(publicUrl)
  const base = pathname.replace(/\/$/, '')
  const assets = assetsOf(startScript(definitions(catalog, base), origin))
  const url = (file: string): string => `${base}/docs/assets/${file}?v=${assets.version}`
  const swagger = swaggerPage({ base, url, definitions: definitions(catalog, base) })
  const errors = errorsPage({ base, url, support: catalog.support })
  const html = (body: string): Page['handle'] => {
    const headers = pageHeaders(origin, deps.resourceOrigins)
    return async (ctx) => {
      await headers(ctx, async () => {})
      ctx.set('Cache-Control', 'no-cache')
      ctx.type = 'text/html'
      ctx.body = body
    }
  }
  return [
    { path: '/docs', handle: html(swagger) },
    { path: '/docs/', handle: html(swagger) },
    { path: '/docs/errors', handle: html(errors) },
    { path: '/docs/assets/:file', handle: serveAsset(assets) },
  ]
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

/**
 * Scripts, and whom they may call, are ours to name; inline styles are Swagger UI's own. Browsers are told to insist on
 * https only where PUBLIC_URL is https.
 */
function pageHeaders(publicOrigin: string, resourceOrigins: () => string[]): Page['handle'] {
  const called = (): string => [...new Set([publicOrigin, ...resourceOrigins()])].join(' ')
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'connect-src': ["'self'", called],
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
