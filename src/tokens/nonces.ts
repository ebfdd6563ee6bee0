/**
 * DPoP nonces (RFC 9449 §8) that need no memory: every instance works out the same ones from the master key and the
 * time, and knows its own again.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** A nonce is given out for one step and taken for a few more. */
const STEP_SECONDS = 60
const STEPS_BACK = 3
/** An instance whose clock is ahead gives out what is the next one here. */
const STEPS_AHEAD = 1

export interface Nonces {
  current(): string
  isOurs(nonce: string): boolean
}

/** @param key derived for nonces and nothing else */
export function createNonces(key: Uint8Array, now: () => number): Nonces {
  const step = (): number => Math.floor(now() / 1000 / STEP_SECONDS)
  const at = (n: number): Buffer => createHmac('sha256', key).update(String(n)).digest().subarray(0, 16)
  return {
    current: () => at(step()).toString('base64url'),
    isOurs(nonce) {
      const given = Buffer.from(nonce, 'base64url')
      if (given.length !== 16) return false
      let ours = false
      for (let n = step() - STEPS_BACK; n <= step() + STEPS_AHEAD; n++) ours = timingSafeEqual(given, at(n)) || ours
      return ours
    },
  }
}
