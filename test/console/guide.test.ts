/** The partner guide in a real browser: on a phone, in the dark, on paper. */
import { expect } from 'chai'
import { onDocs } from './docs.bed.ts'
import { openDocs } from './swagger.ts'

const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
const GROUND = 'getComputedStyle(document.body).backgroundColor'

onDocs('The partner guide', (docs) => {
  it('fits a phone without scrolling sideways, whichever API it is of', async () => {
    const { page, url } = docs()
    await page.setViewportSize({ width: 375, height: 740 })
    await page.goto(`${url}/guide`)
    for (const name of ['Partner API V3 (Experimental)', 'Management API', 'Partner API']) {
      await page.getByRole('navigation', { name: 'API' }).getByRole('link', { name, exact: true }).click()
      await page.locator('[aria-current=page]').getByText(name, { exact: true }).waitFor()
      expect(await page.evaluate(OVERFLOW), name).to.equal(0)
    }
    expect(page.url()).to.equal(`${url}/guide?ns=v2`)
  })

  it('is reached from Swagger UI, on the same API, and leads back there', async () => {
    const { page, url } = docs()
    await openDocs(page, `${url}/docs`)
    await page.getByLabel('Definition').selectOption({ label: 'Partner API V3 (Experimental)' })
    await page.getByRole('link', { name: 'Guide', exact: true }).click()
    expect(page.url()).to.equal(`${url}/guide?ns=v3`)
    await page.getByRole('banner').getByRole('link', { name: 'API reference' }).click()
    expect(page.url()).to.equal(`${url}/docs?ns=v3`)
  })

  it('is dark where the reader’s system is, and on paper has no navigation', async () => {
    const { page, url } = docs()
    await page.goto(`${url}/guide`)
    const light = await page.evaluate(GROUND)
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await page.evaluate(GROUND)).not.to.equal(light)
    await page.emulateMedia({ media: 'print' })
    for (const part of [page.getByRole('banner'), page.getByRole('navigation')])
      expect(await part.first().isVisible()).to.equal(false)
    expect(await page.getByRole('heading', { name: 'When to try again' }).isVisible()).to.equal(true)
  })
})
