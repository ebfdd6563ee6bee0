import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { HolderType } from '../holders/rules.ts'
import type { StatusRef } from '../status/rules.ts'
import type { KeyKind } from './grammar.rules.ts'
import type { PublicJwk } from './jwks.rules.ts'
import type { Grant } from './rights.rules.ts'

/** One logical key: a stable id with one live secret, or two while a rotation runs. It is also one OAuth client. */
export interface ApiKey {
  /** `key_…`, the `client_id`. */
  id: string
  account: string
  namespace: string
  kind: KeyKind
  name: string
  description: string
  holderId: string | null
  /** Copied at creation, to filter by; a holder's type never changes. */
  holderType: HolderType | null
  grants: Grant[]
  /** Store ids of the sub-accounts that grants name. */
  subAccountRefs: string[]
  /** CIDR blocks or single addresses; empty: any. */
  allowedIps: string[]
  /** Exact origins; for publishable keys. */
  allowedOrigins: string[]
  expiresAt: number | null
  suspendedAt: number | null
  revoked: Revocation | null
  secrets: Secret[]
  /** Hash of the secret that came from another system, to find the key by; null for keys made here. */
  importedHash: string | null
  tokenEndpointAuthMethod: (typeof AUTH_METHODS)[number]
  /** What an assertion of this client must name as `aud`. */
  tokenEndpointAuthAudience: (typeof AUTH_AUDIENCES)[number]
  jwks: { keys: PublicJwk[] } | null
  jwksUri: string | null
  /** Status of tokens that were got with the JWK set. */
  jwksStatus: StatusRef | null
  dpopBoundAccessTokens: boolean
  customData: Record<string, unknown>
  createdAt: number
  createdBy: Author
  updatedAt: number
  version: number
}

/** `client_secret_basic` stands for the secret in any place; `private_key_jwt` (RFC 7523) has none. */
export const AUTH_METHODS = ['client_secret_basic', 'private_key_jwt'] as const
export const AUTH_AUDIENCES = ['issuer', 'token_endpoint'] as const

export interface Author {
  type: 'person' | 'program' | 'system'
  id: string | null
  name: string
}

export const REVOKE_REASONS = ['exposed', 'person_left', 'partner_ended', 'other'] as const
export interface Revocation {
  at: number
  by: Author
  reason: (typeof REVOKE_REASONS)[number]
  note: string | null
}

/** One generation of a key's secret. The secret itself is never kept. */
export interface Secret {
  /** `sec_…` */
  id: string
  /** Id of the pepper the hash was made with. */
  pepper: string
  /** HMAC-SHA-256 under the pepper, base64url: of the whole key, or of the SHA-256 of an imported one. */
  hash: string
  last4: string
  createdAt: number
  expiresAt: number | null
  status: StatusRef
}

/** Last use, kept beside the key so that it never touches the key's version. */
export interface KeyUse {
  /** The key's id. */
  id: string
  account: string
  /** 0: never let through. */
  lastUsedAt: number
  /** By secret id; refused exchanges too. */
  secrets: Record<string, number>
}

/** What is left of a deleted key, so that its id is never given again. */
export interface DeletedKey {
  /** The key's id. */
  id: string
  account: ''
  deletedAt: number
}

/** Where the statuses of all the key's credentials stand: each secret, and the JWK set as one. */
export function statusRefs(key: Pick<ApiKey, 'secrets' | 'jwksStatus'>): StatusRef[] {
  return [...key.secrets.map((s) => s.status), ...(key.jwksStatus === null ? [] : [key.jwksStatus])]
}

export const KEY_STATUSES = ['active', 'suspended', 'expired', 'revoked'] as const
export type KeyStatus = (typeof KEY_STATUSES)[number]

/** Revoked before expired before suspended before active. */
export function keyStatus(key: Pick<ApiKey, 'revoked' | 'expiresAt' | 'suspendedAt'>, now: number): KeyStatus {
  if (key.revoked !== null) return 'revoked'
  if (key.expiresAt !== null && key.expiresAt <= now) return 'expired'
  return key.suspendedAt === null ? 'active' : 'suspended'
}

/** What keys made here begin with; imported ones do not. */
export const OWN_PREFIX = 'lk_'

/** SHA-256 of an imported key as written, hex. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The hash of an imported key, of which whoever brings it may know the SHA-256 alone. */
export function hashImported(sha256: string, pepper: Uint8Array): string {
  return createHmac('sha256', pepper).update(sha256).digest('base64url')
}

/** HMAC-SHA-256 of the key as written. A fast hash is right: the secret has 190 bits of its own. */
export function hashKey(text: string, pepper: Uint8Array): string {
  const hashed = text.startsWith(OWN_PREFIX) ? text : sha256Of(text)
  return createHmac('sha256', pepper).update(hashed).digest('base64url')
}

/** A key as written, in the form that may be kept: its hash by id of each pepper. */
export type KeyHashes = Readonly<Record<string, string>>

export function hashesOf(text: string, peppers: ReadonlyMap<string, Uint8Array>): KeyHashes {
  return Object.fromEntries([...peppers].map(([id, bytes]) => [id, hashKey(text, bytes)]))
}

/** The live secret that the hashes are of, or null; every secret is compared, in constant time. */
export function matchSecret(hashes: KeyHashes, secrets: readonly Secret[], now: number): Secret | null {
  let found: Secret | null = null
  for (const secret of secrets) {
    if (!Object.hasOwn(hashes, secret.pepper)) continue
    const same = timingSafeEqual(Buffer.from(hashes[secret.pepper] as string), Buffer.from(secret.hash))
    if (same && (secret.expiresAt === null || secret.expiresAt > now)) found = secret
  }
  return found
}
