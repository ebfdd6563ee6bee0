import type { AccessTokenClaims } from './claims.ts'
import { VerifyError } from './errors.ts'
import { checkProof, type Proof } from './proof.ts'

/** What a request with `Authorization: DPoP` brought along (RFC 9449 §7.1). */
export interface DpopRequest {
  /** Value of its only `DPoP` header. */
  proof: string
  /** HTTP method, as sent. */
  method: string
  /** Absolute URL as the client knows it: from configuration and the path, never from `Host`. */
  url: string
}

/**
 * Checks that whoever sends a bound token holds its key (RFC 9449 §6, §7): a bound token needs its proof, an unbound
 * one must come without.
 *
 * @param now ms since 1970
 * @returns the proof, still to be checked for replay; null for an unbound token
 * @throws VerifyError `proof_required`, `invalid_proof`
 */
export async function checkBinding(
  accessToken: string,
  claims: AccessTokenClaims,
  dpop: DpopRequest | undefined,
  now: number,
): Promise<Proof | null> {
  if (!Object.hasOwn(claims, 'cnf')) {
    if (dpop === undefined) return null
    const message = 'The access token is bound to no key. Send it as Authorization: Bearer, without a DPoP proof.'
    throw new VerifyError('invalid_proof', { message })
  }
  const jkt = thumbprintOf(claims.cnf)
  if (jkt === null) {
    const message = 'The access token is bound in a way not understood here. Get one that is bound by cnf.jkt alone.'
    throw new VerifyError('proof_required', { message })
  }
  if (dpop === undefined) throw new VerifyError('proof_required')
  const { proof, method, url } = dpop
  const checked = await checkProof(proof, { method, url, accessToken, now })
  if (checked.jkt !== jkt) {
    const message = 'The DPoP proof was made with another key than the one that the access token is bound to.'
    throw new VerifyError('invalid_proof', { message })
  }
  return checked
}

/** Another member would be another confirmation, which nobody here could check (RFC 7800 §3.1). */
function thumbprintOf(cnf: unknown): string | null {
  if (typeof cnf !== 'object' || cnf === null) return null
  const { jkt, ...others } = cnf as Record<string, unknown>
  return typeof jkt === 'string' && jkt !== '' && Object.keys(others).length === 0 ? jkt : null
}
