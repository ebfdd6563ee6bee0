import type { Account } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import { EVERY_ACCOUNT, type Kept, type Store } from '../store/store.ts'
import { linkFault, linkHash } from './link.rules.ts'
import { type Member, memberId, normaliseEmail, type OneTimeLink, type Person } from './rules.ts'
import { MAX_SESSIONS, type Session } from './session.rules.ts'

/** More accounts than anybody belongs to. */
const MAX_MEMBERSHIPS = 1000

export async function findPerson(store: Store, email: string): Promise<Kept<Person> | null> {
  const { items } = await store.page('', 'people', { where: { email: normaliseEmail(email) }, limit: 1 })
  return items[0] ?? null
}

/** In every account, oldest first. */
export async function findMemberships(store: Store, personId: string): Promise<Kept<Member>[]> {
  return (await store.page(EVERY_ACCOUNT, 'members', { where: { personId }, limit: MAX_MEMBERSHIPS })).items
}

/** Oldest first. */
export async function findSessions(store: Store, personId: string): Promise<Kept<Session>[]> {
  return (await store.page('', 'sessions', { where: { personId }, limit: 2 * MAX_SESSIONS })).items
}

/** @throws Refusal `not_found` */
export async function findMember(
  store: Store,
  account: string,
  personId: string,
): Promise<{ member: Kept<Member>; person: Kept<Person> }> {
  const [member, person] = await Promise.all([
    store.get(account, 'members', memberId(account, personId)),
    store.get('', 'people', personId),
  ])
  if (member === null || person === null) throw new Refusal('not_found')
  return { member, person }
}

export interface FoundInvitation {
  account: Account
  member: Kept<Member>
  person: Kept<Person>
}

/** An invitation that can be accepted. @throws Refusal `not_found`, `link_used` */
export async function findInvitation(store: Store, token: string, now: number): Promise<FoundInvitation> {
  const hash = linkHash(token)
  const { items } = await store.page(EVERY_ACCOUNT, 'members', { where: { 'invitation.hash': hash }, limit: 1 })
  const [invited] = items
  if (invited === undefined) throw new Refusal('not_found')
  const [account, person] = await Promise.all([
    store.get(invited.account, 'accounts', invited.account),
    store.get('', 'people', invited.personId),
  ])
  // Read last: whoever accepted meanwhile has a password by now, and must not be asked for it.
  const member = await store.get(invited.account, 'members', invited.id)
  if (account === null || person === null || member?.invitation?.hash !== hash) throw new Refusal('not_found')
  const fault = linkFault(member.invitation, now)
  if (fault !== null) throw fault
  return { account, member, person }
}

/** Whose password a link lets be chosen anew. @throws Refusal `not_found`, `link_used` */
export async function findReset(
  store: Store,
  token: string,
  now: number,
): Promise<{ person: Kept<Person>; link: OneTimeLink }> {
  const { items } = await store.page('', 'people', { where: { 'reset.hash': linkHash(token) }, limit: 1 })
  const [person] = items
  if (person === undefined || person.reset === null) throw new Refusal('not_found')
  const fault = linkFault(person.reset, now)
  if (fault !== null) throw fault
  return { person, link: person.reset }
}
