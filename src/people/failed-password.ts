import type { From, PeopleDeps } from './deps.ts'
import { memberEvent } from './enrol.rules.ts'
import type { Member, Person } from './rules.ts'

/** Notes that somebody gave a wrong password for a person who is known: one event a person and minute. */
export function noteFailedPassword(
  { notes, newId }: Pick<PeopleDeps, 'notes' | 'newId'>,
  member: Member,
  person: Person,
  { address, userAgent, requestId }: From,
): void {
  const actor = { type: 'system', id: null, name: 'Sign-in' } as const
  notes.add({
    account: member.account,
    of: `session.failed:${member.personId}`,
    event: () => memberEvent('session.failed', member, person, { newId, actor, requestId }, { address, userAgent }),
  })
}
