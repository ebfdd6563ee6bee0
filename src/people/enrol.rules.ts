import type { EventFacts } from '../events/rules.ts'
import { newEvent } from '../events/rules.ts'
import type { Commit } from '../store/store.ts'
import { showMember } from './member.rules.ts'
import { type Invitation, type Member, memberId, normaliseEmail, type Person, type Role } from './rules.ts'

export interface Enrolment {
  account: string
  email: string
  name: string
  role: Role
  holderId?: string | null
  /** PHC string; null until an invitation is accepted. */
  password: string | null
  invitation: Invitation | null
  /** Who has that address already, as a member of another account. */
  known?: Person
}

/** What a commit must hold to make a person a member of an account. */
export function enrolment(
  wish: Enrolment,
  deps: {
    newId: (prefix: string) => string
    now: () => number
    actor: EventFacts['actor']
    requestId?: string | null
  },
): Required<Pick<Commit, 'insert' | 'events'>> & { person: Person; member: Member } {
  const now = deps.now()
  const { account, name, role, invitation, known } = wish
  const email = normaliseEmail(wish.email)
  const person: Person = known ?? {
    id: deps.newId('usr'),
    account: '',
    email,
    password: wish.password,
    reset: null,
    createdAt: now,
  }
  const member: Member = {
    id: memberId(account, person.id),
    account,
    personId: person.id,
    name,
    role,
    holderId: wish.holderId ?? null,
    status: invitation === null ? 'active' : 'invited',
    invitation,
    lastSignInAt: null,
    customData: {},
    createdAt: now,
    version: 1,
  }
  const type = invitation === null ? 'member.created' : 'member.invited'
  return {
    person,
    member,
    insert: [
      ...(known === undefined ? [{ collection: 'people', document: person } as const] : []),
      { collection: 'members', document: member },
    ],
    events: [memberEvent(type, member, person, deps)],
  }
}

/** An event whose subject is a member. @param more told beside the member */
export function memberEvent(
  type: string,
  member: Member,
  person: Person,
  deps: { newId: (prefix: string) => string; actor: EventFacts['actor']; requestId?: string | null },
  more: Record<string, unknown> = {},
) {
  const { actor, requestId = null } = deps
  const subject = { type: 'member', id: person.id, name: member.name }
  const data = { object: showMember(member, person), ...more }
  return newEvent(deps.newId('evt'), { type, actor, requestId, subject, data })
}
