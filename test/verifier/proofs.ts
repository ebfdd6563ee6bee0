/** Makes DPoP proofs, good ones unless told otherwise (RFC 9449 §4.2). */
import { createHash } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { sign } from './issuer.ts'

type Json = Record<string, unknown>

export interface Client {
  alg: string
  jkt: string
  publicJwk: JWK
  privateJwk: JWK
  privateKey: CryptoKey
}

export async function createClient(alg = 'ES256', options = {}): Promise<Client> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options })
  const publicJwk = await exportJWK(publicKey)
  const [jkt, privateJwk] = [await calculateJwkThumbprint(publicJwk), await exportJWK(privateKey)]
  return { alg, jkt, publicJwk, privateJwk, privateKey }
}

export const athOf = (token: string) => createHash('sha256').update(token).digest('base64url')

let count = 0

/** A member that is `undefined` is left out. */
export function prove(client: Client, claims: Json, header: Json = {}): Promise<string> {
  const payload = { jti: `proof-${++count}`, htm: 'GET', ...claims }
  const protectedHeader = { typ: 'dpop+jwt', jwk: client.publicJwk, kid: undefined, ...header }
  return sign(payload, protectedHeader, { ...client, kid: '' })
}
