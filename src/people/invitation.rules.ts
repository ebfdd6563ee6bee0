/** Invitations: one-time links, good for seven days. */
import { newLink } from './link.rules.ts'
import type { Invitation, Member, Person } from './rules.ts'

const INVITATION_MS = 7 * 86_400_000

export function newInvitation(outside: { random: (bytes: number) => Buffer; now: () => number }): {
  token: string
  invitation: Invitation
} {
  const { token, link } = newLink(INVITATION_MS, outside)
  return { token, invitation: link }
}

export function invitationUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/invitations/${token}`
}

/**
 * Whether accepting sets the person's password, or asks for the one they have: whoever invites somebody known must not
 * get at their password, whatever account it is to.
 */
export function choosesPassword(member: Pick<Member, 'invitation'>, person: Pick<Person, 'password'>): boolean {
  return person.password === null || member.invitation?.setsPassword === true
}
