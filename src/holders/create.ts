import { type Account, subAccountId } from '../accounts/rules.ts'
import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Changes } from '../events/changes.ts'
import type { GuardGains } from '../keys/gains.ts'
import type { Grant } from '../keys/rights.rules.ts'
import type { Guarded, Kept, Store } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { ceilingFault } from './ceiling.rules.ts'
import type { Holder } from './rules.ts'
import { HOLDER, type ShownHolder } from './shape.ts'

export interface HolderDeps {
  store: Store
  catalog: Catalog
  changes: Changes
  guardGains: GuardGains
  now: () => number
  newId: (prefix: string) => string
}

export interface HolderAsker extends Asker {
  /** Of namespace `manage`: nobody allows a holder, or gives their keys, more than they have. */
  scopes: ReadonlySet<string>
}

export type HolderWish = Omit<Holder, 'id' | 'account' | 'onboarding' | 'createdAt' | 'version'>

/** @throws Refusal `already_exists` where another holder of that type has the external id */
export function createHolder(
  deps: HolderDeps,
  account: string,
  wish: HolderWish,
  asker: HolderAsker,
): Promise<ShownHolder> {
  return deps.changes.make(HOLDER, asker, async () => ({
    document: { id: deps.newId('hld'), account, ...wish, createdAt: deps.now(), version: 1 },
    expect: await ceilingGuards(deps, account, wish.grants, asker),
    exists: externalIdTaken,
  }))
}

export function externalIdTaken(): Refusal {
  const detail = 'is that of another holder of this type.'
  return new Refusal('already_exists', { errors: [{ pointer: '/externalId', detail }] })
}

/** What the ceiling rests on. @throws Refusal where it cannot be set */
export async function ceilingGuards(
  { store, catalog }: HolderDeps,
  accountId: string,
  grants: readonly Grant[] | null,
  { scopes }: HolderAsker,
): Promise<Guarded[]> {
  const slugs = [...new Set((grants ?? []).flatMap((g) => g.subAccount ?? []))]
  const [account, ...subAccounts] = await store.getMany(accountId, [
    { collection: 'accounts', id: accountId },
    ...slugs.map((slug) => ({ collection: 'subAccounts', id: subAccountId(accountId, slug) }) as const),
  ])
  if (account === null || account === undefined) throw new Refusal('not_found')
  const known = new Set(slugs.filter((_, i) => subAccounts[i] !== null))
  const present = account as Kept<Account>
  const fault = ceilingFault(grants ?? [], { account: present, catalog, subAccounts: known, scopes })
  if (fault !== null) throw fault
  return [
    { collection: 'accounts', document: present },
    ...subAccounts.flatMap((one) => (one === null ? [] : [{ collection: 'subAccounts', document: one } as Guarded])),
  ]
}
