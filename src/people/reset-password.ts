import { act, type Decision } from '../store/act.ts'
import type { Asker } from '../web/asker.ts'
import type { From, PeopleDeps } from './deps.ts'
import { memberEvent } from './enrol.rules.ts'
import { findMember, findMemberships, findReset, findSessions } from './find.ts'
import { newReset, type ResetNotice, resetIssued, resetUrl } from './reset.rules.ts'
import { memberId, withPassword } from './rules.ts'
import { sessionRefs } from './sessions.ts'
import { requireNewPassword } from './shape.ts'

/**
 * Makes a link by which a member chooses a new password. The one before ends; nothing else does before it is used.
 *
 * @throws Refusal `not_found`
 */
export async function issueReset(
  deps: PeopleDeps,
  account: string,
  id: string,
  asker: Asker,
): Promise<{ url: string }> {
  const { store, newId } = deps
  const { token, link } = newReset(deps)
  const attempt = async (): Promise<Decision<{ url: string }>> => {
    const commit = resetIssued(await findMember(store, account, id), link, { newId, ...asker })
    return { account, commit, answer: { url: resetUrl(deps.publicUrl, token) } }
  }
  return act(store, attempt, asker.once)
}

/**
 * Uses such a link, once: the person has the password that is given, and every session of theirs ends.
 *
 * @throws Refusal `not_found`, `link_used`, `invalid_request` for a password that cannot be chosen, `busy`
 * @returns the person's e-mail address
 */
export async function resetPassword(deps: PeopleDeps, token: string, password: string, from: From): Promise<string> {
  const { store, passwords, now } = deps
  await findReset(store, token, now())
  requireNewPassword(password)
  const hash = await passwords.hash(password)
  const email = await act(store, () => decide(deps, token, hash, from))
  // What fails now is told by the sweep.
  await tellResets(deps).catch(() => {})
  return email
}

async function decide(
  { store, now, newId }: PeopleDeps,
  token: string,
  hash: string,
  { address, requestId }: From,
): Promise<Decision<string>> {
  const at = now()
  const { person, link } = await findReset(store, token, at)
  const [sessions, members] = await Promise.all([findSessions(store, person.id), findMemberships(store, person.id)])
  const notices = members
    .filter(({ status }) => status === 'active')
    .map(({ account: home, personId }): ResetNotice => {
      return { id: newId('ntc'), account: '', home, personId, address, requestId, createdAt: at }
    })
  return {
    account: '',
    commit: {
      replace: [{ collection: 'people', document: { ...withPassword(person, hash), reset: { ...link, usedAt: at } } }],
      remove: sessionRefs(sessions),
      insert: notices.map((document) => ({ collection: 'resetNotices', document }) as const),
    },
    answer: person.email,
  }
}

/** Whoever has the link is all that is known of them. */
const OPENER = { type: 'person', id: null, name: 'Whoever opened the password link' } as const
const NOTICES_AT_ONCE = 100

/** Tells the accounts of a person that the password was reset, each once, whatever happened to the process meanwhile. */
export async function tellResets(deps: Pick<PeopleDeps, 'store' | 'newId'>): Promise<void> {
  const { items } = await deps.store.page('', 'resetNotices', { limit: NOTICES_AT_ONCE })
  for (const { id } of items) await act(deps.store, () => tell(deps, id))
}

async function tell({ store, newId }: Pick<PeopleDeps, 'store' | 'newId'>, id: string): Promise<Decision<null>> {
  const notice = await store.get('', 'resetNotices', id)
  if (notice === null) return { account: '', commit: {}, answer: null }
  const { home, personId, address, requestId } = notice
  const [member, person] = await Promise.all([
    store.get(home, 'members', memberId(home, personId)),
    store.get('', 'people', personId),
  ])
  const actor = { newId, actor: OPENER, requestId }
  const events =
    member === null || person === null ? [] : [memberEvent('member.password_reset', member, person, actor, { address })]
  return {
    account: home,
    commit: { remove: [{ collection: 'resetNotices', document: notice }], events },
    answer: null,
  }
}
