/** Members of an account: listed, invited, changed, removed. */
import { Refusal } from '../errors.ts'
import { act, type Decision } from '../store/act.ts'
import type { Guarded, Kept, Page, PageQuery, Store } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { type Expected, requireVersion } from '../web/etag.ts'
import type { PeopleDeps } from './deps.ts'
import { enrolment, memberEvent } from './enrol.rules.ts'
import { findMember, findPerson, findSessions } from './find.ts'
import { invitationUrl, newInvitation } from './invitation.rules.ts'
import {
  changeMember,
  endsSessions,
  type Giver,
  giveFault,
  keeperRole,
  lastKeeper,
  losesKeeper,
  type MemberChange,
  placeFault,
  type ShownMember,
  showMember,
  statusFault,
} from './member.rules.ts'
import { type Invitation, type Member, memberId, type Person, type Role } from './rules.ts'
import { sessionRefs } from './sessions.ts'

type Deps = Pick<PeopleDeps, 'store' | 'publicUrl' | 'now' | 'random' | 'newId'>

/** Who asks, and what they may give. */
export interface MembersAsker extends Asker {
  giver: Giver
}

export async function listMembers(
  store: Store,
  account: string,
  query: PageQuery,
): Promise<{ items: ShownMember[]; next: Page<Member>['next'] }> {
  const { items, next } = await store.page(account, 'members', query)
  const people = await store.getMany(
    '',
    items.map(({ personId }) => ({ collection: 'people', id: personId }) as const),
  )
  const shown = items.flatMap((member, i) => {
    const person = people[i] as Kept<Person> | null | undefined
    return person == null ? [] : [showMember(member, person)]
  })
  return { items: shown, next }
}

export interface InviteWish {
  email: string
  role: Role
  name: string
  holderId: string | null
}

/**
 * Invites somebody into the account. Who was invited and has not accepted is invited anew, and the link before ends.
 *
 * @throws Refusal `exceeds_your_rights`, `unknown_holder`, `invalid_request`, `already_exists` for a member
 */
export async function inviteMember(
  deps: Deps,
  account: string,
  wish: InviteWish,
  asker: MembersAsker,
): Promise<{ member: ShownMember; invitationUrl: string }> {
  const { token, invitation } = newInvitation(deps)
  const attempt = async (): Promise<Decision<{ member: ShownMember; invitationUrl: string }>> => {
    const holder = await findHolder(deps.store, account, wish.holderId)
    const fault = placeFault(wish, account, asker.giver, holder !== null)
    if (fault !== null) throw fault
    const expect: Guarded[] = holder === null ? [] : [{ collection: 'holders', document: holder }]
    const known = await findPerson(deps.store, wish.email)
    const kept = known && (await deps.store.get(account, 'members', memberId(account, known.id)))
    const eventDeps = { newId: deps.newId, now: deps.now, ...asker }
    const url = invitationUrl(deps.publicUrl, token)
    if (known !== null && kept !== null) {
      const member = invitedAgain(kept, wish, invitation, asker.giver)
      const events = [memberEvent('member.invited', member, known, eventDeps)]
      const commit = { expect, replace: [{ collection: 'members', document: member } as const], events }
      return { account, commit, answer: { member: showMember(member, known), invitationUrl: url } }
    }
    const of = { ...wish, account, password: null, invitation, ...(known === null ? {} : { known }) }
    const { insert, events, member, person } = enrolment(of, eventDeps)
    return {
      account,
      commit: { expect, insert, events },
      answer: { member: showMember(member, person), invitationUrl: url },
    }
  }
  return act(deps.store, attempt, asker.once)
}

function invitedAgain(kept: Kept<Member>, wish: InviteWish, invitation: Invitation, giver: Giver): Kept<Member> {
  if (kept.status !== 'invited') {
    throw new Refusal('already_exists', { detail: 'This person is a member already. Change the member instead.' })
  }
  const fault = giveFault(kept.role, giver)
  if (fault !== null) throw fault
  const { name, role, holderId } = wish
  return { ...kept, name, role, holderId, invitation, version: kept.version + 1 }
}

/**
 * Changes a member. Where their rights change, their sessions end.
 *
 * @throws Refusal `not_found`, `precondition_failed`, `exceeds_your_rights`, `unknown_holder`, `invalid_request`,
 *   `last_owner`
 */
export async function editMember(
  deps: Deps,
  { account, id, expected, asker }: { account: string; id: string; expected: Expected; asker: MembersAsker },
  change: MemberChange,
): Promise<ShownMember> {
  return act(deps.store, async (): Promise<Decision<ShownMember>> => {
    const { member, person } = await findMember(deps.store, account, id)
    requireVersion(expected, member)
    const after = changeMember(member, change)
    const holder = await findHolder(deps.store, account, after.holderId)
    const fault =
      giveFault(member.role, asker.giver) ??
      statusFault(member, change) ??
      placeFault(after, account, asker.giver, holder !== null)
    if (fault !== null) throw fault
    const expect: Guarded[] = holder === null ? [] : [{ collection: 'holders', document: holder }]
    return {
      account,
      commit: {
        expect: [...expect, ...(await keepers(deps.store, member, after))],
        replace: [{ collection: 'members', document: after }],
        remove: endsSessions(member, after) ? sessionRefs(await findSessions(deps.store, id)) : [],
        events: [memberEvent('member.updated', after, person, { newId: deps.newId, ...asker })],
      },
      answer: showMember(after, person),
    }
  })
}

/**
 * Removes a member from the account, and the person's sessions end; or cancels an invitation, and they go on.
 *
 * @throws Refusal `not_found`, `exceeds_your_rights`, `last_owner`
 */
export async function removeMember(deps: Deps, account: string, id: string, asker: MembersAsker): Promise<void> {
  await act(deps.store, async () => {
    const { member, person } = await findMember(deps.store, account, id)
    const fault = giveFault(member.role, asker.giver)
    if (fault !== null) throw fault
    const sessions = member.status === 'active' ? await findSessions(deps.store, id) : []
    return {
      account,
      commit: {
        expect: await keepers(deps.store, member, null),
        remove: [{ collection: 'members', document: member }, ...sessionRefs(sessions)],
        events: [memberEvent('member.deleted', member, person, { newId: deps.newId, ...asker })],
      },
      answer: undefined,
    }
  })
}

/**
 * Another active member of the role that an account keeps one of, to be held unchanged by the commit: when two owners
 * remove each other at the same time, one of them stays.
 *
 * @throws Refusal `last_owner`
 */
async function keepers(store: Store, before: Kept<Member>, after: Member | null): Promise<Guarded[]> {
  const { account } = before
  if (!losesKeeper(before, after)) return []
  const where = { role: keeperRole(account), status: 'active' }
  const { items } = await store.page(account, 'members', { where, limit: 2 })
  const other = items.find(({ id }) => id !== before.id)
  if (other === undefined) throw lastKeeper(account)
  return [{ collection: 'members', document: other }]
}

async function findHolder(store: Store, account: string, id: string | null) {
  return id === null ? null : store.get(account, 'holders', id)
}
