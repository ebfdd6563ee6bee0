import { expect } from 'chai'
import { Issuer, refused } from './issuer.ts'

const onSubAccount = (identifier: string, ...actions: string[]) => ({ type: 'sub_account', identifier, actions })

describe('verifier: what a token allows', () => {
  let issuer: Issuer
  before(async () => {
    issuer = await new Issuer().start()
  })
  after(() => issuer.stop())

  const granted = (overrides = {}) =>
    issuer.token({ authorization_details: [onSubAccount('acme-eu', 'orders:write', 'orders:read')], ...overrides })

  it('scopes of the whole account hold for it and for each sub-account', async () => {
    const token = await issuer.verifier().verify(await granted())
    expect(token.allows('links:read')).to.equal(true)
    expect(token.allows('links:read links:write')).to.equal(true)
    expect(token.allows(['links:read', 'links:write'])).to.equal(true)
    expect(token.allows('links:read', { subAccount: 'acme-eu' })).to.equal(true)
    expect(token.allows('links:read', { subAccount: 'acme-us' })).to.equal(true)
    expect(token.allows('links')).to.equal(false)
    expect(token.allows('links:read links:export')).to.equal(false)
  })

  it('scopes of a sub-account hold there alone, beside those of the whole account', async () => {
    const token = await issuer.verifier().verify(await granted())
    expect(token.allows('orders:write')).to.equal(false)
    expect(token.allows('orders:write', { subAccount: 'acme-eu' })).to.equal(true)
    expect(token.allows('orders:write links:read', { subAccount: 'acme-eu' })).to.equal(true)
    expect(token.allows('orders:write', { subAccount: 'acme-us' })).to.equal(false)
  })

  it('asking for nothing is not allowed by anything, and other types of details grant nothing', async () => {
    const details = [{ type: 'payment', identifier: 'acme-eu', actions: ['orders:write'] }]
    const token = await issuer.verifier().verify(await granted({ authorization_details: details }))
    expect(token.allows('')).to.equal(false)
    expect(token.allows([])).to.equal(false)
    expect(token.allows('orders:write', { subAccount: 'acme-eu' })).to.equal(false)
  })

  it('a token without scope allows nothing on the whole account', async () => {
    const token = await issuer.verifier().verify(await granted({ scope: undefined }))
    expect(token.allows('links:read')).to.equal(false)
    expect(token.allows('orders:read', { subAccount: 'acme-eu' })).to.equal(true)
  })

  it('verify refuses what is not granted, and names the scopes needed', async () => {
    const verifier = issuer.verifier()
    const token = await granted()
    await verifier.verify(token, { scope: ['links:read', 'links:write'] })
    await verifier.verify(token, { scope: 'orders:write', subAccount: 'acme-eu' })
    await verifier.verify(token, { scope: undefined, account: undefined })
    const error = await refused(verifier.verify(token, { scope: 'links:read  orders:write' }), 'insufficient_scope')
    expect(error.scope).to.equal('links:read orders:write')
    await refused(verifier.verify(token, { scope: 'orders:write', subAccount: 'acme-us' }), 'insufficient_scope')
    await refused(verifier.verify(token, { scope: [] }), 'insufficient_scope')
  })

  it('a sub-account without scopes asks that the token reaches it', async () => {
    const verifier = issuer.verifier()
    await verifier.verify(await granted(), { subAccount: 'acme-us' })
    const narrow = await granted({ scope: undefined })
    await verifier.verify(narrow, { subAccount: 'acme-eu' })
    await refused(verifier.verify(narrow, { subAccount: 'acme-us' }), 'insufficient_scope')
  })

  it('refuses another account or holder', async () => {
    const verifier = issuer.verifier()
    const token = await issuer.token({ holder: { id: 'hld_1', type: 'affiliate', externalId: 'A-1001' } })
    await verifier.verify(token, { account: 'acme', holder: 'hld_1' })
    await verifier.verify(token, { holder: 'A-1001' })
    await refused(verifier.verify(token, { account: 'globex' }), 'wrong_account')
    await refused(verifier.verify(token, { holder: 'A-1002' }), 'wrong_holder')
    await refused(verifier.verify(token, { holder: 'affiliate' }), 'wrong_holder')
    const unheld = await issuer.token({ account: undefined })
    await refused(verifier.verify(unheld, { holder: 'hld_1' }), 'wrong_holder')
    await refused(verifier.verify(unheld, { account: 'acme' }), 'wrong_account')
  })
})
