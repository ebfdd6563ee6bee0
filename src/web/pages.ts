/** Swagger UI, from local files, under a policy of its own. */
import { createReadStream, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Catalog } from '../catalog.ts'
import { Refusal, SENTENCES } from '../errors.ts'
import type { Page } from './app.ts'
import { STATUS } from './problems.ts'

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'swagger-ui-standalone-preset.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
}

export function docsPages(deps: { catalog: Catalog; publicUrl: string; resourceOrigins: () => string[] }): Page[] {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  return [
    {
      path: '/docs',
      handle: async (ctx) => {
        ctx.set('Content-Security-Policy', policy(deps.resourceOrigins()))
        ctx.set('Cache-Control', 'no-cache')
        ctx.type = 'text/html'
        ctx.body = PAGE
      },
    },
    {
      path: '/docs/start.js',
      handle: async (ctx) => {
        ctx.set('Cache-Control', 'no-cache')
        ctx.type = 'text/javascript'
        ctx.body = startScript(deps.catalog)
      },
    },
    {
      path: '/docs/errors',
      handle: async (ctx) => {
        ctx.type = 'text/html'
        ctx.body = errorsPage()
      },
    },
    {
      path: '/docs/assets/:file',
      handle: async (ctx) => {
        const { file = '' } = (ctx as unknown as { params: Record<string, string> }).params
        const type = Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined
        if (type === undefined || !existsSync(join(folder, file))) throw new Refusal('not_found')
        ctx.set('Cache-Control', 'public, max-age=3600')
        ctx.type = type
        ctx.body = createReadStream(join(folder, file))
      },
    },
  ]
}

/** Inline styles are Swagger UI's own; scripts, and whom they may call, are ours to name. */
function policy(resourceOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ${resourceOrigins.join(' ')}`.trim(),
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latchkey API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/swagger-ui-standalone-preset.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

function startScript(catalog: Catalog): string {
  const urls = [...catalog.namespaces.values()].map((ns) => ({
    id: ns.id,
    name: ns.label === null ? ns.title : `${ns.title} (${ns.label})`,
    url: `/${ns.id}/openapi.json`,
  }))
  return `const definitions = ${JSON.stringify(urls)}
const asked = new URLSearchParams(location.search).get('ns')
const first = definitions.find((d) => d.id === asked) ?? definitions[0]
window.ui = SwaggerUIBundle({
  urls: definitions.map(({ url, name }) => ({ url, name })),
  'urls.primaryName': first.name,
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  queryConfigEnabled: false,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: 'StandaloneLayout',
})
`
}

function errorsPage(): string {
  const rows = Object.entries(SENTENCES).map(
    ([code, sentence]) =>
      `<dt id="${code}"><code>${code}</code> · ${STATUS[code as keyof typeof STATUS]}</dt><dd>${escape(sentence)}</dd>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Latchkey errors</title><h1>Errors</h1><dl>${rows.join('')}</dl></html>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
