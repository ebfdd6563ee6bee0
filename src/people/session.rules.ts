/** Sessions of people: what is kept of one, when it is over, and what it shows of its person. */
import { createHash } from 'node:crypto'
import type { Member, Person, Role } from './rules.ts'

/** A session that nobody used for so long is over. */
export const IDLE_MS = 30 * 60_000
/** However much it is used, a session is over then. */
export const ABSOLUTE_MS = 12 * 3_600_000
/** How often the last use is written down, at most. */
export const TOUCH_MS = 60_000
/** Sessions that one person may have at once; the oldest gives way. */
export const MAX_SESSIONS = 50
/** Of the cookie's value, which is never kept. */
export const TOKEN_BYTES = 32

export interface Session {
  /** {@link sessionId} of its token. */
  id: string
  /** '': a session belongs to a person. */
  account: ''
  personId: string
  /** The account it was opened in. */
  home: string
  createdAt: number
  lastSeenAt: number
  address: string
  userAgent: string
}

/**
 * `ses_` and the first 128 bits of the token's SHA-256, in hex. A session is found by it; it leads nobody back to the
 * 256 random bits of the token, so it may be shown.
 */
export function sessionId(token: string): string {
  return `ses_${createHash('sha256').update(token).digest('hex').slice(0, 32)}`
}

export function sessionOver(session: Pick<Session, 'createdAt' | 'lastSeenAt'>, now: number): boolean {
  return now - session.lastSeenAt >= IDLE_MS || now - session.createdAt >= ABSOLUTE_MS
}

/** Whose sessions these are, oldest first: those that are over, and the oldest beyond the number one may have. */
export function sessionsToEnd<S extends Session>(sessions: readonly S[], now: number): S[] {
  const over = sessions.filter((session) => sessionOver(session, now))
  const live = sessions.filter((session) => !sessionOver(session, now))
  return [...over, ...live.slice(0, Math.max(0, live.length - (MAX_SESSIONS - 1)))]
}

export interface Membership {
  name: string
  role: Role
  holderId: string | null
}

/** A person with a session, as the management API sees them. */
export interface SignedIn {
  type: 'person'
  /** `usr_…` */
  id: string
  /** As the session's account calls them. */
  name: string
  email: string
  /** The session's account. */
  account: string
  /** Active ones, by account. */
  memberships: ReadonlyMap<string, Membership>
  sessionId: string
}

/** Null where the person has no place in the session's account any more. */
export function signedIn(
  session: Pick<Session, 'id' | 'home'>,
  person: Pick<Person, 'id' | 'email'>,
  members: readonly Member[],
): SignedIn | null {
  const active = members.filter((member) => member.status === 'active')
  const memberships = new Map(active.map(({ account, name, role, holderId }) => [account, { name, role, holderId }]))
  const home = memberships.get(session.home)
  if (home === undefined) return null
  const { id, email } = person
  return { type: 'person', id, name: home.name, email, account: session.home, memberships, sessionId: session.id }
}

/** The membership that a sign-in opens: of the account asked for, or the one that is oldest. */
export function membershipToOpen<M extends Member>(members: readonly M[], account: string | undefined): M | null {
  return members.find((m) => m.status === 'active' && (account === undefined || m.account === account)) ?? null
}
