/** A one-time link behind which a fresh secret of a key is made. */
import { newLink } from '../people/link.rules.ts'
import type { OneTimeLink } from '../people/rules.ts'

/** Seven days. */
export const MAX_SHARE_SECONDS = 604_800

export interface Share extends Omit<OneTimeLink, 'hash'> {
  /** The hash of the link. */
  id: string
  account: string
  keyId: string
  /** For the secret in use when the link is opened. */
  overlapSeconds: number
  createdAt: number
}

export function newShare(
  of: Pick<Share, 'account' | 'keyId' | 'overlapSeconds'> & { expiresInSeconds: number },
  outside: { random: (bytes: number) => Buffer; now: () => number },
): { token: string; share: Share } {
  const { expiresInSeconds, ...rest } = of
  const { token, link } = newLink(expiresInSeconds * 1000, outside)
  const { hash: id, ...state } = link
  return { token, share: { id, ...rest, ...state, createdAt: outside.now() } }
}

export function shareUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/share/${token}`
}
