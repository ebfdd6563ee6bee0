/** The first act of an installation: the operator's account, somebody to administer it, and a key to manage it with. */
import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { newEvent } from '../events/rules.ts'
import { type KeyWish, newKey, PLAIN_WISH } from '../keys/create.rules.ts'
import type { KeyDeps } from '../keys/create.ts'
import { formatKey, newKeyId, newSecret } from '../keys/grammar.rules.ts'
import type { ApiKey, Author } from '../keys/rules.ts'
import { type ShownKey, showKey } from '../keys/shape.ts'
import { type Enrolment, enrolment, memberEvent } from '../people/enrol.rules.ts'
import { invitationUrl, newInvitation } from '../people/invitation.rules.ts'
import { changeMember } from '../people/member.rules.ts'
import { newReset, resetIssued, resetUrl } from '../people/reset.rules.ts'
import { type Invitation, type Member, memberId, type Person, type Role } from '../people/rules.ts'
import type { Session } from '../people/session.rules.ts'
import type { StatusRef } from '../status/rules.ts'
import { act, type Decision } from '../store/act.ts'
import type { EventActor, Guarded, Kept } from '../store/store.ts'
import { type Account, OPERATOR } from './rules.ts'

export interface InitDeps
  extends Pick<KeyDeps, 'store' | 'catalog' | 'peppers' | 'allocator' | 'now' | 'random' | 'newId'> {
  /** PUBLIC_URL. */
  publicUrl: string
  findPerson: (email: string) => Promise<Kept<Person> | null>
  findSessions: (personId: string) => Promise<Kept<Session>[]>
}

export interface AdminWish {
  email: string
  name: string
}

export interface Invited {
  member: { id: string; email: string; name: string; role: 'admin'; status: 'invited' }
  /** Good once. Only its hash is kept. */
  invitationUrl: string
  /** UTC ms. */
  expiresAt: number
}

/** Somebody who is active in the operator's account already, and stays so, as admin. */
export interface LetIn {
  /** Their role until now. */
  was: Role
  member: { id: string; email: string; name: string; role: 'admin'; status: 'active' }
  /** Good once: whoever opens it chooses the person's password, and all of their sessions end. */
  passwordUrl: string
  /** UTC ms. */
  expiresAt: number
}

export interface Initialised extends Invited {
  account: { id: string; name: string; plan: string; namespaces: string[] }
  key: ShownKey
  secret: string
}

const ACTOR: EventActor = { type: 'system', id: null, name: 'latchkey init' }

/**
 * Makes account `operator`, one invited admin, and a manage key with every scope, all in one commit.
 *
 * @throws Refusal `already_exists` where the store has an operator account
 */
export async function initialise(deps: InitDeps, admin: AdminWish): Promise<Initialised> {
  const status = await deps.allocator.take(deps.catalog.manage.id)
  return act(deps.store, async (): Promise<Decision<Initialised>> => {
    if ((await deps.store.get(OPERATOR, 'accounts', OPERATOR)) !== null) throw initialisedBefore()
    const account = operatorAccount(deps.catalog, deps.now())
    const { token, invitation: made } = newInvitation(deps)
    const invitation = { ...made, setsPassword: true } as const
    const enrolled = enrolment({ ...invitedAdmin(admin), invitation }, { ...deps, actor: ACTOR })
    const { key, secret } = manageKey(deps, status)
    const shown = showKey(key, { holder: null, use: null, now: deps.now() })
    const { id, name, plan, namespaces } = account
    return {
      account: OPERATOR,
      commit: {
        insert: [
          { collection: 'accounts', document: account },
          ...enrolled.insert,
          { collection: 'keys', document: key },
        ],
        count: [{ name: 'keys', add: 1, max: deps.catalog.limits.keysPerAccount }],
        events: [
          event(deps, 'account.created', { type: 'account', id, name }),
          ...enrolled.events,
          event(deps, 'key.created', { type: 'key', id: key.id, name: key.name }, shown),
        ],
      },
      answer: {
        account: { id, name, plan, namespaces },
        ...invited(deps, enrolled, token),
        key: shown,
        secret,
      },
      refusals: { exists: initialisedBefore },
    }
  })
}

/**
 * Lets somebody administer. Who is active in account `operator` becomes admin if they were not, and gets a link to a new
 * password; the present one works until it is opened. Anybody else is invited, and cannot sign in there until they accept.
 *
 * @throws Refusal `not_found` where nothing was initialised yet
 */
export async function recoverAdmin(deps: InitDeps, admin: AdminWish): Promise<Invited | LetIn> {
  return act(deps.store, async (): Promise<Decision<Invited | LetIn>> => {
    if ((await deps.store.get(OPERATOR, 'accounts', OPERATOR)) === null) {
      throw new Refusal('not_found', { detail: 'This store is empty. Run "latchkey init" without --recover.' })
    }
    const { token, invitation: made } = newInvitation(deps)
    const invitation = { ...made, setsPassword: true } as const
    const known = await deps.findPerson(admin.email)
    if (known === null) return enrolAdmin(deps, { ...invitedAdmin(admin), invitation }, token)
    const member = await deps.store.get(OPERATOR, 'members', memberId(OPERATOR, known.id))
    if (member?.status === 'active') return letIn(deps, member, known)
    if (member !== null) return inviteAgain(deps, member, known, { token, invitation })
    return enrolAdmin(deps, { ...invitedAdmin(admin), invitation, known }, token)
  })
}

