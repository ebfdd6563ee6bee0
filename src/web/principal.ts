/** Who calls the management API: a program with a token of namespace `manage`, or a person with a session. */
import { OPERATOR } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import { ACTIONS, type Action, type ActionRule, decideForRoles, ROLE_SCOPES, rolesIn } from '../people/access.rules.ts'
import type { Role } from '../people/rules.ts'
import type { Membership, SignedIn } from '../people/session.rules.ts'
import type { EventActor, Store } from '../store/store.ts'
import type { DpopRequest } from '../verifier/binding.ts'
import { VerifyError } from '../verifier/index.ts'
import { PROOF_ALGORITHMS } from '../verifier/proof.ts'
import { requireOwnPage } from './cross-site.ts'
import type { RequestFacts } from './request.ts'
import type { SessionCookie } from './session-cookie.ts'

export interface Program {
  type: 'program'
  /** The key's id. */
  id: string
  name: string
  account: string
  scopes: ReadonlySet<string>
}

export type Principal = Program | SignedIn

export type IdentifyPrincipal = (request: RequestFacts) => Promise<Principal>

export interface ManageToken {
  keyId: string
  account: string
  scopes: readonly string[]
}

/**
 * @param verify Latchkey's own verifier for namespace `manage`
 * @param findSession the person whose session has this token
 */
export function createIdentify(deps: {
  verify: (token: string, dpop: DpopRequest | undefined) => Promise<ManageToken>
  findSession: (token: string) => Promise<SignedIn | null>
  cookie: SessionCookie
  publicUrl: string
  store: Store
  realm: string
  /** Where the API is described (RFC 9728). */
  resourceMetadata: string
  exchangeAt: string
}): IdentifyPrincipal {
  return (request) => {
    const header = request.header('authorization')
    // With Authorization the cookie counts for nothing, not even where the token is no good.
    return header === undefined ? identifyPerson(request, deps) : identifyProgram(header, request, deps)
  }
}

type IdentifyDeps = Parameters<typeof createIdentify>[0]

async function identifyPerson(
  request: RequestFacts,
  { cookie, findSession, publicUrl, realm, resourceMetadata }: IdentifyDeps,
): Promise<SignedIn> {
  const about = `realm="${realm}", resource_metadata="${resourceMetadata}"`
  const token = cookie.read(request.header('cookie'))
  if (token === undefined) throw unauthenticated(about)
  requireOwnPage(request, new URL(publicUrl).origin)
  const person = await findSession(token)
  if (person === null) throw unauthenticated(about, 'Your session has ended. Sign in again.')
  return person
}

async function identifyProgram(
  header: string,
  request: RequestFacts,
  { verify, store, realm, resourceMetadata, publicUrl, exchangeAt }: IdentifyDeps,
): Promise<Program> {
  const [, scheme, token] = /^(Bearer|DPoP)(?: +([^\s]+))?$/i.exec(header) ?? []
  const about = `realm="${realm}", resource_metadata="${resourceMetadata}"`
  if (scheme === undefined) throw unauthenticated(about)
  if (token === undefined || request.headers('authorization').length > 1) {
    throw new Refusal('invalid_request', { detail: 'Send one Authorization header: Bearer, or DPoP, and a token.' })
  }
  const bound = scheme.toLowerCase() === 'dpop'
  const challenge = challengeOf(bound, 'invalid_token', about)
  if (token.startsWith('lk_')) {
    throw new Refusal('invalid_token', {
      detail: `This is an API key, not a token. Exchange it first: POST ${exchangeAt}, then send the token it answers.`,
      headers: challenge,
    })
  }
  try {
    const dpop = bound ? readProof(request, publicUrl, challenge) : undefined
    const { keyId, account, scopes } = await verify(token, dpop)
    const key = await store.get(account, 'keys', keyId)
    if (key === null || key.revoked !== null) throw new Refusal('invalid_token', { headers: challenge })
    return { type: 'program', id: keyId, name: key.name, account, scopes: new Set(scopes) }
  } catch (error) {
    throw refusalOf(error, bound, about)
  }
}

function readProof(request: RequestFacts, publicUrl: string, headers: Record<string, string>): DpopRequest {
  const [proof, another] = request.headers('dpop')
  if (proof !== undefined && another === undefined) {
    return { proof, method: request.method, url: new URL(request.path, publicUrl).href }
  }
  throw new Refusal('invalid_token', { detail: 'Send exactly one DPoP header beside the bound token.', headers })
}

/** No error where none was made: whoever says nothing is told both ways (RFC 6750 §3.1, RFC 9449 §7.1). */
function unauthenticated(about: string, detail?: string): Refusal {
  const headers = { 'WWW-Authenticate': `Bearer ${about}, DPoP ${about}, algs="${PROOF_ALGORITHMS.join(' ')}"` }
  return new Refusal('unauthenticated', { ...(detail === undefined ? {} : { detail }), headers })
}

function challengeOf(bound: boolean, error: string, about: string): Record<string, string> {
  const algs = bound ? `, algs="${PROOF_ALGORITHMS.join(' ')}"` : ''
  return { 'WWW-Authenticate': `${bound ? 'DPoP' : 'Bearer'} error="${error}", ${about}${algs}` }
}

