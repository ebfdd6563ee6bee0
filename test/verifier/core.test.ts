import { expect } from 'chai'
import { verifyToken } from '../../src/verifier/core.ts'
import { importKeys } from '../../src/verifier/jwks.ts'
import { createKnownTokens } from '../../src/verifier/known.ts'
import { createReplayGuard } from '../../src/verifier/replay.ts'
import { NEVER, type Span } from '../../src/verifier/span.ts'
import type { StatusReference } from '../../src/verifier/status.ts'
import { AUDIENCE, Issuer, refused } from './issuer.ts'

describe('verifier: verifyToken over sources in the process', () => {
  let issuer: Issuer
  let trust: Parameters<typeof verifyToken>[0]
  const asked: StatusReference[] = []
  let value = 0
  let span: Span = NEVER
  before(async () => {
    issuer = await new Issuer().start()
    const keys = await importKeys({ keys: [issuer.key.publicJwk] })
    trust = {
      issuer: issuer.url,
      audience: AUDIENCE,
      keys: { find: async (kid) => keys.get(kid) ?? null },
      status: {
        async read(reference) {
          asked.push(reference)
          return { value, span }
        },
      },
      requireStatus: true,
      replay: createReplayGuard(issuer.now),
      known: createKnownTokens(),
      now: issuer.now,
    }
  })
  after(() => issuer.stop())

  it('verifies without any request', async () => {
    const token = await verifyToken(trust, await issuer.token(issuer.status(9)), { scope: 'links:read' })
    expect(token.client_id).to.equal('key_0123456789ab')
    expect(asked).to.deep.equal([{ uri: `${issuer.url}/status/1`, idx: 9, jtis: ['jti-1'] }])
    value = 2
    await refused(verifyToken(trust, await issuer.token(issuer.status(9))), 'suspended')
    value = 11
    await refused(verifyToken(trust, await issuer.token(issuer.status(9))), 'revoked')
    await refused(verifyToken(trust, await issuer.token()), 'missing_claim')
    expect(issuer.hits).to.deep.equal({ keys: 0, status: 0, notModified: 0, other: 0 })
  })

  it('asks for the status of a token seen before only once it may have changed', async () => {
    asked.length = 0
    value = 0
    const token = await issuer.token(issuer.status(9))
    const times = async () => {
      await verifyToken(trust, token)
      return asked.length
    }
    expect([await times(), await times()], 'nothing is known of how long it stands').to.deep.equal([1, 2])
    const open = { from: issuer.time, until: issuer.time + 100 }
    span = open
    expect([await times(), await times()]).to.deep.equal([3, 3])
    issuer.time += 99
    expect(await times()).to.equal(3)
    issuer.time += 1
    expect(await times()).to.equal(4)
    issuer.time -= 101
    expect(await times(), 'a clock that was set back').to.equal(5)
    issuer.time += 50
    expect(await times()).to.equal(5)
    open.until = issuer.time
    value = 1
    await refused(verifyToken(trust, token), 'revoked')
    await refused(verifyToken(trust, token), 'revoked')
    expect(asked).to.have.length(7)
  })
})
