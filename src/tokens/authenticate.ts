import type { Account, SubAccount } from '../accounts/rules.ts'
import type { Waits } from '../background.ts'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import type { Holder } from '../holders/rules.ts'
import { parseKey } from '../keys/grammar.rules.ts'
import { isImportable } from '../keys/import.rules.ts'
import { type ApiKey, hashesOf, type KeyHashes, keyStatus, matchSecret, type Secret } from '../keys/rules.ts'
import type { SecretRing } from '../secrets.ts'
import { type ByMember, EVERY_ACCOUNT, StoreUnavailable } from '../store/store.ts'
import { type AssertionDeps, isAuthenticAssertion, type ReadAssertion, readAssertion } from './assertion.ts'
import type { Credential } from './client.ts'
import { expiryOf, type Grantee, type Shown } from './rules.ts'

export interface AuthenticateDeps extends AssertionDeps {
  catalog: Catalog
  peppers: SecretRing
  now: () => number
  waits: Waits
}

export interface Presented {
  namespace: NamespaceEntry
  credential: Credential
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

/** One round trip. Null for a key that is malformed, unknown, wrong, expired or revoked, and for a wrong assertion. */
export async function authenticate(deps: AuthenticateDeps, request: Presented): Promise<Authentic | null> {
  const { credential } = request
  const since = deps.waits.now()
  const shows = 'apiKey' in credential ? bySecret(deps, credential) : byAssertion(deps, request, credential)
  if (shows === null) return null
  const found = await find(deps, request, shows)
  // Counted from before the look-up: what is left would only add to what the look-up took.
  if (found === null) await deps.waits.until(since + REFUSAL_MS)
  return found
}

/** How a client shows itself: the key it says it is, and whether that key as kept bears it out. */
interface Showing {
  which: string | ByMember
  by: (key: ApiKey | null, now: number) => Promise<Shown | null> | Shown | null
}

function bySecret(deps: AuthenticateDeps, credential: Extract<Credential, { apiKey: string }>): Showing | null {
  const { peppers } = deps
  const { apiKey, clientId } = credential
  const keyId = parseKey(apiKey)?.id ?? null
  if (keyId === null && !isImportedForm(deps.catalog, apiKey)) return null
  const hashes = hashesOf(apiKey, peppers.all)
  return {
    which: whichHas(keyId, hashes),
    by(key, now) {
      if (clientId !== undefined && key !== null && key.id !== clientId) return null
      const secret = matchSecret(hashes, key?.secrets ?? [DECOY(peppers.current.id)], now)
      if (secret !== null) return { ...secret, secretId: secret.id }
      if (key?.secrets.some((s) => !peppers.all.has(s.pepper))) {
        // Not for the caller to mend: an instance that lacks a pepper must not call good keys bad.
        throw new StoreUnavailable(new Error(`key ${key.id} was hashed with a pepper that this instance was not given`))
      }
      return null
    },
  }
}

/** Whether the text can be a key of another system, and any namespace takes such keys. */
export function isImportedForm({ namespaces }: Catalog, text: string): boolean {
  return isImportable(text) && [...namespaces.values()].some((namespace) => namespace.acceptsImported)
}

/** A key made here is found by its id, one of another system by its hash under any pepper. */
function whichHas(keyId: string | null, hashes: KeyHashes): string | ByMember {
  return keyId ?? { member: 'importedHash', values: Object.values(hashes) }
}

/** The live key of any namespace that the hashes are of, and for one made here the id. */
export async function findLiveKey(
  { store, now }: Pick<AuthenticateDeps, 'store' | 'now'>,
  { keyId, hashes }: { keyId: string | null; hashes: KeyHashes },
): Promise<ApiKey | null> {
  const row = await store.getLinked(EVERY_ACCOUNT, 'keys', whichHas(keyId, hashes))
  const key = row?.document ?? null
  const at = now()
  return key === null || hasEnded(key, at) || matchSecret(hashes, key.secrets, at) === null ? null : key
}

function byAssertion(
  deps: AuthenticateDeps,
  { namespace }: Presented,
  { assertion, clientId }: { assertion: string; clientId: string | undefined },
): Showing | null {
  const read: ReadAssertion | null = readAssertion(assertion, clientId)
  if (read === null) return null
  return {
    which: read.clientId,
    async by(key, now) {
      if (key === null || key.jwksStatus === null || key.namespace !== namespace.id || hasEnded(key, now)) return null
      if (!(await isAuthenticAssertion(deps, read, key, namespace, now))) return null
      return { secretId: null, pepper: null, expiresAt: null, status: key.jwksStatus }
    },
  }
}

function hasEnded(key: ApiKey, now: number): boolean {
  const status = keyStatus(key, now)
  return status === 'revoked' || status === 'expired'
}

async function find(deps: AuthenticateDeps, request: Presented, { which, by }: Showing): Promise<Authentic | null> {
  const now = deps.now()
  const row = await deps.store.getLinked(EVERY_ACCOUNT, 'keys', which)
  const key: ApiKey | null = row?.document ?? null
  const shown = await by(key, now)
  const account = row?.linked.account?.[0] as Account | undefined
  if (key === null || account === undefined || shown === null) return null
  if (hasEnded(key, now)) return null
  if (request.asClient && (key.kind === 'publishable' || key.namespace !== request.namespace.id)) return null
  if (expiryOf({ key, shown, namespace: request.namespace }, Math.floor(now / 1000), undefined) === null) return null
  return {
    at: now,
    key,
    shown,
    account,
    holder: (row?.linked.holder?.[0] as Holder | undefined) ?? null,
    subAccounts: (row?.linked.subAccounts ?? []) as unknown as SubAccount[],
    plan: deps.catalog.plans.get(account.plan),
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
