import type { Account, SubAccount } from '../accounts/rules.ts'
import type { Waits } from '../background.ts'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import type { Holder } from '../holders/rules.ts'
import { parseKey } from '../keys/grammar.rules.ts'
import { type ApiKey, keyStatus, matchSecret, type Secret } from '../keys/rules.ts'
import type { SecretRing } from '../secrets.ts'
import { EVERY_ACCOUNT, type Store, StoreUnavailable } from '../store/store.ts'
import { expiryOf, type Grantee } from './rules.ts'

export interface AuthenticateDeps {
  store: Store
  catalog: Catalog
  peppers: SecretRing
  now: () => number
  waits: Waits
}

export interface Presented {
  namespace: NamespaceEntry
  apiKey: string
  /** As an OAuth client, a key must be secret and of this namespace to be known at all. */
  asClient: boolean
}

/** Every refusal for an unauthentic key takes this long, and until the next beat, so that time does not tell unknown from wrong or revoked. */
export const REFUSAL_MS = 20

/** A key that has shown itself authentic, and all that the decision about it rests on. */
export interface Authentic extends Grantee {
  /** When it did, UTC ms: the one instant that all decisions about this exchange are made for. */
  at: number
  subAccounts: readonly SubAccount[]
}

/** One round trip. Null for a key that is malformed, unknown, wrong, expired or revoked. */
export async function authenticate(deps: AuthenticateDeps, request: Presented): Promise<Authentic | null> {
  const parsed = parseKey(request.apiKey)
  if (parsed === null) return null
  const since = deps.waits.now()
  const found = await find(deps, request, parsed.id)
  // Counted from before the look-up: what is left would only add to what the look-up took.
  if (found === null) await deps.waits.until(since + REFUSAL_MS)
  return found
}

async function find(deps: AuthenticateDeps, request: Presented, id: string): Promise<Authentic | null> {
  const { store, catalog, peppers } = deps
  const now = deps.now()
  const row = await store.getLinked(EVERY_ACCOUNT, 'keys', id)
  const key: ApiKey | null = row?.document ?? null
  const secret = matchSecret(request.apiKey, key?.secrets ?? [DECOY(peppers.current.id)], peppers.all, now)
  const account = row?.linked.account?.[0] as Account | undefined
  if (key === null || account === undefined) return null
  if (secret === null && key.secrets.some((s) => !peppers.all.has(s.pepper))) {
    // Not for the caller to mend: an instance that lacks a pepper must not call good keys bad.
    throw new StoreUnavailable(new Error(`key ${key.id} was hashed with a pepper that this instance was not given`))
  }
  if (secret === null) return null
  const status = keyStatus(key, now)
  if (status === 'revoked' || status === 'expired') return null
  if (request.asClient && (key.kind === 'publishable' || key.namespace !== request.namespace.id)) return null
  if (expiryOf({ key, secret, namespace: request.namespace }, Math.floor(now / 1000), undefined) === null) return null
  return {
    at: now,
    key,
    secret,
    account,
    holder: (row?.linked.holder?.[0] as Holder | undefined) ?? null,
    subAccounts: (row?.linked.subAccounts ?? []) as unknown as SubAccount[],
    plan: catalog.plans.get(account.plan),
    namespace: request.namespace,
  }
}

/** What an unknown key is compared with, so that it costs a comparison too. */
const DECOY = (pepper: string): Secret => ({
  id: '',
  pepper,
  hash: '-'.repeat(43),
  last4: '',
  createdAt: 0,
  expiresAt: null,
  status: { list: '', index: 0 },
})
