/** Binds a token to the client's own key: the DPoP proof of a token request (RFC 9449 §5). */
import { Refusal } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { useOnce } from '../store/use-once.ts'
import { VerifyError } from '../verifier/index.ts'
import { checkProof, PROOF_WINDOW_SECONDS } from '../verifier/proof.ts'
import type { Nonces } from './nonces.ts'

/** What a request holds of a proof. */
export interface ProofPresented {
  /** Every `DPoP` header of the request. */
  proofs: readonly string[]
  method: string
  /** Of the route, by PUBLIC_URL. */
  url: string
}

export interface Binding {
  /** Thumbprint of the client's key, for `cnf.jkt` (RFC 7638). */
  jkt: string
  /** To be told as `DPoP-Nonce`. */
  nonce: string
}

export interface BindingDeps {
  store: Store
  nonces: Nonces
  now: () => number
}

/** What a proof must be, beside being right. */
export interface BindingDemand {
  /** The client is to have bound tokens only. */
  required: boolean
  /** The key that the token exchanged from is bound to. */
  sameAs: string | undefined
  nonceRequired: boolean
}

/**
 * Null where no proof came and none was needed.
 *
 * @throws Refusal `invalid_dpop_proof`, `use_dpop_nonce`
 */
export async function bind(
  deps: BindingDeps,
  { proofs, method, url }: ProofPresented,
  demand: BindingDemand,
): Promise<Binding | null> {
  if (proofs.length > 1) throw refused('There are two DPoP headers. Send one.')
  const [given] = proofs
  if (given === undefined) {
    if (demand.sameAs !== undefined)
      throw refused('The subject token is bound to a key. Send a DPoP proof made with it.')
    if (demand.required) throw refused('This client gets bound tokens only. Send a DPoP proof.')
    return null
  }
  const now = deps.now()
  const proof = await checkProof(given, { method, url, now }).catch((error: unknown) => {
    throw error instanceof VerifyError ? refused(error.message) : error
  })
  if (demand.sameAs !== undefined && demand.sameAs !== proof.jkt) {
    throw refused('The proof is made with another key than the subject token is bound to.')
  }
  const nonce = deps.nonces.current()
  if (proof.nonce === undefined ? demand.nonceRequired : !deps.nonces.isOurs(proof.nonce)) {
    throw new Refusal('use_dpop_nonce', { headers: { 'DPoP-Nonce': nonce } })
  }
  const { past, future } = PROOF_WINDOW_SECONDS
  const fresh = await useOnce(deps.store, ['dpop proof', proof.jkt, proof.jti], (proof.iat + past + future) * 1000)
  if (!fresh) throw refused('The proof was used before. Make a new one for each request.')
  return { jkt: proof.jkt, nonce }
}

function refused(detail: string): Refusal {
  return new Refusal('invalid_dpop_proof', { detail })
}
