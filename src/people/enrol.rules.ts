import type { EventFacts } from '../events/rules.ts'
import { newEvent } from '../events/rules.ts'
import type { Commit } from '../store/store.ts'
import { type Member, normaliseEmail, type Person, type Role } from './rules.ts'

export interface Enrolment {
  account: string
  email: string
  name: string
  role: Role
  holderId?: string
  /** PHC string; null until an invitation is accepted. */
  password: string | null
  invitation: Member['invitation']
}

/** What a commit must hold to make a person a member of an account. */
export function enrolment(
  wish: Enrolment,
  deps: { newId: (prefix: string) => string; now: () => number; actor: EventFacts['actor'] },
): Required<Pick<Commit, 'insert' | 'events'>> & { person: Person; member: Member } {
  const now = deps.now()
  const person: Person = {
    id: deps.newId('usr'),
    account: '',
    email: normaliseEmail(wish.email),
    name: wish.name,
    password: wish.password,
    createdAt: now,
    lastSignInAt: null,
  }
  const member: Member = {
    id: `${wish.account}/${person.id}`,
    account: wish.account,
    personId: person.id,
    role: wish.role,
    holderId: wish.holderId ?? null,
    status: wish.invitation === null ? 'active' : 'invited',
    invitation: wish.invitation,
    customData: {},
    createdAt: now,
    version: 1,
  }
  const subject = { type: 'member', id: person.id, name: person.name }
  const type = wish.invitation === null ? 'member.created' : 'member.invited'
  return {
    person,
    member,
    insert: [
      { collection: 'people', document: person },
      { collection: 'members', document: member },
    ],
    events: [
      newEvent(deps.newId('evt'), {
        type,
        actor: deps.actor,
        subject,
        data: {
          object: {
            id: person.id,
            email: person.email,
            name: person.name,
            role: member.role,
            holderId: member.holderId,
            status: member.status,
          },
        },
      }),
    ],
  }
}
