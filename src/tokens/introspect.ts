/** Is this token active (RFC 7662)? */
import { OPERATOR } from '../accounts/rules.ts'
import type { NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { AccessTokenClaims } from '../verifier/claims.ts'
import { VerifyError } from '../verifier/index.ts'
import type { Principal } from '../web/principal.ts'
import { isOurFault, type VerifyIssued } from './subject.ts'

/** Who asks: a key of the namespace, about its own tokens, or a program that may ask about those of its account. */
export type Inquirer = { clientId: string } | { caller: Principal }

/** RFC 7662 §2.2, with every claim of the token. */
export type Introspection =
  | { active: false }
  | ({ active: true; token_type: 'Bearer' | 'DPoP' } & Omit<AccessTokenClaims, 'status'>)

export interface IntrospectDeps {
  verifyIssued: VerifyIssued
}

const INACTIVE = { active: false } as const
export const INTROSPECT_SCOPE = 'tokens:introspect'

/** @throws Refusal `insufficient_scope`, StoreUnavailable */
export async function introspect(
  { verifyIssued }: IntrospectDeps,
  namespace: NamespaceEntry,
  token: string,
  inquirer: Inquirer,
): Promise<Introspection> {
  if ('caller' in inquirer && !mayIntrospect(inquirer.caller)) {
    throw new Refusal('insufficient_scope', {
      detail: `This needs scope ${INTROSPECT_SCOPE}, which your token does not have.`,
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${INTROSPECT_SCOPE}"` },
    })
  }
  const claims = await verifyIssued(namespace.id, token).catch((error: unknown) => {
    if (!(error instanceof VerifyError) || isOurFault(error)) throw error
    return null
  })
  if (claims === null || !sees(inquirer, claims)) return INACTIVE
  const { status: _, ...told } = claims
  return { active: true, token_type: claims.cnf === undefined ? 'Bearer' : 'DPoP', ...told }
}

function mayIntrospect(caller: Principal): boolean {
  return caller.type === 'program' && caller.scopes.has(INTROSPECT_SCOPE)
}

function sees(inquirer: Inquirer, claims: AccessTokenClaims): boolean {
  if ('clientId' in inquirer) return claims.client_id === inquirer.clientId
  return inquirer.caller.account === OPERATOR || claims.account === inquirer.caller.account
}
