/** Links that are good once: what is kept of one, and why it is no good any more. */
import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'
import type { OneTimeLink } from './rules.ts'

const TOKEN_BYTES = 32

/** The SHA-256 of a link's token, base64url: all that is kept of it. */
export function linkHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

export function newLink(
  lifetimeMs: number,
  outside: { random: (bytes: number) => Buffer; now: () => number },
): { token: string; link: OneTimeLink } {
  const token = outside.random(TOKEN_BYTES).toString('base64url')
  return { token, link: { hash: linkHash(token), expiresAt: outside.now() + lifetimeMs, usedAt: null } }
}

/** Used before, which is told with the time, or no longer good; null: it is good. */
export function linkFault(link: Pick<OneTimeLink, 'expiresAt' | 'usedAt'>, now: number): Refusal | null {
  if (link.usedAt !== null) {
    const at = new Date(link.usedAt).toISOString()
    return new Refusal('link_used', { detail: `This link was used at ${at}, and is good once. Ask for a new one.` })
  }
  return link.expiresAt <= now ? new Refusal('not_found') : null
}
