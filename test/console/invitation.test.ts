/** An invitation as somebody invited sees it, in a real browser and without scripts. */
import { expect } from 'chai'
import { type Bed, openBed } from '../http/bed.ts'
import { cookieOf, browser as signedIn, trySignIn } from '../http/people/browser.ts'
import { onBrowser, openPage } from './browser.ts'

onBrowser('The page of an invitation', (browser) => {
  let bed: Bed
  before(async () => {
    bed = await openBed()
  })
  after(() => bed?.latchkey.close())

  it('takes a password by a form alone, once', async () => {
    const owner = signedIn(bed, cookieOf(await trySignIn(bed, bed.demo.owner)))
    const wish = { email: 'form@acme.example', role: 'viewer', name: 'Form' }
    const { invitationUrl } = (await owner.post('/manage/accounts/acme/members', wish)).json() as {
      invitationUrl: string
    }
    const context = await browser().newContext({ javaScriptEnabled: false })
    const { page, complaints } = await openPage(context)
    await page.goto(invitationUrl)
    expect(await page.locator('h1').textContent()).to.equal('Join Acme Outdoor')
    expect(await page.locator('button').evaluate((it) => getComputedStyle(it as never).backgroundColor)).to.equal(
      'rgb(47, 91, 215)',
    )
    await page.getByLabel('Password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Accept the invitation' }).click()
    expect(await page.locator('h1').textContent()).to.equal('Welcome to Acme Outdoor')
    await page.goto(invitationUrl)
    expect(await page.getByRole('alert').textContent()).to.match(/^This link was used at 2026-/)
    expect(complaints.filter((text) => !text.includes('410'))).to.deep.equal([])
    await context.close()
    expect((await trySignIn(bed, { email: wish.email, password: 'correct horse battery' })).status).to.equal(200)
  })

  it('and the page of a lost password takes a new one', async () => {
    const operator = signedIn(bed, cookieOf(await trySignIn(bed, bed.demo.operator)))
    const { items } = (await operator.get('/manage/accounts/acme/members?role=viewer')).json() as {
      items: { id: string; email: string }[]
    }
    const viewer = items.find(({ email }) => email === bed.demo.viewer.email)
    const issued = await operator.post(`/manage/accounts/acme/members/${viewer?.id}/password-reset`)
    const context = await browser().newContext({ javaScriptEnabled: false })
    const { page, complaints } = await openPage(context)
    await page.goto(issued.json().url as string)
    expect(await page.locator('h1').textContent()).to.equal('Choose a new password')
    await page.getByLabel('Password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Change the password' }).click()
    expect(await page.locator('h1').textContent()).to.equal('Your password is changed')
    expect(complaints).to.deep.equal([])
    await context.close()
    const { email } = bed.demo.viewer
    expect((await trySignIn(bed, { email, password: 'correct horse battery' })).status).to.equal(200)
  })
})
