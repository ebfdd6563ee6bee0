import { Refusal } from '../errors.ts'
import { act, type Decision } from '../store/act.ts'
import type { Kept } from '../store/store.ts'
import type { From, PeopleDeps } from './deps.ts'
import { memberEvent } from './enrol.rules.ts'
import { noteFailedPassword } from './failed-password.ts'
import { type FoundInvitation, findInvitation, findSessions } from './find.ts'
import { choosesPassword } from './invitation.rules.ts'
import { type Invitation, type Member, type Person, withPassword } from './rules.ts'
import { sessionRefs } from './sessions.ts'
import { requireNewPassword } from './shape.ts'

/**
 * Accepts an invitation, once: a new person chooses a password, somebody known gives the one they have.
 *
 * @throws Refusal `not_found`, `link_used`, `invalid_request` for a password that cannot be chosen,
 *   `invalid_credentials`, `rate_limited`, `busy`
 */
export async function acceptInvitation(
  deps: PeopleDeps,
  token: string,
  password: string,
  from: From,
): Promise<FoundInvitation> {
  const found = await findInvitation(deps.store, token, deps.now())
  // Also where it is only compared: else the answer to a short one would tell whether the address has a password.
  requireNewPassword(password)
  const chosen = choosesPassword(found.member, found.person) ? await deps.passwords.hash(password) : null
  if (chosen === null) await confirm(deps, found, password, from)
  return act(deps.store, () => decide(deps, { token, known: found.person, chosen, from }))
}

/** Counted like a sign-in: whoever invites an address must not find out its password this way. */
async function confirm(
  deps: PeopleDeps,
  { member, person }: FoundInvitation,
  password: string,
  from: From,
): Promise<void> {
  await deps.limits.take(from.address, person.email)
  if (!(await deps.passwords.verify(person.password, password))) {
    noteFailedPassword(deps, member, person, from)
    throw new Refusal('invalid_credentials', {
      detail: 'You have a password here already. Accept with that one, the one that you sign in with.',
    })
  }
  await deps.limits.forgive(from.address, person.email)
}

async function decide(
  { store, now, newId }: PeopleDeps,
  given: { token: string; known: Person; chosen: string | null; from: From },
): Promise<Decision<FoundInvitation>> {
  const { token, known, chosen, from } = given
  const at = now()
  const found = await findInvitation(store, token, at)
  if (found.person.password !== known.password) throw new Refusal('conflict', { retryAfterSeconds: 1 })
  const invitation: Invitation = { ...(found.member.invitation as Invitation), usedAt: at }
  const member: Kept<Member> = { ...found.member, invitation, status: 'active', version: found.member.version + 1 }
  const person = chosen === null ? found.person : withPassword(found.person, chosen)
  const actor = { type: 'person', id: person.id, name: member.name } as const
  return {
    account: member.account,
    commit: {
      ...(chosen === null ? { expect: [{ collection: 'people', document: found.person }] } : {}),
      replace: [
        { collection: 'members', document: member },
        ...(chosen === null ? [] : [{ collection: 'people', document: person } as const]),
      ],
      remove: chosen === null ? [] : sessionRefs(await findSessions(store, person.id)),
      events: [memberEvent('member.joined', member, person, { newId, actor, requestId: from.requestId })],
    },
    answer: { ...found, member, person },
  }
}
