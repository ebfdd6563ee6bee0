/** Sessions that are open: found by their token, listed, ended. */
import { Refusal } from '../errors.ts'
import { act } from '../store/act.ts'
import type { Kept } from '../store/store.ts'
import type { PeopleDeps } from './deps.ts'
import { findMemberships, findSessions } from './find.ts'
import { type Session, type SignedIn, sessionId, sessionOver, signedIn, TOUCH_MS } from './session.rules.ts'

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
export async function endOtherSessions({ store }: Deps, caller: SignedIn): Promise<void> {
  await act(store, async () => {
    const others = (await findSessions(store, caller.id)).filter(({ id }) => id !== caller.sessionId)
    return { account: '', commit: { remove: sessionRefs(others) }, answer: undefined }
  })
}

/** Ends one session of the caller. @throws Refusal `not_found` */
export async function endSession({ store }: Deps, caller: SignedIn, id: string): Promise<void> {
  await act(store, async () => {
    const session = await store.get('', 'sessions', id)
    if (session === null || session.personId !== caller.id) throw new Refusal('not_found')
    return { account: '', commit: { remove: sessionRefs([session]) }, answer: undefined }
  })
}

/** For a commit that ends them. */
export function sessionRefs(sessions: readonly Kept<Session>[]) {
  return sessions.map((document) => ({ collection: 'sessions', document }) as const)
}
