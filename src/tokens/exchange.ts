import { type Code, Refusal } from '../errors.ts'
import type { Notes } from '../events/notes.ts'
import { newEvent } from '../events/rules.ts'
import { type AdmissionFacts, adviceFor, refusalOf } from '../keys/admission.rules.ts'
import type { Rehash } from '../keys/rehash.ts'
import type { Rights } from '../keys/rights.rules.ts'
import { hashKey } from '../keys/rules.ts'
import type { Signer } from '../signing/keyring.ts'
import type { Counters } from '../usage/counters.ts'
import type { ExchangeLimits } from '../usage/limits.ts'
import { limitHeaders, rateLimited } from '../usage/refusals.rules.ts'
import type { LimitState } from '../usage/window.ts'
import { type Authentic, type AuthenticateDeps, authenticate, type Presented } from './authenticate.ts'
import { type Binding, type BindingDeps, bind, type ProofPresented } from './binding.ts'
import { refuseUnauthentic } from './callers.ts'
import { narrowedRights, type Wanted } from './narrow.ts'
import { type AccessTokenClaims, accessTokenClaims, expiryOf, MAX_TOKEN_BYTES, type SubAccountDetail } from './rules.ts'
import { readSubject, type Subject, type SubjectDeps } from './subject.ts'

export interface ExchangeRequest extends Presented {
  /** Read once the key has shown itself authentic, for what it throws is for its owner only. */
  wanted: () => Wanted
  proof: ProofPresented
  address: string
  origin: string | null
  requestId: string
}

export interface Issued {
  token: string
  type: 'Bearer' | 'DPoP'
  expiresIn: number
  scope: string
  authorizationDetails: SubAccountDetail[]
  limits: LimitState[]
  /** To be told as `DPoP-Nonce`, where a proof came. */
  nonce: string | null
}

export interface ExchangeDeps extends AuthenticateDeps, BindingDeps, SubjectDeps {
  signer: (namespace: string) => Signer
  limits: ExchangeLimits
  counters: Counters
  notes: Pick<Notes, 'add'>
  rehash: Rehash
  random: (bytes: number) => Buffer
  newId: (prefix: string) => string
}

/**
 * A key becomes an access token. One round trip to the store, and no write but for what may be used once: an assertion,
 * a proof. Throws {@link Refusal}.
 */
export type Exchange = (request: ExchangeRequest) => Promise<Issued>

export function createExchange(deps: ExchangeDeps): Exchange {
  return async (request) => {
    const found = await authenticate(deps, request)
    if (found === null) return refuseUnauthentic(deps, request.address)
    const wanted = request.wanted()
    admit(deps, request, found)
    const limits = await takeLimits(deps, request, found)
    const subject = wanted.subjectToken === undefined ? null : await readSubject(deps, found, wanted.subjectToken)
    const rights = await narrow(deps, found, wanted, subject, limits)
    const binding = await bind(deps, request.proof, {
      required: found.key.dpopBoundAccessTokens,
      sameAs: subject?.jkt,
      nonceRequired: request.namespace.dpopNonce === 'required',
    })
    return issue(deps, request, found, { rights, limits, ttlSeconds: wanted.ttlSeconds, subject, binding })
  }
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

async function narrow(
  deps: ExchangeDeps,
  found: Authentic,
  wanted: Wanted,
  subject: Subject | null,
  limits: LimitState[],
): Promise<Rights> {
  const narrowed = await narrowedRights(deps.store, found, wanted, subject?.rights ?? null)
  if (narrowed.ok) return narrowed.rights
  count(deps, found, 'refused', '')
  throw new Refusal(narrowed.code, { detail: narrowed.detail, headers: limitHeaders(limits) })
}

interface Decided {
  rights: Rights
  limits: LimitState[]
  ttlSeconds: number | undefined
  subject: Subject | null
  binding: Binding | null
}

async function issue(
  deps: ExchangeDeps,
  request: ExchangeRequest,
  found: Authentic,
  { rights, limits, ttlSeconds, subject, binding }: Decided,
): Promise<Issued> {
  const iat = Math.floor(found.at / 1000)
  const exp = expiryOf(found, iat, ttlSeconds, subject?.exp)
  if (exp === null) throw new Refusal('invalid_api_key')
  const jti = deps.random(16).toString('base64url')
  const lineage = { jkt: binding?.jkt, parents: subject?.parents }
  const claims = accessTokenClaims(found, rights, { iat, exp }, jti, lineage)
  const token = await deps.signer(request.namespace.id).sign({ typ: 'at+jwt' }, claims)
  if (token.length > MAX_TOKEN_BYTES) {
    count(deps, found, 'refused', '')
    throw new Refusal('token_too_large', { headers: limitHeaders(limits) })
  }
  count(deps, found, 'exchanges', allScopes(claims))
  noteOldPepper(deps, request, found)
  return {
    token,
    type: binding === null ? 'Bearer' : 'DPoP',
    expiresIn: exp - iat,
    scope: claims.scope ?? '',
    authorizationDetails: claims.authorization_details ?? [],
    limits,
    nonce: binding?.nonce ?? null,
  }
}

function noteOldPepper(deps: ExchangeDeps, { credential }: ExchangeRequest, { account, key, shown }: Authentic): void {
  const { current } = deps.peppers
  if (!('apiKey' in credential) || shown.secretId === null || shown.pepper === current.id) return
  deps.rehash.note({
    account: account.id,
    keyId: key.id,
    secretId: shown.secretId,
    pepper: current.id,
    hash: hashKey(credential.apiKey, current.bytes),
  })
}

/** Of the token, wherever they stand in it; usage is counted by them. */
function allScopes({ scope = '', authorization_details: details }: AccessTokenClaims): string {
  if (details === undefined) return scope
  const all = new Set(scope.split(' ').filter(Boolean))
  for (const { actions } of details) for (const action of actions) all.add(action)
  return [...all].sort().join(' ')
}

function count(
  deps: ExchangeDeps,
  { key, shown }: Authentic,
  outcome: 'exchanges' | 'refused' | 'rateLimited',
  scopes: string,
): void {
  deps.counters.count({
    keyId: key.id,
    account: key.account,
    namespace: key.namespace,
    holderId: key.holderId,
    scopes,
    outcome,
    secretId: shown.secretId ?? 'jwks',
  })
}

/** One event per key, code and minute, however often it happens. */
function report(
  deps: ExchangeDeps,
  request: ExchangeRequest,
  found: Authentic,
  type: 'ip.denied' | 'rate_limit.hit',
  code: Code,
  data: Record<string, unknown>,
): void {
  const { id, name, account } = found.key
  const { requestId } = request
  deps.notes.add({
    account,
    of: `incident:${id}:${code}`,
    event: () => {
      const actor = { type: 'program', id, name } as const
      const subject = { type: 'key', id, name }
      return newEvent(deps.newId('evt'), { type, requestId, actor, subject, data: { code, ...data } })
    },
  })
}
