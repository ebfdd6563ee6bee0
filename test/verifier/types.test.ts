/** Each kind of JWT that the issuer, or a client, signs is taken in its own place and in no other (RFC 8725bis). */
import { expect } from 'chai'
import type { VerifyError } from '../../src/verifier/index.ts'
import { createSigningKey, Issuer, refused, type SigningKey, sign } from './issuer.ts'
import { athOf } from './proofs.ts'

type Json = Record<string, unknown>

const HERE = 'https://api.example.com/v2/links'
const TYPES = [
  'at+jwt',
  'statuslist+jwt',
  'dpop+jwt',
  'token-introspection+jwt',
  'client-authentication+jwt',
  'JWT',
  undefined,
]
const PLACES = {
  'access token': { wanted: 'at+jwt', code: 'unsupported_type' },
  'status list token': { wanted: 'statuslist+jwt', code: 'status_unavailable' },
  'DPoP proof': { wanted: 'dpop+jwt', code: 'invalid_proof' },
} as const

/** The public sentence and, where the JWT is not the token itself, the cause. */
const reasonsOf = ({ message, cause }: VerifyError) => `${message} ${(cause as Error | undefined)?.message}`

describe('verifier: types of JWT, each signed with the same key', () => {
  let issuer: Issuer
  let key: SigningKey
  beforeEach(async () => {
    issuer = await new Issuer().start()
    key = await createSigningKey()
    issuer.keys = [key]
  })
  afterEach(() => issuer.stop())

  /** One JWT with the claims of every kind at once, and all that any header needs: nothing but `typ` tells them apart. */
  async function everything(typ: string | undefined, more: Json = {}): Promise<string> {
    const list = { status_list: { bits: 1, lst: 'eNrbuRgAAhcBXQ' }, ttl: 30 }
    const proof = { htm: 'GET', htu: HERE }
    const { kid, use, ...jwk } = key.publicJwk
    return sign({ ...issuer.claims(), ...list, ...proof, ...more }, { typ, jwk }, key)
  }

  const places: Record<keyof typeof PLACES, (typ: string | undefined) => Promise<unknown>> = {
    'access token': async (typ) => issuer.verifier().verify(await everything(typ)),
    'status list token': async (typ) => {
      const claims = { sub: `${issuer.url}/status/1`, aud: undefined }
      issuer.statusToken = () => everything(typ, claims)
      return issuer.verifier().verify(await issuer.token(issuer.status(1)))
    },
    'DPoP proof': async (typ) => {
      const token = await issuer.token({ cnf: { jkt: key.kid } })
      const dpop = { proof: await everything(typ, { ath: athOf(token) }), method: 'GET', url: HERE }
      return issuer.verifier().verify(token, { dpop })
    },
  }

  for (const [place, { wanted, code }] of Object.entries(PLACES)) {
    for (const typ of TYPES) {
      it(`${typ ?? 'no typ'} as ${place}: ${typ === wanted ? 'taken' : 'refused'}`, async () => {
        const outcome = places[place as keyof typeof PLACES](typ)
        if (typ === wanted) await outcome
        else expect(reasonsOf(await refused(outcome, code))).to.contain('typ')
      })
    }
  }

  it('a bound token and its proof do not change places', async () => {
    const token = await issuer.token({ cnf: { jkt: key.kid } })
    const proof = await everything('dpop+jwt', { ath: athOf(token) })
    const request = { method: 'GET', url: HERE }
    const dpop = { ...request, proof: token }
    await refused(issuer.verifier().verify(proof, { dpop }), 'unsupported_type')
    await refused(issuer.verifier().verify(token, { dpop }), 'invalid_proof')
  })
})
