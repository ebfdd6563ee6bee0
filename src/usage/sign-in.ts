/**
 * Limits of sign-ins: by address, and by address and e-mail address together. Never by e-mail address alone, or anybody
 * could lock anybody out; and counted alike whether there is such a person or not. Over all instances at once: an attempt
 * is slow as it is, so each tells the others before it is judged.
 */

import { Refusal } from '../errors.ts'
import { addressBucket } from '../keys/addresses.rules.ts'
import type { Tallies } from './tallies.ts'
import { WindowLimiter } from './window.ts'

const WINDOW_SECONDS = 15 * 60
/** Failed attempts of one address for one e-mail address. */
const PER_EMAIL = 10
/** Failed attempts of one address. */
const PER_ADDRESS = 100

export interface SignInLimits {
  /** Counts an attempt, before any password is looked at. @throws Refusal `rate_limited` */
  take(address: string, email: string): Promise<void>
  /** Takes an attempt that succeeded out of the count. */
  forgive(address: string, email: string): Promise<void>
}

/** @param now UTC ms */
export function createSignInLimits(now: () => number, tallies: Tallies): SignInLimits {
  const duration = WINDOW_SECONDS
  const byAddress = new WindowLimiter({ purpose: 'sign-in address', points: PER_ADDRESS, duration }, now)
  const byEmail = new WindowLimiter({ purpose: 'sign-in email', points: PER_EMAIL, duration }, now)
  for (const limiter of [byAddress, byEmail]) tallies.share(limiter)
  const counted = (address: string, email: string) => {
    const network = addressBucket(address)
    return [[byAddress, network] as const, [byEmail, `${network} ${email}`] as const]
  }
  return {
    async take(address, email) {
      for (const [limiter, of] of counted(address, email)) await limiter.take('address', of)
      await tallies.flush()
      for (const [limiter, of] of counted(address, email)) {
        const { remaining, resetSeconds } = limiter.look('address', of)
        if (remaining < 0) throw new Refusal('rate_limited', { retryAfterSeconds: resetSeconds, limit: 'address' })
      }
    },
    async forgive(address, email) {
      for (const [limiter, of] of counted(address, email)) await limiter.reward(of)
    },
  }
}