function refusalOf(error: unknown, bound: boolean, about: string): unknown {
  if (!(error instanceof VerifyError)) return error
  if (error.code === 'keys_unavailable' || error.code === 'status_unavailable') {
    return new Refusal('store_unavailable', { retryAfterSeconds: 2, cause: error })
  }
  const wrongProof = error.code === 'invalid_proof'
  const proof = wrongProof || error.code === 'proof_required'
  const headers = challengeOf(bound || proof, wrongProof ? 'invalid_dpop_proof' : 'invalid_token', about)
  return new Refusal('invalid_token', { ...(proof ? { detail: error.message } : {}), headers, cause: error })
}

/** What the guard asks of the store. */
export interface Reach {
  /** Asked only for an account that is not the caller's own. */
  accountExists: (account: string) => Promise<boolean>
  /** The holder that a key names; null where there is no such key, or nobody holds it. */
  holderOf: (account: string, key: string) => Promise<string | null>
}

/**
 * @param at the account and the key that the path names, if any
 * @throws Refusal `forbidden`, naming the right that is missing; `not_found` for what is out of reach
 */
export async function guard(
  reach: Reach,
  caller: Principal,
  action: Action,
  at: { account?: string; key?: string },
): Promise<void> {
  const rule: ActionRule = ACTIONS[action]
  if (caller.type === 'program') await guardProgram(reach, caller, rule, at.account)
  else await guardPerson(reach, caller, rule, at)
}

async function guardProgram(
  reach: Reach,
  caller: Program,
  rule: ActionRule,
  account: string | undefined,
): Promise<void> {
  const other = account !== undefined && account !== caller.account
  if (other && !(reachesOthers(caller) && (await reach.accountExists(account)))) throw new Refusal('not_found')
  if (rule.personsOnly) {
    throw new Refusal('forbidden', {
      detail: `Only people may ${rule.title}, signed in: those with role ${rolesOf(rule)}.`,
    })
  }
  if (rule.scope !== null && !caller.scopes.has(rule.scope)) {
    throw new Refusal('forbidden', {
      detail: `This needs scope ${rule.scope}, which your token does not have. People with role ${rolesOf(rule)} may do it.`,
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${rule.scope}"` },
    })
  }
}

async function guardPerson(
  reach: Reach,
  caller: SignedIn,
  rule: ActionRule,
  { account, key }: { account?: string; key?: string },
): Promise<void> {
  // A session bounds nothing: where no account is named, what they are in any of theirs counts.
  const roles = account === undefined ? everyRole(caller) : rolesIn(caller.memberships, account)
  if (roles.length === 0) throw new Refusal('not_found')
  const other = account !== undefined && !caller.memberships.has(account)
  if (other && !(await reach.accountExists(account))) throw new Refusal('not_found')
  const decision = decideForRoles(rule, roles)
  if (decision === 'hidden') throw new Refusal('not_found')
  if (decision === 'no') {
    throw new Refusal('forbidden', {
      detail: `You may not ${rule.title}: ${needsOf(rule)} ${rolesOf(rule)}, and yours is ${roles.join(', ')}.`,
    })
  }
  if (account === undefined || key === undefined) return
  const own = ownHolder(caller, account)
  if (own !== null && (await reach.holderOf(account, key)) !== own) throw new Refusal('not_found')
}

function everyRole({ memberships }: SignedIn): Role[] {
  return [...new Set([...memberships.values()].map(({ role }) => role))]
}

function rolesOf({ roles }: ActionRule): string {
  return [...roles, 'admin'].join(', ')
}

function needsOf({ scope }: ActionRule): string {
  return scope === null ? 'that takes role' : `that takes the right ${scope}, of role`
}

function reachesOthers(caller: Program): boolean {
  return caller.account === OPERATOR && caller.scopes.has('operator:accounts')
}

/** For role `holder`: the holder whose keys are all that the caller sees in the account. Null: sees every key. */
export function ownHolder(caller: Principal, account: string): string | null {
  if (caller.type === 'program') return null
  const roles = rolesIn(caller.memberships, account)
  return roles.every((role) => role === 'holder') ? (caller.memberships.get(account)?.holderId ?? '') : null
}

/** The accounts that the caller belongs to and may read, without those that the operator's people reach besides. */
export function ownAccounts(caller: Principal): string[] {
  if (caller.type === 'program') return [caller.account]
  const reads = ({ role }: Membership) => decideForRoles(ACTIONS['accounts.describe'], [role]) === 'yes'
  return [...caller.memberships].flatMap(([account, membership]) => (reads(membership) ? [account] : []))
}

/** Scopes of namespace `manage` that the caller may give to a key: programs make no such keys. */
export function grantableScopes(caller: Principal, account: string): ReadonlySet<string> {
  if (caller.type === 'program') return new Set()
  return new Set(rolesIn(caller.memberships, account).flatMap((role) => [...ROLE_SCOPES[role]]))
}

/** Scopes of namespace `manage` that the caller acts with in the account. */
export function scopesIn(caller: Principal, account: string): ReadonlySet<string> {
  return caller.type === 'program' ? caller.scopes : grantableScopes(caller, account)
}

export function actorOf(caller: Principal, account: string): EventActor {
  const own = caller.type === 'person' ? caller.memberships.get(account) : undefined
  const actor = { type: caller.type, id: caller.id, name: own?.name ?? caller.name }
  const atHome = own !== undefined || caller.account === account
  return atHome ? actor : { ...actor, onBehalfOf: account }
}
