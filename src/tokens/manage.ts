/** Tokens of the management API, whose resource server Latchkey is itself. */
import type { NamespaceEntry } from '../catalog.ts'
import type { Store } from '../store/store.ts'
import { useOnce } from '../store/use-once.ts'
import { checkBinding, type DpopRequest } from '../verifier/binding.ts'
import type { AccessTokenClaims } from '../verifier/claims.ts'
import { VerifyError } from '../verifier/index.ts'
import { PROOF_WINDOW_SECONDS, type Proof } from '../verifier/proof.ts'
import type { ManageToken } from '../web/principal.ts'
import type { VerifyIssued } from './subject.ts'

/**
 * A token as any resource server would check it; a bound one with its proof, which is good once over all instances
 * (RFC 9449 §7.1, §11.1).
 *
 * @throws VerifyError
 */
export function createManageVerifier(deps: {
  namespace: NamespaceEntry
  verifyIssued: VerifyIssued
  store: Store
  now: () => number
}): (token: string, dpop: DpopRequest | undefined) => Promise<ManageToken> {
  const { namespace, verifyIssued, store, now } = deps
  return async (token, dpop) => {
    let proof: Proof | null = null
    const judgeBinding = async (claims: AccessTokenClaims): Promise<void> => {
      proof = await checkBinding(token, claims, dpop, now())
    }
    const { client_id, account, scope = '' } = await verifyIssued(namespace.id, token, judgeBinding)
    if (proof !== null) await useProof(store, proof)
    return { keyId: client_id, account: account as string, scopes: scope.split(' ').filter(Boolean) }
  }
}

async function useProof(store: Store, { jkt, jti, iat }: Proof): Promise<void> {
  const { past, future } = PROOF_WINDOW_SECONDS
  if (await useOnce(store, ['dpop proof', jkt, jti], (iat + past + future) * 1000)) return
  throw new VerifyError('invalid_proof', {
    message: 'The DPoP proof was used before. Make a new one for each request.',
  })
}
