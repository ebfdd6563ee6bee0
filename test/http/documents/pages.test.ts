import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import Koa from 'koa'
import type { Latchkey } from '../../../src/compose.ts'
import { SENTENCES } from '../../../src/errors.ts'
import { startForTests } from '../../../src/server.ts'
import { docsPages } from '../../../src/web/pages.ts'

describe('Pages', () => {
  let latchkey: Latchkey
  before(async () => {
    latchkey = await startForTests()
  })
  after(() => latchkey.close())
  const get = async (path: string, sent = {}): Promise<{ status: number; headers: Headers; text: string }> => {
    const answer = await fetch(`${latchkey.url}${path}`, { headers: sent })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }

  it('are under a strict policy that names whom they may call', async () => {
    const scripts = [
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      `connect-src 'self' ${latchkey.url} ${latchkey.demo?.resourceUrl}`,
    ]
    for (const [path, own] of [
      ['/docs', scripts],
      ['/docs/errors', ["style-src 'self'", "img-src 'self'"]],
    ] as const) {
      const { status, headers } = await get(path)
      expect(status, path).to.equal(200)
      expect(headers.get('content-type')).to.equal('text/html; charset=utf-8')
      expect(headers.get('content-security-policy')?.split(/; ?/)).to.deep.equal([
        "default-src 'none'",
        ...own,
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ])
      expect(headers.get('x-frame-options')).to.equal('DENY')
      expect(headers.get('referrer-policy')).to.equal('no-referrer')
      expect(headers.has('strict-transport-security'), 'over http').to.equal(false)
    }
  })

  it('name local files only, that never change under their address', async () => {
    const { text: html } = await get('/docs')
    const named = [...html.matchAll(/(?:src|href)="([^"]+\?v=[^"]+)"/g)].map((match) => match[1] as string)
    expect(named).to.have.length.greaterThan(4)
    for (const path of named) {
      const { status, headers } = await get(path)
      expect([status, headers.get('x-content-type-options')], path).to.deep.equal([200, 'nosniff'])
      expect(headers.get('cache-control')).to.equal('public, max-age=31536000, immutable')
      const etag = headers.get('etag') as string
      expect((await get(path, { 'if-none-match': etag })).status).to.equal(304)
    }
    expect((await get('/docs/assets/latchkey.css')).headers.get('cache-control')).to.equal('no-cache')
    expect(html).not.to.match(/<script>|<style|\son\w+=|https?:\/\//)
  })

  it('have no other files', async () => {
    for (const file of ['package.json', 'index.html', 'oauth2-redirect.html', '..%2fpackage.json', 'constructor']) {
      expect((await get(`/docs/assets/${file}`)).status, file).to.equal(404)
    }
  })

  it('explain every code', async () => {
    const { text: html } = await get('/docs/errors')
    for (const code of Object.keys(SENTENCES)) expect(html).to.include(`id="${code}"`)
  })

  it('follow PUBLIC_URL: below its path, and over https for good', async () => {
    const { catalog } = latchkey
    const pages = docsPages({
      catalog,
      publicUrl: 'https://api.example.com/keys',
      resourceOrigins: () => [],
      documentOf: latchkey.documents.of,
    })
    const app = new Koa()
    app.use(((ctx, next) => pages.find(({ path }) => path === ctx.path)?.handle(ctx as never, next)) as Koa.Middleware)
    const server: Server = createServer(app.callback())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const answer = await fetch(`${own}/docs`)
    const html = (await answer.text()) + (await (await fetch(`${own}/guide`)).text())
    server.close()
    expect(answer.headers.get('strict-transport-security')).to.equal('max-age=31536000')
    expect(answer.headers.get('content-security-policy')).to.include("connect-src 'self' https://api.example.com;")
    for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g))
      expect(path).to.match(/^(\/keys\/|mailto:|https:\/\/example.com\/support$)/)
  })
})
