import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type SecretRing, SecretsFault } from '../secrets.ts'
import type { SealedBox } from './rules.ts'

/** What a sealed key is bound to: a box moved to another key, algorithm or namespace does not open. */
export interface SealedFor {
  kid: string
  alg: string
  namespace: string
}

/** Seals with AES-256-GCM: 96-bit random IV, 128-bit tag. */
export function seal(ring: SecretRing, plain: string, bound: SealedFor, random: (bytes: number) => Buffer): SealedBox {
  const iv = random(12)
  const cipher = createCipheriv('aes-256-gcm', ring.current.bytes, iv, { authTagLength: 16 })
  cipher.setAAD(aad(bound))
  const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return {
    masterKey: ring.current.id,
    iv: iv.toString('base64url'),
    tag: cipher.getAuthTag().toString('base64url'),
    ciphertext: ciphertext.toString('base64url'),
  }
}

/** @throws Error where the master key is not given, or the box was tampered with or belongs to another key. */
export function unseal(ring: SecretRing, box: SealedBox, bound: SealedFor): string {
  const key = ring.all.get(box.masterKey)
  if (key === undefined)
    throw new SecretsFault(
      `LATCHKEY_MASTER_KEYS: signing key ${bound.kid} is sealed under "${box.masterKey}", which is not given. Give it too, behind the current one.`,
    )
  const tag = Buffer.from(box.tag, 'base64url')
  if (tag.length !== 16) throw new Error(`signing key ${bound.kid} has a damaged seal`)
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(box.iv, 'base64url'), { authTagLength: 16 })
  decipher.setAAD(aad(bound))
  decipher.setAuthTag(tag)
  return Buffer.concat([decipher.update(Buffer.from(box.ciphertext, 'base64url')), decipher.final()]).toString('utf8')
}

function aad(bound: SealedFor): Buffer {
  return Buffer.from(['latchkey signing key', bound.kid, bound.alg, bound.namespace].join('|'))
}
