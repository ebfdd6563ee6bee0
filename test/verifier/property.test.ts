import { expect } from 'chai'
import fc from 'fast-check'
import { type Verifier, VerifyError } from '../../src/verifier/index.ts'
import { b64, Issuer } from './issuer.ts'

describe('verifier: properties', () => {
  let issuer: Issuer
  let verifier: Verifier
  let good: string
  before(async () => {
    issuer = await new Issuer().start()
    verifier = issuer.verifier()
    good = await issuer.token(issuer.status(1))
    await verifier.verify(good)
  })
  after(() => issuer.stop())

  async function isRefused(token: string): Promise<boolean> {
    try {
      await verifier.verify(token)
      return false
    } catch (error) {
      return error instanceof VerifyError
    }
  }

  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'
  const piece = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom(...letters),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )

  it('no mutation of a good token verifies, and none throws anything but VerifyError', async () => {
    const edit = fc.record({ at: fc.nat(), remove: fc.nat({ max: 5 }), insert: piece })
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const mutated = edits.reduce((text, { at, remove, insert }) => {
          const from = at % (text.length + 1)
          return text.slice(0, from) + insert + text.slice(from + remove)
        }, good)
        fc.pre(mutated !== good)
        expect(await isRefused(mutated)).to.equal(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('every single-character change is refused', async () => {
    for (let at = 0; at < good.length; at++) {
      const next = letters[(letters.indexOf(good[at] as string) + 1) % 64]
      expect(await isRefused(good.slice(0, at) + next + good.slice(at + 1)), `at ${at}`).to.equal(true)
    }
  })

  it('no header and payload under a foreign signature verify', async () => {
    const [, , signature] = good.split('.')
    const header = fc.oneof(
      fc.jsonValue(),
      fc.record({
        alg: fc.constantFrom('ES256', 'none', 'HS256'),
        kid: fc.constant(issuer.key.kid),
        typ: fc.constant('at+jwt'),
      }),
    )
    await fc.assert(
      fc.asyncProperty(header, fc.oneof(fc.jsonValue(), fc.constant(issuer.claims())), async (head, payload) => {
        expect(await isRefused(`${b64(head)}.${b64(payload)}.${signature}`)).to.equal(true)
      }),
      { numRuns: 500 },
    )
  })

  it('signed claims of any shape never throw anything but VerifyError', async () => {
    const names = [
      'aud',
      'exp',
      'scope',
      'holder',
      'authorization_details',
      'status',
      'cnf',
      'account',
      'nbf',
      '__proto__',
    ]
    const overrides = fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { minKeys: 1, maxKeys: 4 })
    await fc.assert(
      fc.asyncProperty(overrides, async (claims) => {
        const token = await issuer.token(claims)
        const expected = { scope: 'links:read', subAccount: 'acme-eu', account: 'acme' }
        const error: unknown = await verifier.verify(token, expected).catch((reason: unknown) => reason)
        if (error instanceof Error) expect(error).to.be.instanceOf(VerifyError)
      }),
      { numRuns: 300 },
    )
  })
})
