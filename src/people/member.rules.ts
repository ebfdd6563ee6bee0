/** Members of an account: how they are shown, who may give which role, and what a change may not do. */
import { OPERATOR } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import { HOLDER_SCOPES, MANAGE_SCOPES, ROLE_SCOPES } from './access.rules.ts'
import type { Member, Person, Role } from './rules.ts'

export interface ShownMember {
  id: string
  email: string
  name: string
  role: Role
  holderId: string | null
  status: Member['status']
  lastSignInAt: string | null
  customData: Record<string, unknown>
  version: number
}

export function showMember(member: Member, person: Pick<Person, 'id' | 'email'>): ShownMember {
  const { name, role, holderId, status, lastSignInAt, customData, version } = member
  return {
    id: person.id,
    email: person.email,
    name,
    role,
    holderId,
    status,
    lastSignInAt: lastSignInAt === null ? null : new Date(lastSignInAt).toISOString(),
    customData,
    version,
  }
}

/** What somebody brings to the giving of roles: the roles they have in the account, or a program's scopes. */
export type Giver = { roles: readonly Role[] } | { scopes: ReadonlySet<string> }

const STAFF: readonly Role[] = ['admin', 'support']
const OF_AN_OWNER: readonly Role[] = ['owner', 'manager', 'viewer', 'holder']

/** The roles that the giver may give, take away, and change the members of: none above their own. */
export function rolesToGive(giver: Giver): readonly Role[] {
  if ('scopes' in giver) {
    const held = withImplied(giver.scopes)
    const does = (role: Role) => (role === 'holder' ? HOLDER_SCOPES : ROLE_SCOPES[role])
    return OF_AN_OWNER.filter((role) => [...does(role)].every((scope) => held.has(scope)))
  }
  if (giver.roles.includes('admin')) return [...STAFF, ...OF_AN_OWNER]
  return giver.roles.includes('owner') ? OF_AN_OWNER : []
}

function withImplied(scopes: ReadonlySet<string>): Set<string> {
  return new Set([...scopes, ...MANAGE_SCOPES.filter((s) => scopes.has(s.name)).flatMap((s) => s.implies ?? [])])
}

/** What a member is to be. */
export interface Place {
  role: Role
  holderId: string | null
}

/** Why nobody, or not this giver, can put a member in that place; null where they can. */
export function placeFault(place: Place, account: string, giver: Giver, holderExists: boolean): Refusal | null {
  if (STAFF.includes(place.role) && account !== OPERATOR) {
    return invalid('/role', `${place.role} is a role of account ${OPERATOR} only.`)
  }
  const beyond = giveFault(place.role, giver)
  if (beyond !== null) return beyond
  if (place.role !== 'holder') {
    return place.holderId === null ? null : invalid('/holderId', 'goes with role holder only; leave it out.')
  }
  if (place.holderId === null) return invalid('/holderId', 'is needed: whose keys is this person to see?')
  if (holderExists) return null
  const fault = { pointer: '/holderId', detail: 'is not a holder of this account.' }
  return new Refusal('unknown_holder', { errors: [fault] })
}

export function giveFault(role: Role, giver: Giver): Refusal | null {
  if (rolesToGive(giver).includes(role)) return null
  const who = STAFF.includes(role) ? 'an admin' : 'an owner of the account'
  return new Refusal('exceeds_your_rights', {
    detail: `Role ${role} is more than you have, so you may neither give it nor change its members. Ask ${who}.`,
  })
}

export interface MemberChange {
  name?: string | undefined
  role?: Role | undefined
  status?: 'active' | 'disabled' | undefined
  holderId?: string | null | undefined
  customData?: Record<string, unknown> | undefined
}

/** The member after the change. A role other than `holder` lets go of the holder. */
export function changeMember<M extends Member>(member: M, change: MemberChange): M {
  const role = change.role ?? member.role
  const kept = change.role === undefined || change.role === 'holder' ? member.holderId : null
  return {
    ...member,
    name: change.name ?? member.name,
    role,
    holderId: change.holderId === undefined ? kept : change.holderId,
    status: change.status ?? member.status,
    customData: change.customData ?? member.customData,
    version: member.version + 1,
  }
}

/** An invitation is accepted by whom it is for, and by nobody else. */
export function statusFault(member: Member, change: MemberChange): Refusal | null {
  if (change.status === undefined || member.status !== 'invited') return null
  return invalid('/status', 'cannot be changed before the invitation is accepted; delete the member to cancel it.')
}

/** Sessions end where what a person may do here has changed; who has not accepted may do nothing yet. */
export function endsSessions(before: Member, after: Member): boolean {
  if (before.status !== 'active') return false
  return before.role !== after.role || before.holderId !== after.holderId || before.status !== after.status
}

/** The role of which an account keeps one active member. */
export function keeperRole(account: string): Role {
  return account === OPERATOR ? 'admin' : 'owner'
}

/** Whether the account loses one who keeps it. `after` null: removed. */
export function losesKeeper(before: Member, after: Member | null): boolean {
  const keeps = (one: Member | null): boolean => one?.role === keeperRole(before.account) && one.status === 'active'
  return keeps(before) && !keeps(after)
}

export function lastKeeper(account: string): Refusal {
  const role = keeperRole(account)
  return new Refusal('last_owner', {
    detail: `This is the last active ${role} of the account. Make somebody else ${role} first.`,
  })
}

function invalid(pointer: string, detail: string): Refusal {
  return new Refusal('invalid_request', { errors: [{ pointer, detail }] })
}
