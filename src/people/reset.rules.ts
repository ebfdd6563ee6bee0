/** Links by which somebody chooses a new password: good once, for a day. */
import type { Commit, Document, Kept } from '../store/store.ts'
import { memberEvent } from './enrol.rules.ts'
import { newLink } from './link.rules.ts'
import type { Member, OneTimeLink, Person } from './rules.ts'

const RESET_MS = 86_400_000

export const newReset = (outside: Parameters<typeof newLink>[1]) => newLink(RESET_MS, outside)

export function resetUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/password-resets/${token}`
}

/** The person has this link, and none before it. */
export function resetIssued(
  { member, person }: { member: Member; person: Kept<Person> },
  link: OneTimeLink,
  told: Parameters<typeof memberEvent>[3],
): Required<Pick<Commit, 'replace' | 'events'>> {
  return {
    replace: [{ collection: 'people', document: { ...person, reset: link } }],
    events: [memberEvent('member.password_reset_issued', member, person, told)],
  }
}

/**
 * A reset that the log of an account has still to tell: a person may belong to many accounts, and a commit writes the
 * log of one.
 */
export interface ResetNotice extends Document {
  /** The account whose log it is. */
  home: string
  personId: string
  address: string
  requestId: string | null
  createdAt: number
}
