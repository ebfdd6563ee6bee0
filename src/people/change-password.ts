import { Refusal } from '../errors.ts'
import { act, type Decision } from '../store/act.ts'
import type { From, PeopleDeps } from './deps.ts'
import { memberEvent } from './enrol.rules.ts'
import { noteFailedPassword } from './failed-password.ts'
import { findMember, findSessions } from './find.ts'
import { withPassword } from './rules.ts'
import { type SignedIn, TOKEN_BYTES } from './session.rules.ts'
import { sessionRefs } from './sessions.ts'
import { newSession } from './sign-in.ts'

/**
 * Changes the caller's password. Every session of theirs ends, and this one goes on under a new token.
 *
 * @throws Refusal `invalid_credentials` where `current` is wrong, `rate_limited`, `busy`
 * @returns the new token of the session
 */
export async function changePassword(
  deps: PeopleDeps,
  caller: SignedIn,
  wish: { current: string; password: string },
  from: From,
): Promise<string> {
  await deps.limits.take(from.address, caller.email)
  const { member, person } = await findMember(deps.store, caller.account, caller.id)
  const before = person.password
  if (!(await deps.passwords.verify(before, wish.current))) {
    noteFailedPassword(deps, member, person, from)
    throw new Refusal('invalid_credentials', { detail: 'The current password is not right.' })
  }
  await deps.limits.forgive(from.address, caller.email)
  const password = await deps.passwords.hash(wish.password)
  const token = deps.random(TOKEN_BYTES).toString('base64url')
  return act(deps.store, () => decide(deps, caller, { before, password, token, from }))
}

async function decide(
  { store, now, newId }: PeopleDeps,
  { id, account }: SignedIn,
  given: { before: string | null; password: string; token: string; from: From },
): Promise<Decision<string>> {
  const { before, password, token, from } = given
  const { member, person } = await findMember(store, account, id)
  if (person.password !== before) throw new Refusal('conflict', { retryAfterSeconds: 1 })
  const actor = { type: 'person', id, name: member.name } as const
  return {
    account,
    commit: {
      replace: [{ collection: 'people', document: withPassword(person, password) }],
      remove: sessionRefs(await findSessions(store, id)),
      insert: [
        { collection: 'sessions', document: newSession(token, { personId: id, home: account, at: now(), from }) },
      ],
      events: [memberEvent('member.password_changed', member, person, { newId, actor, requestId: from.requestId })],
    },
    answer: token,
  }
}
