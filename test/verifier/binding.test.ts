import { expect } from 'chai'
import type { DpopRequest, Verifier } from '../../src/verifier/index.ts'
import { createReplayGuard } from '../../src/verifier/replay.ts'
import { Issuer, refused } from './issuer.ts'
import { athOf, type Client, createClient, prove } from './proofs.ts'

const HERE = 'https://api.example.com/v2/links'

describe('verifier: tokens bound to a key (RFC 9449 §6, §7)', () => {
  let issuer: Issuer
  let verifier: Verifier
  let client: Client
  let token: string
  beforeEach(async () => {
    issuer = await new Issuer().start()
    verifier = issuer.verifier()
    client = await createClient()
    token = await issuer.token({ cnf: { jkt: client.jkt } })
  })
  afterEach(() => issuer.stop())

  const proof = (claims = {}, by = client, of = token) =>
    prove(by, { htu: HERE, iat: issuer.seconds, ath: athOf(of), ...claims })
  const request = async (claims = {}, by = client): Promise<DpopRequest> => ({
    proof: await proof(claims, by),
    method: 'GET',
    url: HERE,
  })

  it('a bound token passes with its proof, and with no other', async () => {
    const { claims } = await verifier.verify(token, { dpop: await request(), scope: 'links:read' })
    expect(claims.cnf).to.deep.equal({ jkt: client.jkt })
    await refused(verifier.verify(token), 'proof_required')
    await refused(verifier.verify(token, { dpop: undefined }), 'proof_required')
    const error = await refused(
      verifier.verify(token, { dpop: await request({}, await createClient()) }),
      'invalid_proof',
    )
    expect(error.message).to.contain('another key')
    const other = await issuer.token({ jti: 'other', cnf: { jkt: client.jkt } })
    await refused(verifier.verify(other, { dpop: await request() }), 'invalid_proof')
    for (const wrong of [{ ath: undefined }, { htm: 'POST' }, { htu: `${HERE}/1` }, { iat: issuer.seconds - 61 }]) {
      await refused(verifier.verify(token, { dpop: await request(wrong) }), 'invalid_proof')
    }
    await refused(verifier.verify(token, { dpop: { method: 'GET', url: HERE } as DpopRequest }), 'invalid_proof')
  })

  it('an unbound token passes without a proof, and with none', async () => {
    const unbound = await issuer.token()
    await verifier.verify(unbound)
    const dpop = { ...(await request()), proof: await proof({}, client, unbound) }
    const error = await refused(verifier.verify(unbound, { dpop }), 'invalid_proof')
    expect(error.message).to.contain('Bearer')
  })

  it('a binding by anything but cnf.jkt is refused, with a proof and without', async () => {
    const { jkt } = client
    for (const cnf of [
      {},
      null,
      'x',
      [],
      { jkt: 7 },
      { jkt: '' },
      { 'x5t#S256': 'x' },
      { jkt, 'x5t#S256': 'x' },
      { jwk: {} },
    ]) {
      token = await issuer.token({ cnf })
      await refused(verifier.verify(token), 'proof_required')
      await refused(verifier.verify(token, { dpop: await request() }), 'proof_required')
    }
  })

  it('a proof serves once, however many come at once', async () => {
    const dpop = await request()
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => verifier.verify(token, { dpop })))
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
    expect((await refused(verifier.verify(token, { dpop }), 'invalid_proof')).message).to.contain('used before')
    issuer.time += 60_000
    expect((await refused(verifier.verify(token, { dpop }), 'invalid_proof')).message).to.contain('used before')
    issuer.time += 1000
    expect((await refused(verifier.verify(token, { dpop }), 'invalid_proof')).message).to.contain('too old')
  })

  it('the same jti of another key is another proof', async () => {
    await verifier.verify(token, { dpop: await request({ jti: 'one' }) })
    const other = await createClient()
    token = await issuer.token({ cnf: { jkt: other.jkt } })
    await verifier.verify(token, { dpop: await request({ jti: 'one' }, other) })
  })

  it('a refused request does not use its proof up', async () => {
    const dpop = await request()
    await refused(verifier.verify(token, { dpop, scope: 'admin' }), 'insufficient_scope')
    await verifier.verify(token, { dpop })
  })

  it('revocation counts for bound tokens too', async () => {
    issuer.set(3, 1)
    token = await issuer.token({ cnf: { jkt: client.jkt }, ...issuer.status(3) })
    await refused(verifier.verify(token, { dpop: await request() }), 'revoked')
  })
})

describe('verifier: memory of used proofs', () => {
  it('forgets after 70 s, and refuses rather than forget earlier', () => {
    let time = 0
    const guard = createReplayGuard(() => time, 2)
    const use = (jti: string) => () => guard.use({ jkt: 'k', jti, iat: 0, nonce: undefined })
    use('a')()
    time = 1000
    use('b')()
    expect(use('a')).to.throw('used before')
    expect(use('c')).to.throw('Too many')
    time = 69_999
    expect(use('a')).to.throw('used before')
    expect(use('c')).to.throw('Too many')
    time = 70_000
    use('c')()
    expect(use('b')).to.throw('used before')
    expect(use('a')).to.throw('Too many')
  })
})
