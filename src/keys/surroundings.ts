import { type Account, type SubAccount, subAccountId } from '../accounts/rules.ts'
import type { Catalog } from '../catalog.ts'
import type { Holder } from '../holders/rules.ts'
import type { Document, Guarded, Kept, Store } from '../store/store.ts'
import { namedSubAccounts, type Surroundings } from './ending.rules.ts'
import type { ApiKey } from './rules.ts'

/** What the rights of an account's keys hang on, and that it must still stand so when something is written for it. */
export async function surroundings(
  { store, catalog }: { store: Store; catalog: Catalog },
  accountId: string,
  keys: readonly ApiKey[],
) {
  const account = (await store.get(accountId, 'accounts', accountId)) as Kept<Account>
  const holderIds = [...new Set(keys.flatMap((key) => key.holderId ?? []))]
  const holders = byId<Holder>(
    await store.getMany(
      accountId,
      holderIds.map((id) => ({ collection: 'holders', id })),
    ),
  )
  const holderOf = (key: ApiKey): Kept<Holder> | null => holders.get(key.holderId ?? '') ?? null
  const slugs = new Set(keys.flatMap((key) => namedSubAccounts(key, holderOf(key))))
  const named = byId<SubAccount>(
    await store.getMany(
      accountId,
      [...slugs].map((slug) => ({ collection: 'subAccounts', id: subAccountId(accountId, slug) })),
    ),
  )
  const active = [...named.values()].filter(({ status }) => status === 'active')
  const subAccounts = new Map(active.map(({ slug, kind }) => [slug, { kind }]))
  const expect: Guarded[] = [
    { collection: 'accounts', document: account },
    ...[...holders.values()].map((document): Guarded => ({ collection: 'holders', document })),
    ...[...named.values()].map((document): Guarded => ({ collection: 'subAccounts', document })),
  ]
  /** Null for a key of a namespace that the catalog has no more. */
  const around = (key: ApiKey): Surroundings | null => {
    const namespace = catalog.namespaces.get(key.namespace)
    return namespace === undefined ? null : { account, holder: holderOf(key), namespace, subAccounts, catalog }
  }
  return { around, expect }
}

function byId<T>(rows: readonly (Kept<Document> | null)[]): Map<string, Kept<T>> {
  return new Map(rows.flatMap((row) => (row === null ? [] : [[row.id, row as unknown as Kept<T>]])))
}
