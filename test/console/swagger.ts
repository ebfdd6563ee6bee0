/** What a developer clicks in Swagger UI. */
import type { Locator, Page } from 'playwright-core'

export async function openDocs(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await operation(page, 'jwts', 'exchangeKey').waitFor()
}

export function operation(page: Page, tag: string, id: string): Locator {
  return page.locator(`#operations-${tag}-${id}`)
}

/** Opens an operation and chooses Try it out. */
export async function tryItOut(page: Page, tag: string, id: string): Promise<Locator> {
  const block = operation(page, tag, id)
  await block.locator('.opblock-summary-control').click()
  await block.getByRole('button', { name: 'Try it out' }).click()
  return block
}

export interface Shown {
  status: string
  body: string
}

/** Executes, and reads what the page then shows. */
export async function execute(page: Page, block: Locator, path: string): Promise<Shown> {
  const answered = page.waitForResponse(
    (response) => new URL(response.url()).pathname === path && response.request().method() !== 'OPTIONS',
  )
  await block.getByRole('button', { name: 'Execute' }).click()
  const status = (await answered).status()
  const live = block.locator('.live-responses-table .response')
  await live.locator('.response-col_status', { hasText: String(status) }).waitFor()
  return {
    status: ((await live.locator('.response-col_status').first().textContent()) as string).trim(),
    body: (await live.locator('.response-col_description .highlight-code code').first().textContent()) as string,
  }
}

/** Authorize → paste → Authorize → Close; a token that is there already is logged out first. */
export async function authorize(page: Page, token: string): Promise<void> {
  await page.locator('.scheme-container').getByRole('button', { name: 'Authorize' }).click()
  const dialog = page.locator('.dialog-ux')
  await dialog.getByRole('button', { name: 'Close' }).waitFor()
  const field = dialog.locator('input')
  if ((await field.count()) === 0) await dialog.getByRole('button', { name: 'Remove authorization' }).click()
  await field.fill(token)
  await dialog.getByRole('button', { name: 'Apply credentials' }).click()
  await dialog.getByText('Authorized', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Close' }).click()
}

export async function choose(page: Page, label: string): Promise<void> {
  await page.getByLabel('Definition').selectOption({ label })
}

/** To the top of the window, below the header. */
export async function intoView(part: Locator): Promise<void> {
  await part.first().evaluate((element) => element.scrollIntoView())
}
