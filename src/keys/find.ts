import { Refusal } from '../errors.ts'
import type { Holder } from '../holders/rules.ts'
import type { Kept, Page, PageQuery, Store } from '../store/store.ts'
import type { ApiKey, KeyUse } from './rules.ts'

export interface FoundKey {
  key: Kept<ApiKey>
  holder: Kept<Holder> | null
  use: KeyUse | null
}

/** A key of the account with what is shown beside it. @throws Refusal `not_found` */
export async function findKey(store: Store, account: string, id: string): Promise<FoundKey> {
  const [row, use] = await Promise.all([store.getLinked(account, 'keys', id), store.get(account, 'keyUse', id)])
  if (row === null) throw new Refusal('not_found')
  return { key: row.document, holder: (row.linked.holder?.[0] as Kept<Holder> | undefined) ?? null, use }
}

/** A page of the account's keys, newest last. */
export async function findKeys(
  store: Store,
  account: string,
  query: PageQuery,
): Promise<{ found: FoundKey[]; next: Page<ApiKey>['next'] }> {
  const { items, next } = await store.page(account, 'keys', query)
  const holderIds = [...new Set(items.map((k) => k.holderId).filter((id) => id !== null))]
  const beside = await store.getMany(account, [
    ...holderIds.map((id) => ({ collection: 'holders', id }) as const),
    ...items.map((k) => ({ collection: 'keyUse', id: k.id }) as const),
  ])
  const holders = new Map(holderIds.map((id, i) => [id, beside[i] as Kept<Holder> | null]))
  const uses = beside.slice(holderIds.length) as (KeyUse | null)[]
  const found = items.map((key, i) => ({
    key,
    holder: (key.holderId === null ? null : holders.get(key.holderId)) ?? null,
    use: uses[i] ?? null,
  }))
  return { found, next }
}
