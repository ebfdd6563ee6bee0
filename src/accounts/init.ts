/** The first act of an installation: the operator's account, somebody to administer it, and a key to manage it with. */
import { createHash } from 'node:crypto'
import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { newEvent } from '../events/rules.ts'
import { type KeyWish, newKey, PLAIN_WISH } from '../keys/create.rules.ts'
import type { KeyDeps } from '../keys/create.ts'
import { formatKey, newKeyId, newSecret } from '../keys/grammar.rules.ts'
import type { ApiKey, Author } from '../keys/rules.ts'
import { type ShownKey, showKey } from '../keys/shape.ts'
import { type Enrolment, enrolment } from '../people/enrol.rules.ts'
import { type Member, normaliseEmail, type Person } from '../people/rules.ts'
import type { StatusRef } from '../status/rules.ts'
import { act, type Decision } from '../store/act.ts'
import type { EventActor, Kept, Store } from '../store/store.ts'
import { type Account, OPERATOR } from './rules.ts'

export interface InitDeps
  extends Pick<KeyDeps, 'store' | 'catalog' | 'peppers' | 'allocator' | 'now' | 'random' | 'newId'> {
  /** PUBLIC_URL. */
  publicUrl: string
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

export interface Initialised extends Invited {
  account: { id: string; name: string; plan: string; namespaces: string[] }
  key: ShownKey
  secret: string
}

const ACTOR: EventActor = { type: 'system', id: null, name: 'latchkey init' }
const INVITATION_MS = 7 * 86_400_000
const PEOPLE_AT_ONCE = 500

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
    const { token, invitation } = newInvitation(deps)
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
        ...invited(deps, enrolled.person, token, invitation),
        key: shown,
        secret,
      },
      refusals: { exists: initialisedBefore },
    }
  })
}

/**
 * Invites one more admin. A person known by the e-mail address is invited anew, and becomes admin if they were not:
 * until they accept they cannot sign in to account `operator`.
 *
 * @throws Refusal `not_found` where nothing was initialised yet
 */
export async function recoverAdmin(deps: InitDeps, admin: AdminWish): Promise<Invited> {
  return act(deps.store, async (): Promise<Decision<Invited>> => {
    if ((await deps.store.get(OPERATOR, 'accounts', OPERATOR)) === null) {
      throw new Refusal('not_found', { detail: 'This store is empty. Run "latchkey init" without --recover.' })
    }
    const { token, invitation } = newInvitation(deps)
    const known = await findPerson(deps.store, admin.email)
    if (known !== null) return inviteAgain(deps, known, token, invitation)
    const { insert, events, person } = enrolment({ ...invitedAdmin(admin), invitation }, { ...deps, actor: ACTOR })
    return { account: OPERATOR, commit: { insert, events }, answer: invited(deps, person, token, invitation) }
  })
}

async function inviteAgain(
  deps: InitDeps,
  person: Person,
  token: string,
  invitation: Invitation,
): Promise<Decision<Invited>> {
  const id = `${OPERATOR}/${person.id}`
  const kept = await deps.store.get(OPERATOR, 'members', id)
  const asAdmin = { role: 'admin', holderId: null, status: 'invited', invitation } as const
  const answer = invited(deps, person, token, invitation)
  const about = { ...answer.member, holderId: null }
  const events = [event(deps, 'member.invited', { type: 'member', id: person.id, name: person.name }, about)]
  if (kept !== null) {
    const document: Kept<Member> = { ...kept, ...asAdmin, version: kept.version + 1 }
    return { account: OPERATOR, commit: { replace: [{ collection: 'members', document }], events }, answer }
  }
  const fresh = { id, account: OPERATOR, personId: person.id, customData: {}, createdAt: deps.now(), version: 1 }
  const document: Member = { ...fresh, ...asAdmin }
  return { account: OPERATOR, commit: { insert: [{ collection: 'members', document }], events }, answer }
}

type Invitation = NonNullable<Member['invitation']>

/** The SHA-256 of an invitation's token, base64url: all that is kept of it. */
export function invitationHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function newInvitation(deps: Pick<InitDeps, 'random' | 'now'>): { token: string; invitation: Invitation } {
  const token = deps.random(32).toString('base64url')
  return { token, invitation: { hash: invitationHash(token), expiresAt: deps.now() + INVITATION_MS } }
}

function invited(deps: Pick<InitDeps, 'publicUrl'>, person: Person, token: string, { expiresAt }: Invitation): Invited {
  const { id, email, name } = person
  const member = { id, email, name, role: 'admin', status: 'invited' } as const
  return { member, invitationUrl: `${deps.publicUrl}/invitations/${token}`, expiresAt }
}

function invitedAdmin({ email, name }: AdminWish): Omit<Enrolment, 'invitation'> {
  return { account: OPERATOR, email, name, role: 'admin', password: null }
}

/** Walks all people: there is no index to look an address up by, and this is done once in a blue moon. */
async function findPerson(store: Store, email: string): Promise<Person | null> {
  const wanted = normaliseEmail(email)
  let page = await store.page('', 'people', { limit: PEOPLE_AT_ONCE })
  for (;;) {
    const found = page.items.find((person) => person.email === wanted)
    if (found !== undefined) return found
    if (page.next === null) return null
    page = await store.page('', 'people', { limit: PEOPLE_AT_ONCE, after: page.next })
  }
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
