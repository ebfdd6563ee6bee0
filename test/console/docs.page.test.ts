/** The pages around Swagger UI: what they show, and what they will not do. */
import { expect } from 'chai'
import { onDocs } from './docs.bed.ts'
import { intoView, openDocs, operation, tryItOut } from './swagger.ts'

onDocs('Swagger UI: the page', (docs) => {
  it('the selector, top right, lists v2, V3 as Experimental and the management API; ?ns= opens on one', async () => {
    const { page, url } = docs()
    await openDocs(page, `${url}/docs?ns=v3`)
    const select = page.getByLabel('Definition')
    expect(await select.locator('option').allTextContents()).to.deep.equal([
      'Partner API',
      'Partner API V3 (Experimental)',
      'Management API',
    ])
    expect(await select.inputValue()).to.equal('v3')
    await operation(page, 'vehicles', 'listVehicles').waitFor()
    const box = await select.boundingBox()
    expect(box?.x).to.be.greaterThan(640)
    expect(box?.y).to.be.lessThan(60)
    expect(await page.locator('#lk-elsewhere').isVisible()).to.equal(false)
  })

  it('jwts comes first, and one field, required and empty, is all that it asks for', async () => {
    const { page, url, requests } = docs()
    await openDocs(page, `${url}/docs`)
    expect(await page.locator('.opblock').first().getAttribute('id')).to.equal('operations-jwts-exchangeKey')
    const block = await tryItOut(page, 'jwts', 'exchangeKey')
    expect(await block.locator('tr[data-property-name]').evaluateAll(names)).to.deep.equal(['apiKey'])
    expect(await block.locator('input').count()).to.equal(1)
    expect(await block.locator('input').inputValue()).to.equal('')
    expect(await block.getByLabel('Request content type').inputValue()).to.equal('application/x-www-form-urlencoded')
    expect(await block.getByLabel('Media Type').first().inputValue()).to.equal('text/plain')
    const sent = requests.length
    await block.getByRole('button', { name: 'Execute' }).click()
    await block.locator('input.invalid').waitFor()
    expect(requests.slice(sent)).to.deep.equal([])
  })

  it('takes no definition and no configuration from the address', async () => {
    const { page, url, requests } = docs()
    const evil = 'https://evil.example/x.json'
    const query = `url=${evil}&configUrl=${evil}&spec=${evil}&urls.primaryName=${evil}&ns=__proto__#/${evil}`
    await openDocs(page, `${url}/docs?${query}`)
    await operation(page, 'links', 'listLinks').waitFor()
    expect(await page.getByLabel('Definition').inputValue()).to.equal('v2')
    expect(requests.filter((line) => /^\w+ [^?]*evil/.test(line))).to.deep.equal([])
  })

  it('opened under another name it says where every call works; the exchange works here too', async () => {
    const { page, url, exchange } = docs()
    await openDocs(page, `${url.replace('localhost', '127.0.0.1')}/docs?ns=v3`)
    const notice = page.locator('#lk-elsewhere')
    expect(await notice.isVisible()).to.equal(true)
    expect(await notice.getByRole('link').getAttribute('href')).to.equal(`${url}/docs?ns=v3`)
    expect((await exchange('v3', 'acme-v3-server')).status).to.equal('200')
  })

  it('is dark where the reader’s system is', async () => {
    const { page, url, exchange, shoot } = docs()
    await page.emulateMedia({ colorScheme: 'dark' })
    await openDocs(page, `${url}/docs`)
    await exchange('v2', 'acme-v2-server')
    await intoView(operation(page, 'jwts', 'exchangeKey').locator('.opblock-section-request-body'))
    await shoot('dark')
    expect(await page.evaluate(BRIGHTEST)).to.be.lessThan(60)
  })

  it('the page of error codes has an anchor for the type of a problem', async () => {
    const { page, url, shoot } = docs()
    const answer = await fetch(`${url}/v2/jwts`, { method: 'POST' })
    const { type } = (await answer.json()) as { type: string }
    await page.goto(`${url}/docs/errors`)
    await shoot('errors')
    await page.goto(type)
    expect(await page.locator(':target').textContent()).to.include('invalid_request')
    expect(await page.getByRole('link', { name: 'API reference' }).getAttribute('href')).to.equal('/docs')
  })
})

/** The brightest channel of the page's ground. */
const BRIGHTEST = `Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))`
const names = (rows: Element[]): (string | null)[] => rows.map((row) => row.getAttribute('data-property-name'))
