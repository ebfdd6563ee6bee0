/** A share link as a partner sees it, in a real browser and without scripts. */
import { expect } from 'chai'
import { type Bed, openBed } from '../http/bed.ts'
import { callerOf } from '../http/manage/caller.ts'
import { onBrowser, openPage } from './browser.ts'

onBrowser('The page of a share link', (browser) => {
  let bed: Bed
  before(async () => {
    bed = await openBed()
  })
  after(() => bed?.latchkey.close())

  it('shows a fresh secret behind a button, once', async () => {
    const me = await callerOf(bed, 'acme-manage')
    const path = `/manage/accounts/acme/keys/${bed.keyId('acme-northwind')}`
    const { url } = (await me.post(`${path}/share`, {})).json() as { url: string }
    const context = await browser().newContext({ javaScriptEnabled: false })
    const { page, complaints } = await openPage(context)
    await page.goto(url)
    await page.goto(url)
    expect(await page.locator('h1').textContent()).to.equal('Acme Outdoor shares an API key with you')
    await page.getByRole('button', { name: 'Show the API key' }).click()
    expect(await page.locator('h1').textContent()).to.equal('Your API key')
    const secret = (await page.locator('#secret').textContent()) as string
    expect((await bed.post('/v2/jwts', { json: { apiKey: secret } })).status).to.equal(200)
    expect(await page.getByRole('link', { name: 'Documentation' }).getAttribute('href')).to.equal(
      `${bed.url}/docs?ns=v2`,
    )
    await page.getByRole('link', { name: 'Partner guide' }).click()
    expect(await page.locator('h1').textContent()).to.equal('How to use an API key')
    await page.goto(url)
    expect(await page.getByRole('alert').textContent()).to.match(/^This link was used at 2026-/)
    expect(complaints.filter((text) => !text.includes('410'))).to.deep.equal([])
    await context.close()
  })
})
