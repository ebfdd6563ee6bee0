/** Swagger UI of a whole server, one fresh page a test, and an eye on what the page does unasked. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { BrowserContext, Page } from 'playwright-core'
import type { Latchkey } from '../../src/compose.ts'
import { startForTests } from '../../src/server.ts'
import { foreign, onBrowser, openPage, type Watched } from './browser.ts'
import { execute, type Shown, tryItOut } from './swagger.ts'

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url))

export interface Docs {
  page: Page
  /** Every request so far, as `GET http://…`. */
  requests: string[]
  latchkey: Latchkey
  url: string
  resourceUrl: string
  secret(name: string): string
  /** jwts → Try it out → paste → Execute. */
  exchange(namespace: string, key: string): Promise<Shown>
  /** Opens an operation → Try it out → Execute. */
  call(tag: string, id: string, path: string): Promise<Shown>
  /** Writes docs/images/swagger-{name}.png where WRITE_IMAGES=1 asks for it. */
  shoot(name: string, height?: number): Promise<void>
}

export function onDocs(title: string, body: (docs: () => Docs) => void): void {
  onBrowser(title, (browser) => {
    let latchkey: Latchkey
    let context: BrowserContext
    let watched: Watched
    const resourceUrl = (): string => latchkey.demo?.resourceUrl as string
    before(async () => {
      latchkey = await startForTests()
      context = await browser().newContext({ viewport: { width: 1280, height: 900 } })
      context.setDefaultTimeout(15_000)
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: latchkey.url })
    })
    after(async () => {
      await context?.close()
      await latchkey?.close()
    })
    beforeEach(async () => {
      watched = await openPage(context)
    })
    afterEach(async function () {
      const { page, requests, complaints } = watched
      await page.close()
      if (this.currentTest?.state !== 'passed') return
      const ours = [latchkey.url, latchkey.url.replace('localhost', '127.0.0.1'), resourceUrl()]
      expect(foreign(requests, ours), 'requests to other hosts').to.deep.equal([])
      expect(complaints.filter(unasked), 'complaints of the browser').to.deep.equal([])
    })
    body(() => docsOf(latchkey, watched, resourceUrl()))
  })
}

/** A browser says aloud that an answer was 401 or 403; those the tests ask for. */
function unasked(complaint: string): boolean {
  return !/status of 40[13]/.test(complaint)
}

function docsOf(latchkey: Latchkey, { page, requests }: Watched, resourceUrl: string): Docs {
  const secret = (name: string): string => latchkey.demo!.data!.keys[name]!.secret
  return {
    page,
    requests,
    latchkey,
    url: latchkey.url,
    resourceUrl,
    secret,
    async exchange(namespace, key) {
      const block = await tryItOut(page, 'jwts', 'exchangeKey')
      await block.locator('input').fill(secret(key))
      return execute(page, block, `/${namespace}/jwts`)
    },
    call: async (tag, id, path) => execute(page, await tryItOut(page, tag, id), path),
    async shoot(name, height = 900) {
      if (process.env.WRITE_IMAGES !== '1') return
      mkdirSync(IMAGES, { recursive: true })
      const size = page.viewportSize() as { width: number; height: number }
      if (size.width > 640) await page.setViewportSize({ ...size, height })
      await page.evaluate('document.activeElement.blur()')
      await page.mouse.move(0, 500)
      await page.screenshot({ path: `${IMAGES}swagger-${name}.png` })
      await page.setViewportSize(size)
    },
  }
}
