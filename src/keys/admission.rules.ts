/** May this authentic key be exchanged here and now? One decision, in the contract's order. */
import { type Account, namespaceEnabled, termsAccepted } from '../accounts/rules.ts'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import type { Code } from '../errors.ts'
import type { Holder } from '../holders/rules.ts'
import { addressAllowed } from './addresses.rules.ts'
import type { ApiKey } from './rules.ts'

export interface AdmissionFacts {
  key: ApiKey
  account: Account
  holder: Holder | null
  namespace: NamespaceEntry
  catalog: Catalog
  address: string
  origin: string | null
  now: number
}

/** What {@link accountRefusal} says, in its order. */
export const ACCOUNT_REFUSALS = [
  'account_suspended',
  'terms_not_accepted',
  'namespace_retired',
  'namespace_not_enabled',
] as const
/** What {@link refusalOf} says, in its order. */
export const ADMISSION_REFUSALS = [
  'wrong_namespace',
  'ip_not_allowed',
  'origin_not_allowed',
  'key_suspended',
  'holder_suspended',
  ...ACCOUNT_REFUSALS,
] as const

/** The first reason against, or null. */
export function refusalOf(facts: AdmissionFacts): (typeof ADMISSION_REFUSALS)[number] | null {
  const { key, account, holder, namespace, catalog, now } = facts
  if (key.namespace !== namespace.id) return 'wrong_namespace'
  if (!addressAllowed(facts.address, key.allowedIps)) return 'ip_not_allowed'
  if (key.kind === 'publishable' && (facts.origin === null || !key.allowedOrigins.includes(facts.origin)))
    return 'origin_not_allowed'
  if (key.suspendedAt !== null) return 'key_suspended'
  if (holder?.status === 'suspended') return 'holder_suspended'
  return accountRefusal(account, namespace, catalog, now)
}

/** The first reason against any key of the account in the namespace, or null. */
export function accountRefusal(
  account: Account,
  namespace: NamespaceEntry,
  catalog: Catalog,
  now: number,
): (typeof ACCOUNT_REFUSALS)[number] | null {
  if (account.status === 'suspended') return 'account_suspended'
  if (!termsAccepted(account, catalog.terms, now)) return 'terms_not_accepted'
  if (namespace.stage === 'retired') return 'namespace_retired'
  if (!namespaceEnabled(account, namespace.id, catalog)) return 'namespace_not_enabled'
  return null
}

/** What the holder of the key should do about it, where the code's own sentence is not enough. */
export function adviceFor(
  code: Code,
  facts: { key: Pick<ApiKey, 'namespace'>; namespace: NamespaceEntry; catalog: Catalog },
): string | undefined {
  const { key, namespace, catalog } = facts
  const support = [catalog.support.name, catalog.support.email, catalog.support.phone].filter(Boolean).join(', ')
  if (code === 'wrong_namespace') {
    const own = catalog.namespaces.get(key.namespace)
    return own === undefined
      ? undefined
      : `This key belongs to ${own.title} (${own.id}). Exchange it at ${own.issuer}/jwts.`
  }
  if (code === 'namespace_not_enabled') {
    const label = namespace.label === null ? '' : ` (${namespace.label})`
    return `${namespace.title}${label} is not enabled for this account. To have it enabled, contact ${support}.`
  }
  if (code === 'terms_not_accepted') {
    return `The account has not accepted version ${catalog.terms.version} of the API terms (${catalog.terms.url}). An owner of the account can accept them.`
  }
  if (code === 'account_suspended') return `The account of this key is suspended. Contact ${support}.`
  return undefined
}
