/** One human being, who may belong to several accounts. */
export interface Person {
  /** `usr_…` */
  id: string
  /** '': a person belongs to no single account. */
  account: ''
  /** Lower case, NFC. */
  email: string
  name: string
  /** Argon2id PHC string; null until an invitation is accepted. */
  password: string | null
  createdAt: number
  lastSignInAt: number | null
}

export const ROLES = ['admin', 'support', 'owner', 'manager', 'viewer', 'holder'] as const
export type Role = (typeof ROLES)[number]

/** A person's place in one account. */
export interface Member {
  /** `{account}/{personId}` */
  id: string
  account: string
  personId: string
  role: Role
  /** For role `holder`: the holder whose keys this person sees. */
  holderId: string | null
  status: 'invited' | 'active' | 'disabled'
  /** A one-time invitation, by the SHA-256 of its token. */
  invitation: { hash: string; expiresAt: number } | null
  customData: Record<string, unknown>
  createdAt: number
  version: number
}

export function normaliseEmail(email: string): string {
  return email.normalize('NFC').trim().toLowerCase()
}
