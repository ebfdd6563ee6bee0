import { createHash } from 'node:crypto'
import { VerifyError } from './errors.ts'
import { PROOF_WINDOW_SECONDS, type Proof } from './proof.ts'

/** Remembers the proofs that were used, so that none is used twice (RFC 9449 §11.1). */
export interface ReplayGuard {
  /** @throws VerifyError `invalid_proof` for a proof used before, and for every proof while the memory is full */
  use(proof: Proof): void
}

const MAX_PROOFS = 100_000
/** From the moment of its use no proof is good for longer, however far ahead its clock was. */
const KEPT_MS = (PROOF_WINDOW_SECONDS.past + PROOF_WINDOW_SECONDS.future) * 1000

/**
 * A memory of this process, of at most 100,000 proofs for 70 s each; several processes do not know of each other's.
 *
 * When it is full of proofs that are all still good, further ones are refused: to forget one of them would be to accept
 * it again, and only holders of valid tokens come this far.
 *
 * @param now the clock, in ms since 1970
 */
export function createReplayGuard(now: () => number, maxProofs = MAX_PROOFS): ReplayGuard {
  /** End of each, in ms, in the order of use, which is that of the ends too. */
  const used = new Map<string, number>()

  function forgetEnded(): void {
    for (const [id, end] of used) {
      if (end > now()) return
      used.delete(id)
    }
  }

  return {
    use({ jkt, jti }) {
      forgetEnded()
      // Hashed, so that the size of an entry is not the client's to choose.
      const id = createHash('sha256').update(`${jkt} ${jti}`).digest('base64url')
      if (used.has(id)) throw refusal('The DPoP proof was used before. Make a new one for each request.')
      if (used.size >= maxProofs) throw refusal('Too many DPoP proofs came in at once. Try again in a minute.')
      used.set(id, now() + KEPT_MS)
    },
  }
}

function refusal(message: string): VerifyError {
  return new VerifyError('invalid_proof', { message })
}
