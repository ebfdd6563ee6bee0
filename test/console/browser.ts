/** A real Chromium for tests of pages, and what each page did besides what it was asked to. */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const NO_BROWSER = 'pending: no Chromium here; install one or name it in CHROME_PATH'

/** Null where there is none. */
export function chromePath(): string | null {
  const named = process.env.CHROME_PATH
  if (named) return existsSync(named) ? named : null
  return PLACES.find((place) => existsSync(place)) ?? null
}

/** Declares a suite that needs a browser; without one it is pending and says why, or fails with REQUIRE_BROWSER=1. */
export function onBrowser(title: string, body: (browser: () => Browser) => void): void {
  const path = chromePath()
  describe(path === null ? `${title} (${NO_BROWSER})` : title, function () {
    this.timeout(30_000)
    let browser: Browser | undefined
    before(async function () {
      if (path === null && process.env.REQUIRE_BROWSER === '1') throw new Error(NO_BROWSER)
      if (path === null) return this.skip()
      browser = await chromium.launch({ executablePath: path, args: FLAGS })
    })
    after(async () => browser?.close())
    body(() => browser as Browser)
  })
}

export interface Watched {
  page: Page
  /** Every request, as `GET http://…`. */
  requests: string[]
  /** Errors and warnings of the console, uncaught errors, and violations of the policy. */
  complaints: string[]
}

export async function openPage(context: BrowserContext): Promise<Watched> {
  const page = await context.newPage()
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push(`${request.method()} ${request.url()}`))
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (['error', 'warning', 'assert'].includes(message.type())) complaints.push(message.text())
  })
  await page.exposeFunction('violated', (what: string) => complaints.push(`policy: ${what}`))
  await page.addInitScript(`addEventListener('securitypolicyviolation', (event) => {
    window.violated(event.effectiveDirective + ' ' + event.blockedURI)
  })`)
  return { page, requests, complaints }
}

/** Requests that went to no origin of these; `data:` and `blob:` go nowhere. */
export function foreign(requests: readonly string[], origins: readonly string[]): string[] {
  return requests.filter((line) => {
    const url = new URL(line.slice(line.indexOf(' ') + 1))
    return /^https?:$/.test(url.protocol) && !origins.includes(url.origin)
  })
}
