/** Who calls the management API: a program with a token of namespace `manage`. */
import { OPERATOR } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import { ACTIONS, type Action } from '../people/access.rules.ts'
import type { EventActor, Store } from '../store/store.ts'
import { VerifyError } from '../verifier/index.ts'
import type { RequestFacts } from './request.ts'

export interface Principal {
  type: 'program'
  /** The key's id. */
  id: string
  name: string
  account: string
  scopes: ReadonlySet<string>
}

export type IdentifyPrincipal = (request: RequestFacts) => Promise<Principal>

export interface ManageToken {
  keyId: string
  account: string
  scopes: readonly string[]
}

/** @param verify Latchkey's own verifier for namespace `manage`. */
export function createIdentify(deps: {
  verify: (token: string) => Promise<ManageToken>
  store: Store
  realm: string
  exchangeAt: string
}): IdentifyPrincipal {
  const { verify, store, realm, exchangeAt } = deps
  return async (request) => {
    const header = request.header('authorization')
    if (header === undefined) {
      throw new Refusal('unauthenticated', { headers: { 'WWW-Authenticate': `Bearer realm="${realm}"` } })
    }
    const token = /^Bearer +([^\s]+)$/i.exec(header)?.[1]
    const challenge = { 'WWW-Authenticate': `Bearer realm="${realm}", error="invalid_token"` }
    if (token === undefined) throw new Refusal('unauthenticated', { headers: challenge })
    if (token.startsWith('lk_')) {
      throw new Refusal('invalid_token', {
        detail: `This is an API key, not a token. Exchange it first: POST ${exchangeAt}, then send the token it answers.`,
        headers: challenge,
      })
    }
    try {
      const { keyId, account, scopes } = await verify(token)
      const key = await store.get(account, 'keys', keyId)
      if (key === null || key.revoked !== null) throw new Refusal('invalid_token', { headers: challenge })
      return { type: 'program', id: keyId, name: key.name, account, scopes: new Set(scopes) }
    } catch (error) {
      throw refusalOf(error, challenge)
    }
  }
}

function refusalOf(error: unknown, headers: Record<string, string>): unknown {
  if (!(error instanceof VerifyError)) return error
  if (error.code === 'keys_unavailable' || error.code === 'status_unavailable') {
    return new Refusal('store_unavailable', { retryAfterSeconds: 2, cause: error })
  }
  return new Refusal('invalid_token', { headers, cause: error })
}

/** @throws Refusal `forbidden`, naming the scope that is missing; `not_found` for an account out of reach. */
export async function guard(
  accountExists: (account: string) => Promise<boolean>,
  caller: Principal,
  action: Action,
  account: string | undefined,
): Promise<void> {
  const rule = ACTIONS[action]
  const other = account !== undefined && account !== caller.account
  if (other && !(reachesOthers(caller) && (await accountExists(account)))) throw new Refusal('not_found')
  if (rule.scope !== null && !caller.scopes.has(rule.scope)) {
    throw new Refusal('forbidden', {
      detail:
        `This needs scope ${rule.scope}, which your token does not have. ${rule.roles.length === 0 ? '' : `People with role ${rule.roles.join(', ')} may do it.`}`.trim(),
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${rule.scope}"` },
    })
  }
}

function reachesOthers(caller: Principal): boolean {
  return caller.account === OPERATOR && caller.scopes.has('operator:accounts')
}

export function actorOf(caller: Principal, account: string): EventActor {
  const actor = { type: caller.type, id: caller.id, name: caller.name }
  return caller.account === account ? actor : { ...actor, onBehalfOf: account }
}
