/** Invitations: one-time links, good for seven days. */
import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'
import type { Invitation, Member, Person } from './rules.ts'

const INVITATION_MS = 7 * 86_400_000
const TOKEN_BYTES = 32

/** The SHA-256 of an invitation's token, base64url: all that is kept of it. */
export function invitationHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

export function newInvitation(outside: { random: (bytes: number) => Buffer; now: () => number }): {
  token: string
  invitation: Invitation
} {
  const token = outside.random(TOKEN_BYTES).toString('base64url')
  const invitation = { hash: invitationHash(token), expiresAt: outside.now() + INVITATION_MS, usedAt: null }
  return { token, invitation }
}

export function invitationUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/invitations/${token}`
}

/** Why an invitation cannot be accepted: used before, which is told with the time, or no longer good. */
export function invitationFault(invitation: Invitation, now: number): Refusal | null {
  if (invitation.usedAt !== null) {
    const at = new Date(invitation.usedAt).toISOString()
    return new Refusal('link_used', { detail: `This link was used at ${at}, and is good once. Ask for a new one.` })
  }
  return invitation.expiresAt <= now ? new Refusal('not_found') : null
}

/**
 * Whether accepting sets the person's password, or asks for the one they have: whoever invites somebody known must not
 * get at their password, whatever account it is to.
 */
export function choosesPassword(member: Pick<Member, 'invitation'>, person: Pick<Person, 'password'>): boolean {
  return person.password === null || member.invitation?.setsPassword === true
}
