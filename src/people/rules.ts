/** One human being, who may belong to several accounts. */
export interface Person {
  /** `usr_…` */
  id: string
  /** '': a person belongs to no single account. */
  account: ''
  /** Lower case, NFC. */
  email: string
  /** Argon2id PHC string; null until an invitation is accepted. */
  password: string | null
  /** The latest link by which this person may choose a new password; null: none that counts. */
  reset: OneTimeLink | null
  createdAt: number
}

export const ROLES = ['admin', 'support', 'owner', 'manager', 'viewer', 'holder'] as const
export type Role = (typeof ROLES)[number]

/** A person's place in one account. What an account says of a person stands here: another account never sees it. */
export interface Member {
  /** `{account}/{personId}` */
  id: string
  account: string
  personId: string
  name: string
  role: Role
  /** For role `holder`: the holder whose keys this person sees. */
  holderId: string | null
  status: 'invited' | 'active' | 'disabled'
  invitation: Invitation | null
  lastSignInAt: number | null
  customData: Record<string, unknown>
  createdAt: number
  version: number
}

/** What is kept of a link that is good once, for a while. */
export interface OneTimeLink {
  /** SHA-256 of its token, base64url. */
  hash: string
  /** UTC ms. */
  expiresAt: number
  /** Kept, so that opening the link again is told from a link that never was. */
  usedAt: number | null
}

export interface Invitation extends OneTimeLink {
  /** Made by `latchkey init`, at the machine itself: accepting sets the password anew, for who forgot theirs. */
  setsPassword?: true
}

/** The person with another password. A link to choose one ends with it. */
export function withPassword<P extends Person>(person: P, password: string): P {
  return { ...person, password, reset: null }
}

export function memberId(account: string, personId: string): string {
  return `${account}/${personId}`
}

export function normaliseEmail(email: string): string {
  return email.normalize('NFC').trim().toLowerCase()
}
