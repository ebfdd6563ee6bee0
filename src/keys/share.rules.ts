/** A one-time link behind which a fresh secret of a key is made. */
import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'

/** Seven days. */
export const MAX_SHARE_SECONDS = 604_800
const TOKEN_BYTES = 32

export interface Share {
  /** SHA-256 of the link's token, base64url: all that is kept of it. */
  id: string
  account: string
  keyId: string
  /** For the secret in use when the link is opened. */
  overlapSeconds: number
  createdAt: number
  expiresAt: number
  openedAt: number | null
}

export function shareId(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

export function newShare(
  of: Pick<Share, 'account' | 'keyId' | 'overlapSeconds'> & { expiresInSeconds: number },
  outside: { random: (bytes: number) => Buffer; now: number },
): { token: string; share: Share } {
  const { expiresInSeconds, ...rest } = of
  const { now } = outside
  const token = outside.random(TOKEN_BYTES).toString('base64url')
  const times = { createdAt: now, expiresAt: now + expiresInSeconds * 1000, openedAt: null }
  return { token, share: { id: shareId(token), ...rest, ...times } }
}

export function shareUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/share/${token}`
}

/** Why a link cannot be opened: opened before, which is told with the time, or no longer good. */
export function shareFault(share: Pick<Share, 'openedAt' | 'expiresAt'>, now: number): Refusal | null {
  if (share.openedAt !== null) {
    const at = new Date(share.openedAt).toISOString()
    return new Refusal('link_used', { detail: `This link was opened at ${at}, and is good once. Ask for a new one.` })
  }
  return share.expiresAt <= now ? new Refusal('not_found') : null
}