function enrolAdmin(deps: InitDeps, wish: Enrolment, token: string): Decision<Invited> {
  const { insert, events, ...enrolled } = enrolment(wish, { ...deps, actor: ACTOR })
  return { account: OPERATOR, commit: { insert, events }, answer: invited(deps, enrolled, token) }
}

async function letIn(deps: InitDeps, before: Kept<Member>, person: Kept<Person>): Promise<Decision<LetIn>> {
  const { id, email } = person
  const { token, link } = newReset(deps)
  const { member, ...promotion } = await promoted(deps, before, person)
  const issued = resetIssued({ member, person }, link, { ...deps, actor: ACTOR })
  return {
    account: OPERATOR,
    commit: {
      ...promotion,
      replace: [...promotion.replace, ...issued.replace],
      events: [...promotion.events, ...issued.events],
    },
    answer: {
      was: before.role,
      member: { id, email, name: member.name, role: 'admin', status: 'active' },
      passwordUrl: resetUrl(deps.publicUrl, token),
      expiresAt: link.expiresAt,
    },
  }
}

/** The member as admin. Where that changes their rights, their sessions end, as with any change of a member. */
async function promoted(deps: InitDeps, before: Kept<Member>, person: Person) {
  // Whoever takes the admin's place away meanwhile must not be told that they still have it.
  const unchanged: Guarded[] = [{ collection: 'members', document: before }]
  if (before.role === 'admin') return { member: before, expect: unchanged, replace: [], remove: [], events: [] }
  const member = changeMember(before, { role: 'admin' })
  const sessions = await deps.findSessions(person.id)
  return {
    member,
    expect: [],
    replace: [{ collection: 'members', document: member } as const],
    remove: sessions.map((document) => ({ collection: 'sessions', document }) as const),
    events: [memberEvent('member.updated', member, person, { ...deps, actor: ACTOR })],
  }
}

function inviteAgain(
  deps: InitDeps,
  kept: Kept<Member>,
  person: Person,
  { token, invitation }: { token: string; invitation: Invitation },
): Decision<Invited> {
  const asAdmin = { role: 'admin', holderId: null, status: 'invited', invitation } as const
  const member: Kept<Member> = { ...kept, ...asAdmin, version: kept.version + 1 }
  const events = [memberEvent('member.invited', member, person, { ...deps, actor: ACTOR })]
  const commit = { replace: [{ collection: 'members', document: member } as const], events }
  return { account: OPERATOR, commit, answer: invited(deps, { person, member }, token) }
}

function invited(
  deps: Pick<InitDeps, 'publicUrl'>,
  { person, member }: { person: Person; member: Member },
  token: string,
): Invited {
  const shown = { id: person.id, email: person.email, name: member.name, role: 'admin', status: 'invited' } as const
  const { expiresAt } = member.invitation as Invitation
  return { member: shown, invitationUrl: invitationUrl(deps.publicUrl, token), expiresAt }
}

function invitedAdmin({ email, name }: AdminWish): Omit<Enrolment, 'invitation'> {
  return { account: OPERATOR, email, name, role: 'admin', password: null }
}

/** On the largest plan, with all of the catalog, and not bound by its own terms. */
function operatorAccount(catalog: Catalog, now: number): Account {
  return {
    id: OPERATOR,
    account: OPERATOR,
    name: 'Operator',
    plan: [...catalog.plans.keys()].at(-1) as string,
    namespaces: [...catalog.namespaces.values()].filter((ns) => !ns.builtIn).map((ns) => ns.id),
    hosts: {},
    suspendedAt: null,
    status: 'active',
    terms: null,
    customData: {},
    createdAt: now,
    version: 1,
  }
}

function manageKey(deps: InitDeps, status: StatusRef): { key: ApiKey; secret: string } {
  const { catalog, random, newId, peppers } = deps
  const id = newKeyId(random)
  const secret = formatKey(catalog.manage.id, 'secret', id, newSecret(random))
  const wish: KeyWish = {
    name: 'Made by latchkey init',
    namespace: catalog.manage.id,
    ...PLAIN_WISH,
    description: 'Every scope of the management API. Revoke it once keys of less power are in place.',
    grants: [{ subAccount: null, scopes: [...catalog.manage.scopeNames] }],
  }
  const by: Author = { type: 'system', id: null, name: ACTOR.name }
  const made = { id, secret: { id: newId('sec'), text: secret, pepper: peppers.current }, status, by, now: deps.now() }
  return { key: newKey(wish, OPERATOR, null, made), secret }
}

function event(
  deps: Pick<InitDeps, 'newId'>,
  type: string,
  subject: { type: string; id: string; name: string },
  object?: object,
) {
  return newEvent(deps.newId('evt'), { type, actor: ACTOR, subject, data: object === undefined ? {} : { object } })
}

function initialisedBefore(): Refusal {
  return new Refusal('already_exists', {
    detail: 'This store has an administrator already. To invite one more, run "latchkey init --recover".',
  })
}
