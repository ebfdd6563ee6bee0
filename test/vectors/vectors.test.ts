/** Published vectors, and forgeries made from them, each through the code that meets its like in production. */
import { expect } from 'chai'
import { calculateJwkThumbprint } from 'jose'
import { VerifyError } from '../../src/verifier/index.ts'
import { importPublic } from '../../src/verifier/jwks.ts'
import { checkSignature } from '../../src/verifier/jws.ts'
import { checkProof } from '../../src/verifier/proof.ts'
import { createClient, prove } from '../verifier/proofs.ts'
import hashes from './dpop-ath.json' with { type: 'json' }
import proofs from './dpop-proof.json' with { type: 'json' }
import groups from './jws.json' with { type: 'json' }
import thumbprints from './thumbprint.json' with { type: 'json' }

describe('vectors: JWS', () => {
  for (const { source, alg, jwk, jws, invalid } of groups) {
    const verify = async (text: string) => {
      const key = await importPublic({ ...jwk, alg })
      if (key === null) throw new TypeError(`the key of ${source} is not usable`)
      await checkSignature({ text, alg, kid: source, payload: {} }, { find: async () => ({ alg, key }) })
    }

    it(`${source}, ${alg}: valid`, () => verify(jws))

    for (const forged of invalid) {
      it(`${source}, ${alg}: ${forged.comment}`, async () => {
        const outcome: unknown = await verify(forged.jws).catch((reason: unknown) => reason)
        expect(outcome).to.be.instanceOf(VerifyError).with.property('code', 'invalid_signature')
      })
    }
  }
})

describe('vectors: DPoP', () => {
  for (const { source, says, proof, ...request } of proofs) {
    const now = says.iat * 1000

    it(source, async () => {
      expect(await checkProof(proof, { ...request, now })).to.deep.equal({ ...says, nonce: undefined })
    })

    it(`${source}: at another time, of another request`, async () => {
      for (const other of [{ now: now + 61_000 }, { now: now - 11_000 }, { method: 'PUT' }, { url: `${request.url}/` }]) {
        const outcome: unknown = await checkProof(proof, { ...request, now, ...other }).catch((reason: unknown) => reason)
        expect(outcome).to.be.instanceOf(VerifyError).with.property('code', 'invalid_proof')
      }
    })
  }

  for (const { rfc, accessToken, ath } of hashes) {
    it(`RFC ${rfc}: ath`, async () => {
      const request = { method: 'GET', url: 'https://resource.example.org/' }
      const proof = await prove(await createClient(), { htu: request.url, iat: 1000, ath })
      await checkProof(proof, { ...request, accessToken, now: 1_000_000 })
    })
  }
})

describe('vectors: JWK thumbprints', () => {
  for (const { rfc, jwk, sha256 } of thumbprints) {
    it(`RFC ${rfc}`, async () => expect(await calculateJwkThumbprint(jwk)).to.equal(sha256))
  }
})
