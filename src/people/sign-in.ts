import { Refusal } from '../errors.ts'
import { newEvent } from '../events/rules.ts'
import { act, type Decision } from '../store/act.ts'
import type { Kept } from '../store/store.ts'
import type { From, PeopleDeps } from './deps.ts'
import { noteFailedPassword } from './failed-password.ts'
import { findMemberships, findPerson, findSessions } from './find.ts'
import { type Member, memberId, normaliseEmail, type Person } from './rules.ts'
import {
  membershipToOpen,
  type Session,
  type SignedIn,
  sessionId,
  sessionsToEnd,
  signedIn,
  TOKEN_BYTES,
} from './session.rules.ts'
import { endThose } from './sessions.ts'
import { showSession } from './shape.ts'

export interface SignInWish {
  email: string
  password: string
  /** The account to open; the person's oldest unless said. */
  account?: string | undefined
}

export interface Opened {
  /** The cookie's value. It is in this answer and nowhere else. */
  token: string
  caller: SignedIn
}

/**
 * Opens a session.
 *
 * @param before token of the session that the browser had: it ends, where it is the same person's
 * @throws Refusal `invalid_credentials`, the same and after the same work for somebody unknown, a wrong password, a
 *   person who is disabled or has none, and an account that is not theirs; `rate_limited`; `busy`
 */
export async function signIn(
  deps: PeopleDeps,
  wish: SignInWish,
  from: From,
  before: string | undefined = undefined,
): Promise<Opened> {
  const email = normaliseEmail(wish.email)
  await deps.limits.take(from.address, email)
  const person = await findPerson(deps.store, email)
  const members = await findMemberships(deps.store, person?.id ?? '')
  const member = membershipToOpen(members, wish.account)
  const right = await deps.passwords.verify(member === null ? null : (person?.password ?? null), wish.password)
  if (person === null || member === null || !right) {
    const known = members.find(({ account }) => account === wish.account) ?? members[0]
    if (person !== null && known !== undefined) noteFailedPassword(deps, known, person, from)
    throw new Refusal('invalid_credentials')
  }
  await deps.limits.forgive(from.address, email)
  const stale = deps.passwords.isStale(person.password as string)
  const fresh = stale ? await deps.passwords.hash(wish.password) : null
  const token = deps.random(TOKEN_BYTES).toString('base64url')
  const opened = await act(deps.store, () => decide(deps, { person, account: member.account, fresh, token, from }))
  const ended = before === undefined ? null : sessionId(before)
  if (ended !== null) await endThose(deps, opened.caller, from.requestId, ({ id }) => id === ended)
  return opened
}

async function decide(
  { store, now, newId }: PeopleDeps,
  given: { person: Person; account: string; fresh: string | null; token: string; from: From },
): Promise<Decision<Opened>> {
  const { account, fresh, token, from } = given
  const [person, member, sessions, members] = await Promise.all([
    store.get('', 'people', given.person.id),
    store.get(account, 'members', memberId(account, given.person.id)),
    findSessions(store, given.person.id),
    findMemberships(store, given.person.id),
  ])
  // Changed since the password was looked at.
  if (person === null || member === null || person.password !== given.person.password) {
    throw new Refusal('invalid_credentials')
  }
  const at = now()
  const session = newSession(token, { personId: person.id, home: account, at, from })
  const caller = signedIn(session, person, members)
  if (caller === null) throw new Refusal('invalid_credentials')
  const opened = newEvent(newId('evt'), {
    type: 'session.started',
    actor: { type: 'person', id: person.id, name: member.name },
    requestId: from.requestId,
    subject: { type: 'session', id: session.id, name: member.name },
    data: { object: showSession(session, session.id) },
  })
  const seen: Kept<Member> = { ...member, lastSignInAt: at }
  return {
    account,
    commit: {
      ...(fresh === null ? { expect: [{ collection: 'people', document: person }] } : {}),
      insert: [{ collection: 'sessions', document: session }],
      replace: [
        { collection: 'members', document: seen },
        ...(fresh === null ? [] : [{ collection: 'people', document: { ...person, password: fresh } } as const]),
      ],
      remove: sessionsToEnd(sessions, at).map((document) => ({ collection: 'sessions', document }) as const),
      events: [opened],
    },
    answer: { token, caller },
  }
}

export function newSession(
  token: string,
  of: { personId: string; home: string; at: number; from: Pick<From, 'address' | 'userAgent'> },
): Session {
  const { personId, home, at } = of
  const { address, userAgent } = of.from
  return { id: sessionId(token), account: '', personId, home, createdAt: at, lastSeenAt: at, address, userAgent }
}
