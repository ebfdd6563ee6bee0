/** The walk of a developer through Swagger UI, click by click. */
import { expect } from 'chai'
import { onDocs } from './docs.bed.ts'
import { authorize, choose, execute, intoView, openDocs, operation } from './swagger.ts'

const JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/

onDocs('Swagger UI: from key to call', (docs) => {
  it('v2: key → token, and nothing else in the body → Authorize → a call succeeds → a second exchange too', async () => {
    const { page, url, exchange, call, shoot } = docs()
    await openDocs(page, `${url}/docs`)
    await shoot('open')
    const { status, body: token } = await exchange('v2', 'acme-v2-server')
    expect(status).to.equal('200')
    expect(token).to.match(JWS)
    const block = operation(page, 'jwts', 'exchangeKey')
    await intoView(block.locator('.opblock-section-request-body'))
    await shoot('jwts', 1060)
    await block.locator('.live-responses-table .copy-to-clipboard button').first().click()
    expect(await page.evaluate('navigator.clipboard.readText()')).to.equal(token)

    await authorize(page, token)
    const links = await call('links', 'listLinks', '/v2/links')
    expect(links.status).to.equal('200')
    expect(JSON.parse(links.body).items[0]).to.include.keys('id', 'url')
    await intoView(operation(page, 'links', 'listLinks').locator('.responses-wrapper'))
    await shoot('call')

    const again = await execute(page, block, '/v2/jwts')
    expect(again.status).to.equal('200')
    expect(again.body).to.match(JWS).and.not.equal(token)
  })

  it('v3, chosen by the selector: key → token → Authorize → vehicles; a v2 token is refused there', async () => {
    const { page, url, exchange, call, shoot } = docs()
    await openDocs(page, `${url}/docs`)
    const { body: v2Token } = await exchange('v2', 'acme-v2-server')
    await authorize(page, v2Token)

    await choose(page, 'Partner API V3 (Experimental)')
    await operation(page, 'vehicles', 'listVehicles').waitFor()
    expect(page.url()).to.equal(`${url}/docs?ns=v3`)
    expect(await page.title()).to.equal('Partner API V3 (Experimental) · Latchkey')
    await shoot('v3')
    const { status, body: v3Token } = await exchange('v3', 'acme-v3-server')
    expect(status).to.equal('200')
    expect(v3Token).to.match(JWS)
    await authorize(page, v3Token)
    const vehicles = await call('vehicles', 'listVehicles', '/v3/vehicles')
    expect(vehicles.status).to.equal('200')
    expect(JSON.parse(vehicles.body).items[0]).to.include.keys('id', 'vin')

    await authorize(page, v2Token)
    const block = operation(page, 'vehicles', 'listVehicles')
    expect((await execute(page, block, '/v3/vehicles')).status).to.equal('401')
    await intoView(block.locator('.responses-wrapper'))
    await shoot('refused')
    expect((await execute(page, operation(page, 'jwts', 'exchangeKey'), '/v3/jwts')).status).to.equal('200')
  })

  it('each definition keeps the token that was given to it', async () => {
    const { page, url, exchange, call } = docs()
    await openDocs(page, `${url}/docs`)
    const { body: token } = await exchange('v2', 'acme-v2-readonly')
    await authorize(page, token)
    await choose(page, 'Partner API V3 (Experimental)')
    expect((await call('vehicles', 'listVehicles', '/v3/vehicles')).status).to.equal('401')
    await choose(page, 'Partner API')
    expect((await call('links', 'listLinks', '/v2/links')).status).to.equal('200')
  })

  it('an account without V3 is told so, and whom to ask', async () => {
    const { page, url, exchange, latchkey } = docs()
    await openDocs(page, `${url}/docs?ns=v3`)
    const { status, body } = await exchange('v3', 'globex-v3-server')
    expect(status).to.equal('403')
    const problem = JSON.parse(body)
    expect(problem.code).to.equal('namespace_not_enabled')
    expect(problem.detail).to.include(latchkey.catalog.support.email)
  })

  it('the management API: its own key, its own token', async () => {
    const { page, url, exchange, call } = docs()
    await openDocs(page, `${url}/docs?ns=manage`)
    const { body: token } = await exchange('manage', 'acme-manage')
    await authorize(page, token)
    const { status, body } = await call('you_and_the_catalog', 'whoami', '/manage/whoami')
    expect(status).to.equal('200')
    expect(JSON.parse(body)).to.include({ type: 'program', account: 'acme' })
  })

  it('on a phone it goes the same way, and nothing scrolls sideways', async () => {
    const { page, url, exchange, call, shoot } = docs()
    await page.setViewportSize({ width: 360, height: 780 })
    await openDocs(page, `${url}/docs`)
    await shoot('phone')
    const { body: token } = await exchange('v2', 'acme-v2-server')
    await authorize(page, token)
    expect((await call('links', 'listLinks', '/v2/links')).status).to.equal('200')
    expect(await page.evaluate(WIDTH)).to.equal(360)
    await page.locator('.scheme-container').getByRole('button', { name: 'Authorize' }).click()
    const box = await page.locator('.dialog-ux .modal-ux').boundingBox()
    expect(box?.x).to.be.at.least(0)
    expect((box?.x as number) + (box?.width as number)).to.be.at.most(360)
    await page.goto(`${url}/docs/errors`)
    expect(await page.evaluate(WIDTH)).to.equal(360)
  })
})

const WIDTH = 'document.documentElement.scrollWidth'
