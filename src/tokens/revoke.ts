/** Ends one token, or a key by whoever has it (RFC 7009). */
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { newEvent } from '../events/rules.ts'
import { parseKey } from '../keys/grammar.rules.ts'
import { OWN_PREFIX, type Revocation } from '../keys/rules.ts'
import type { Statuses } from '../status/flip.ts'
import { act, type Decision } from '../store/act.ts'
import type { EventActor, Store } from '../store/store.ts'
import type { ExchangeLimits } from '../usage/limits.ts'
import { rateLimited } from '../usage/refusals.rules.ts'
import type { AccessTokenClaims } from '../verifier/claims.ts'
import { VerifyError } from '../verifier/index.ts'
import { type Authentic, type AuthenticateDeps, authenticate, isImportedForm, type Presented } from './authenticate.ts'
import { isOurFault, type VerifyIssued } from './subject.ts'

export interface RevokeDeps {
  store: Store
  statuses: Statuses
  statusChanged: () => Promise<void>
  now: () => number
  newId: (prefix: string) => string
  revokeKey: (
    account: string,
    keyId: string,
    why: Pick<Revocation, 'reason' | 'note'>,
    asker: { actor: EventActor; requestId: string },
  ) => Promise<unknown>
  authentication: AuthenticateDeps
  limits: ExchangeLimits
  /** Whatever its status: a suspended token may come back. */
  readIssued: VerifyIssued
  /** Namespaces beside the one that is asked. */
  namespaces: readonly NamespaceEntry[]
}

/** Three parts of base64url: an access token, never taken for a key of another system. */
const JWS = /^[\w-]+\.[\w-]*\.[\w-]+$/

/** Whether the text means to be an API key: possession of it is the right to revoke it. */
export function isKeyLike(token: string, catalog: Catalog): boolean {
  return token.startsWith(OWN_PREFIX) || (isImportedForm(catalog, token) && !JWS.test(token))
}

/**
 * Revokes the API key that `apiKey` is. One that is none any more is as good as revoked (RFC 7009 §2.2).
 *
 * @throws Refusal `unsupported_token_type` for a publishable key, `invalid_request` for one of another namespace
 */
export async function revokeByPossession(
  deps: RevokeDeps,
  namespace: Presented['namespace'],
  apiKey: string,
  request: { id: string; address: string },
): Promise<void> {
  if (parseKey(apiKey)?.kind === 'publishable') throw new Refusal('unsupported_token_type')
  const found = await authenticate(deps.authentication, { namespace, credential: { apiKey }, asClient: false })
  if (found === null) {
    const share = await deps.limits.refused(request.address)
    if (!share.ok) throw rateLimited(share)
    return
  }
  const { key } = found
  if (key.namespace !== namespace.id) {
    throw new Refusal('invalid_request', { detail: 'This key belongs to another namespace. Revoke it there.' })
  }
  const actor = { type: 'program', id: key.id, name: key.name } as const
  const why = { reason: 'other', note: 'Revoked by whoever presented it.' } as const
  await deps.revokeKey(key.account, key.id, why, { actor, requestId: request.id }).catch((error: unknown) => {
    // Somebody else did meanwhile.
    if (!(error instanceof Refusal && error.code === 'key_revoked')) throw error
  })
}

/**
 * Denies a token of the client, and those exchanged from it, until it expires. One that is not good any more needs no
 * denying.
 *
 * @throws Refusal `invalid_request` for another client's token
 */
export async function revokeToken(
  deps: RevokeDeps,
  { key, namespace }: Pick<Authentic, 'key' | 'namespace'>,
  token: string,
  requestId: string,
): Promise<void> {
  const claims = await readToken(deps, namespace, token)
  if (claims === null) {
    for (const other of deps.namespaces) {
      if (other.id === namespace.id || (await readToken(deps, other, token)) === null) continue
      throw new Refusal('invalid_request', { detail: `This token belongs to ${other.issuer}. Revoke it there.` })
    }
    return
  }
  if (claims.client_id !== key.id) {
    throw new Refusal('invalid_request', { detail: 'This token belongs to another client. Only that one revokes it.' })
  }
  await deps.statuses.inTurn(() => act(deps.store, () => decide(deps, key, namespace.id, claims, requestId)))
  await deps.statusChanged()
}

/** Null for what is no live token of the namespace. */
async function readToken(deps: RevokeDeps, { id }: NamespaceEntry, token: string): Promise<AccessTokenClaims | null> {
  return deps.readIssued(id, token).catch((error: unknown) => {
    if (!(error instanceof VerifyError) || isOurFault(error)) throw error
    return null
  })
}

async function decide(
  { statuses, now, newId }: RevokeDeps,
  key: Authentic['key'],
  namespace: string,
  { jti, exp }: AccessTokenClaims,
  requestId: string,
): Promise<Decision<void>> {
  const denial = await statuses.deny(namespace, { jti, exp }, now())
  const event = newEvent(newId('evt'), {
    type: 'token.revoked',
    requestId,
    actor: { type: 'program', id: key.id, name: key.name },
    subject: { type: 'key', id: key.id, name: key.name },
    data: { jti, namespace, expiresAt: new Date(exp * 1000).toISOString() },
  })
  return { account: key.account, commit: { ...denial, events: [event] }, answer: undefined }
}
