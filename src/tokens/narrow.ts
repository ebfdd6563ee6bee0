import { type SubAccount, subAccountId } from '../accounts/rules.ts'
import { sayable } from '../errors.ts'
import {
  effectiveRights,
  isEmpty,
  narrowToScopes,
  narrowToSubAccount,
  offeredScopes,
  type Rights,
} from '../keys/rights.rules.ts'
import type { Store } from '../store/store.ts'
import type { Authentic } from './authenticate.ts'

/** What an exchange asks for. */
export interface Wanted {
  /** Scopes asked for; none: all there is. */
  scope?: readonly string[] | undefined
  subAccount?: string | undefined
  /** Clamped to the namespace's lifetime. */
  ttlSeconds?: number | undefined
}

export type NarrowedRights = { ok: true; rights: Rights } | { ok: false; detail: string }

/** The key's rights as they stand, cut to what is asked for; or why that cannot be. */
export async function narrowedRights(store: Store, found: Authentic, wanted: Wanted): Promise<NarrowedRights> {
  const { namespace } = found
  let rights = await rightsOf(store, found)
  if (wanted.subAccount !== undefined) {
    const [sub] = await activeSubAccounts(store, found, [wanted.subAccount])
    rights = sub === undefined ? EMPTY : narrowToSubAccount(rights, sub.slug, sub.kind, namespace)
    if (isEmpty(rights)) return { ok: false, detail: NOT_THERE }
  }
  if (wanted.scope !== undefined && wanted.scope.length > 0) {
    const narrowed = narrowToScopes(rights, wanted.scope, namespace)
    if (!narrowed.ok) return { ok: false, detail: extras(narrowed.extras) }
    rights = narrowed.rights
  }
  return isEmpty(rights) ? { ok: false, detail: NOTHING_LEFT } : { ok: true, rights }
}

const EMPTY: Rights = { account: new Set(), subAccounts: new Map() }
const NOT_THERE = 'This key has no rights on that sub-account. Ask for one that it has, or leave subAccount out.'
const NOTHING_LEFT = 'Nothing is left of what this key was granted. Ask whoever manages the key what it may do.'
const MAX_SAID = 20

function extras(scopes: readonly string[]): string {
  const said = scopes.slice(0, MAX_SAID).map(sayable).join(' ')
  return `This key does not have: ${said}. Ask for less, or leave scope out to get all that it has.`
}

async function rightsOf(store: Store, found: Authentic): Promise<Rights> {
  const { key, account, holder, plan, namespace } = found
  const named = [...key.grants, ...(holder?.grants ?? [])].map((g) => g.subAccount).filter((slug) => slug !== null)
  const subAccounts = named.length === 0 ? [] : await activeSubAccounts(store, found, [...new Set(named)])
  return effectiveRights({
    grants: key.grants,
    ceiling: holder?.grants ?? null,
    offered: offeredScopes(account, plan, namespace),
    namespace,
    subAccounts: new Map(subAccounts.map((s) => [s.slug, { kind: s.kind }])),
  })
}

/** Those that the key's grants name came with the key; only others, of the request or the holder, are looked up. */
async function activeSubAccounts(store: Store, found: Authentic, slugs: readonly string[]): Promise<SubAccount[]> {
  const loaded = new Set(found.key.subAccountRefs)
  const ids = slugs.map((slug) => subAccountId(found.account.id, slug))
  const others = ids.filter((id) => !loaded.has(id))
  const rest =
    others.length === 0
      ? []
      : await store.getMany(
          found.account.id,
          others.map((id) => ({ collection: 'subAccounts', id })),
        )
  const all = [...found.subAccounts, ...(rest.filter((s) => s !== null) as unknown as SubAccount[])]
  return all.filter((s) => ids.includes(s.id) && s.status === 'active')
}
