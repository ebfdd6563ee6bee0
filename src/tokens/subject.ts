/** The token that a client narrows (RFC 8693 §2.1): what it holds, and how far it reaches. */
import { Refusal } from '../errors.ts'
import type { Rights } from '../keys/rights.rules.ts'
import type { AccessTokenClaims } from '../verifier/claims.ts'
import { VerifyError } from '../verifier/index.ts'
import type { Authentic } from './authenticate.ts'
import { DETAIL_TYPE } from './details.rules.ts'
import { MAX_PARENTS } from './rules.ts'

/**
 * An access token of this issuer, as any resource server would check it; its binding only where `judgeBinding` does,
 * for who narrows or asks has shown by other means who they are.
 */
export type VerifyIssued = (
  namespace: string,
  token: string,
  judgeBinding?: (claims: AccessTokenClaims) => Promise<void>,
) => Promise<AccessTokenClaims>

export interface Subject {
  rights: Rights
  /** Seconds. */
  exp: number
  /** Of the token to be made. */
  parents: string[]
  /** Thumbprint of the key that it is bound to. */
  jkt: string | undefined
}

export interface SubjectDeps {
  verifyIssued: VerifyIssued
}

/** @throws Refusal `invalid_request`, as RFC 8693 §2.2.2 has it for a subject token that is not good */
export async function readSubject(
  { verifyIssued }: SubjectDeps,
  { key, namespace }: Pick<Authentic, 'key' | 'namespace'>,
  token: string,
): Promise<Subject> {
  const claims = await verifyIssued(namespace.id, token).catch((error: unknown) => {
    if (!(error instanceof VerifyError) || isOurFault(error)) throw error
    throw refused(error.message)
  })
  if (claims.client_id !== key.id) throw refused('It belongs to another client.')
  const parents = [...(claims.parents ?? []), claims.jti]
  if (parents.length > MAX_PARENTS) {
    throw refused(`It was exchanged ${MAX_PARENTS} times already. Start from one nearer to the key.`)
  }
  return { rights: rightsOf(claims), exp: claims.exp, parents, jkt: claims.cnf?.jkt as string | undefined }
}

function rightsOf(claims: AccessTokenClaims): Rights {
  const details = (claims.authorization_details ?? []).filter((detail) => detail.type === DETAIL_TYPE)
  return {
    account: new Set((claims.scope ?? '').split(' ').filter(Boolean)),
    subAccounts: new Map(details.map(({ identifier, actions }) => [identifier as string, new Set(actions)])),
  }
}

export function isOurFault(error: VerifyError): boolean {
  return error.code === 'keys_unavailable' || error.code === 'status_unavailable'
}

function refused(why: string): Refusal {
  return new Refusal('invalid_request', { detail: `The subject_token is not good. ${why}` })
}
