/** Sessions that are open: found by their token, listed, ended. */
import { Refusal } from '../errors.ts'
import { newEvent } from '../events/rules.ts'
import { act } from '../store/act.ts'
import type { Kept, NewEvent } from '../store/store.ts'
import type { PeopleDeps } from './deps.ts'
import { findMemberships, findSessions } from './find.ts'
import { type Session, type SignedIn, sessionId, sessionOver, signedIn, TOUCH_MS } from './session.rules.ts'
import { showSession } from './shape.ts'

type Deps = Pick<PeopleDeps, 'store' | 'now'>

/** Who has the session of this token; null where there is none, or none any more. Rights are read afresh each time. */
export async function findSignedIn({ store, now }: Deps, token: string): Promise<SignedIn | null> {
  const session = await store.get('', 'sessions', sessionId(token))
  if (session === null || sessionOver(session, now())) return null
  const { personId } = session
  const [person, members] = await Promise.all([store.get('', 'people', personId), findMemberships(store, personId)])
  if (person === null) return null
  await touch({ store, now }, session)
  return signedIn(session, person, members)
}

async function touch({ store, now }: Deps, session: Kept<Session>): Promise<void> {
  const lastSeenAt = now()
  if (lastSeenAt - session.lastSeenAt < TOUCH_MS) return
  // Lost to another request of the same session: that one wrote the same.
  await store.commit('', { replace: [{ collection: 'sessions', document: { ...session, lastSeenAt } }] })
}

/** The caller's sessions that are open, oldest first. */
export async function listSessions({ store, now }: Deps, caller: SignedIn): Promise<Session[]> {
  const at = now()
  return (await findSessions(store, caller.id)).filter((session) => !sessionOver(session, at))
}

/** Ends every session of the caller but the one that asks. */
export function endOtherSessions(deps: EndDeps, caller: SignedIn, requestId: string): Promise<void> {
  return endThose(deps, caller, requestId, ({ id }) => id !== caller.sessionId)
}

/** Ends one session of the caller. @throws Refusal `not_found` */
export async function endSession(deps: EndDeps, caller: SignedIn, id: string, requestId: string): Promise<void> {
  if ((await deps.store.get('', 'sessions', id))?.personId !== caller.id) throw new Refusal('not_found')
  await endThose(deps, caller, requestId, (session) => session.id === id)
}

type EndDeps = Pick<PeopleDeps, 'store' | 'newId'>

/** Each is told in the account that it was opened in. */
export async function endThose(
  { store, newId }: EndDeps,
  caller: SignedIn,
  requestId: string | null,
  which: (session: Session) => boolean,
): Promise<void> {
  const chosen = async () => (await findSessions(store, caller.id)).filter(which)
  for (const home of new Set((await chosen()).map((session) => session.home))) {
    await act(store, async () => {
      const sessions = (await chosen()).filter((session) => session.home === home)
      const events = sessions.map((session) => endedEvent(newId('evt'), session, caller, requestId))
      return { account: home, commit: { remove: sessionRefs(sessions), events }, answer: undefined }
    })
  }
}

function endedEvent(id: string, session: Session, caller: SignedIn, requestId: string | null): NewEvent {
  const name = caller.memberships.get(session.home)?.name ?? caller.name
  return newEvent(id, {
    type: 'session.ended',
    actor: { type: 'person', id: caller.id, name },
    requestId,
    subject: { type: 'session', id: session.id, name },
    data: { object: showSession(session, caller.sessionId) },
  })
}

/** For a commit that ends them. */
export function sessionRefs(sessions: readonly Kept<Session>[]) {
  return sessions.map((document) => ({ collection: 'sessions', document }) as const)
}
