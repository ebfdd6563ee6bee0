import { type Code, Refusal } from '../errors.ts'
import { type AdmissionFacts, adviceFor, refusalOf } from '../keys/admission.rules.ts'
import type { Rehash } from '../keys/rehash.ts'
import type { Rights } from '../keys/rights.rules.ts'
import { hashKey } from '../keys/rules.ts'
import type { Signer } from '../signing/keyring.ts'
import type { Counters } from '../usage/counters.ts'
import type { ExchangeLimits, LimitState } from '../usage/limits.ts'
import { limitHeaders, rateLimited } from '../usage/refusals.rules.ts'
import { type Authentic, type AuthenticateDeps, authenticate, type Presented } from './authenticate.ts'
import { narrowedRights, type Wanted } from './narrow.ts'
import {
  accessTokenClaims,
  authorizationDetails,
  expiryOf,
  MAX_TOKEN_BYTES,
  type SubAccountDetail,
  scopeText,
} from './rules.ts'

export interface ExchangeRequest extends Presented {
  /** Read once the key has shown itself authentic, for what it throws is for its owner only. */
  wanted: () => Wanted
  address: string
  origin: string | null
  requestId: string
}

export interface Issued {
  token: string
  expiresIn: number
  scope: string
  authorizationDetails: SubAccountDetail[]
  limits: LimitState[]
}

export interface ExchangeDeps extends AuthenticateDeps {
  signer: (namespace: string) => Signer
  limits: ExchangeLimits
  counters: Counters
  rehash: Rehash
  random: (bytes: number) => Buffer
}

/** A key becomes an access token. Writes nothing; one round trip to the store. Throws {@link Refusal}. */
export type Exchange = (request: ExchangeRequest) => Promise<Issued>

export function createExchange(deps: ExchangeDeps): Exchange {
  return async (request) => {
    const found = await authenticate(deps, request)
    if (found === null) return refuseUnauthentic(deps, request)
    const wanted = request.wanted()
    admit(deps, request, found)
    const limits = await takeLimits(deps, request, found)
    const rights = await narrow(deps, found, wanted, limits)
    return issue(deps, request, found, { rights, limits, ttlSeconds: wanted.ttlSeconds })
  }
}

async function refuseUnauthentic(deps: ExchangeDeps, request: ExchangeRequest): Promise<never> {
  const share = await deps.limits.refused(request.address)
  if (!share.ok) throw rateLimited(share)
  throw new Refusal('invalid_api_key')
}

function admit(deps: ExchangeDeps, request: ExchangeRequest, found: Authentic): void {
  const { key, account, holder } = found
  const { namespace, address, origin } = request
  const admission: AdmissionFacts = {
    key,
    account,
    holder,
    namespace,
    catalog: deps.catalog,
    address,
    origin,
    now: found.at,
  }
  const code = refusalOf(admission)
  if (code === null) return
  count(deps, found, 'refused', '')
  if (code === 'ip_not_allowed') report(deps, request, found, 'ip.denied', code, { address: request.address })
  const detail = adviceFor(code, admission)
  throw new Refusal(code, detail === undefined ? {} : { detail })
}

async function takeLimits(deps: ExchangeDeps, request: ExchangeRequest, found: Authentic): Promise<LimitState[]> {
  const { key, plan } = found
  const taken = await deps.limits.take(
    { id: key.id, account: key.account, publishable: key.kind === 'publishable' },
    plan,
    request.address,
  )
  if (taken.ok) return taken.states
  count(deps, found, 'rateLimited', '')
  report(deps, request, found, 'rate_limit.hit', 'rate_limited', { limit: taken.hit.name, max: taken.hit.limit })
  throw rateLimited(taken)
}

async function narrow(deps: ExchangeDeps, found: Authentic, wanted: Wanted, limits: LimitState[]): Promise<Rights> {
  const narrowed = await narrowedRights(deps.store, found, wanted)
  if (narrowed.ok) return narrowed.rights
  count(deps, found, 'refused', '')
  throw new Refusal('invalid_scope', { detail: narrowed.detail, headers: limitHeaders(limits) })
}

async function issue(
  deps: ExchangeDeps,
  request: ExchangeRequest,
  found: Authentic,
  given: { rights: Rights; limits: LimitState[]; ttlSeconds: number | undefined },
): Promise<Issued> {
  const { rights, limits, ttlSeconds } = given
  const iat = Math.floor(found.at / 1000)
  const exp = expiryOf(found, iat, ttlSeconds)
  if (exp === null) throw new Refusal('invalid_api_key')
  const claims = accessTokenClaims(found, rights, { iat, exp }, deps.random(16).toString('base64url'))
  const token = await deps.signer(request.namespace.id).sign({ typ: 'at+jwt' }, claims)
  if (token.length > MAX_TOKEN_BYTES) {
    count(deps, found, 'refused', '')
    throw new Refusal('token_too_large', { headers: limitHeaders(limits) })
  }
  const scope = scopeText(rights)
  count(deps, found, 'exchanges', allScopes(rights))
  noteOldPepper(deps, request, found)
  return { token, expiresIn: exp - iat, scope, authorizationDetails: authorizationDetails(rights), limits }
}

function noteOldPepper(deps: ExchangeDeps, request: ExchangeRequest, found: Authentic): void {
  const { current } = deps.peppers
  if (found.secret.pepper === current.id) return
  deps.rehash.note({
    account: found.account.id,
    keyId: found.key.id,
    secretId: found.secret.id,
    pepper: current.id,
    hash: hashKey(request.apiKey, current.bytes),
  })
}

function allScopes(rights: Rights): string {
  const all = new Set(rights.account)
  for (const scopes of rights.subAccounts.values()) for (const scope of scopes) all.add(scope)
  return [...all].sort().join(' ')
}

function count(
  deps: ExchangeDeps,
  found: Authentic,
  outcome: 'exchanges' | 'refused' | 'rateLimited',
  scopes: string,
): void {
  const { key, secret } = found
  deps.counters.count({
    keyId: key.id,
    keyName: key.name,
    account: key.account,
    namespace: key.namespace,
    holderId: key.holderId,
    scopes,
    outcome,
    secretId: outcome === 'exchanges' ? secret.id : null,
  })
}

function report(
  deps: ExchangeDeps,
  request: ExchangeRequest,
  found: Authentic,
  type: 'ip.denied' | 'rate_limit.hit',
  code: Code,
  data: Record<string, unknown>,
): void {
  const { key } = found
  deps.counters.report({
    type,
    account: key.account,
    keyId: key.id,
    keyName: key.name,
    code,
    requestId: request.requestId,
    data,
  })
}
