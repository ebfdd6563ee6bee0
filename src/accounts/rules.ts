import type { Catalog, NamespaceEntry } from '../catalog.ts'

/** A customer of the operator, or the operator itself ({@link OPERATOR}). */
export interface Account {
  /** The account's slug. */
  id: string
  /** The same as `id`: an account belongs to itself. */
  account: string
  name: string
  plan: string
  /** API namespaces enabled for the account; `manage` is always open and never listed. */
  namespaces: string[]
  /** Host links by namespace, where the operator set one of the account's own. */
  hosts: Record<string, string>
  suspendedAt: number | null
  status: 'active' | 'suspended'
  terms: TermsAcceptance | null
  customData: Record<string, unknown>
  createdAt: number
  version: number
}

/** Acceptance of one version of the API terms. */
export interface TermsAcceptance {
  version: string
  at: number
  by: { type: 'person' | 'program' | 'system'; id: string | null; name: string }
  method: 'online' | 'paper'
  reference: string | null
}

/** A part of an account that a grant may be limited to. */
export interface SubAccount {
  /** `{account}/{slug}`. */
  id: string
  account: string
  /** The `identifier` in tokens. */
  slug: string
  name: string
  kind: string
  status: 'active' | 'suspended'
  customData: Record<string, unknown>
  createdAt: number
  version: number
}

/** The account that runs the installation. */
export const OPERATOR = 'operator'

export function subAccountId(account: string, slug: string): string {
  return `${account}/${slug}`
}

/**
 * Whether the account's acceptance covers now. Until `requiredFrom` any earlier acceptance counts; the operator's own
 * account is not bound by its own terms.
 */
export function termsAccepted(account: Pick<Account, 'id' | 'terms'>, terms: Catalog['terms'], now: number): boolean {
  if (account.id === OPERATOR) return true
  if (account.terms === null) return false
  return account.terms.version === terms.version || now < terms.requiredFrom
}

/** Whether keys of `namespace` may be exchanged or created for the account. */
export function namespaceEnabled(
  account: Pick<Account, 'namespaces' | 'plan'>,
  namespace: string,
  catalog: Catalog,
): boolean {
  if (namespace === catalog.manage.id) return true
  return (
    account.namespaces.includes(namespace) && (catalog.plans.get(account.plan)?.namespaces.includes(namespace) ?? false)
  )
}

/** The account's own host link, or the namespace's template filled in. */
export function hostOf(account: Pick<Account, 'id' | 'hosts'>, namespace: NamespaceEntry): string | null {
  return account.hosts[namespace.id] ?? namespace.host?.replaceAll('{account}', account.id) ?? null
}
