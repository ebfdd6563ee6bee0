import { Refusal } from '../errors.ts'
import type { Holder } from '../holders/rules.ts'
import { holds, pick } from '../store/search.ts'
import type { Kept, Page, PageQuery, Store } from '../store/store.ts'
import { type ApiKey, type KeyStatus, type KeyUse, keyStatus } from './rules.ts'

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

/** In the order asked for; null where the account has no such key. */
export async function findKeysById(
  store: Store,
  account: string,
  ids: readonly string[],
): Promise<(FoundKey | null)[]> {
  const rows = await store.getMany(
    account,
    ids.map((id) => ({ collection: 'keys', id })),
  )
  const keys = rows.filter((row) => row !== null) as unknown as Kept<ApiKey>[]
  const found = new Map((await besides(store, account, keys)).map((one) => [one.key.id, one]))
  return ids.map((id) => found.get(id) ?? null)
}

/** What no index finds. */
export interface Sought {
  status?: KeyStatus | undefined
  /** Part of the name, the description, the id, the last four characters, or of the holder's name or external id. */
  q?: string | undefined
  now: number
}

/** A page of the account's keys, newest last. */
export async function findKeys(
  store: Store,
  account: string,
  query: PageQuery,
  { status, q, now }: Sought,
): Promise<{ found: FoundKey[]; next: Page<ApiKey>['next'] }> {
  if (status === undefined && q === undefined) {
    const { items, next } = await store.page(account, 'keys', query)
    return { found: await besides(store, account, items), next }
  }
  const { items, next } = await pick(store, account, 'keys', query, async (keys) => {
    const left = status === undefined ? keys : keys.filter((key) => keyStatus(key, now) === status)
    if (q === undefined) return left
    const holders = await holdersOf(store, account, left)
    return left.filter((key) => holdsText(q, key, holders.get(key.holderId ?? '') ?? null))
  })
  return { found: await besides(store, account, items), next }
}

function holdsText(q: string, { name, description, id, secrets }: ApiKey, holder: Holder | null): boolean {
  const last4 = secrets.map((secret) => secret.last4)
  return holds(q, name, description, id, ...last4, holder?.name ?? null, holder?.externalId ?? null)
}

async function besides(store: Store, account: string, keys: readonly Kept<ApiKey>[]): Promise<FoundKey[]> {
  const holders = await holdersOf(store, account, keys)
  const uses = await store.getMany(
    account,
    keys.map(({ id }) => ({ collection: 'keyUse', id })),
  )
  return keys.map((key, i) => ({
    key,
    holder: holders.get(key.holderId ?? '') ?? null,
    use: uses[i] as KeyUse | null,
  }))
}

async function holdersOf(store: Store, account: string, keys: readonly ApiKey[]): Promise<Map<string, Kept<Holder>>> {
  const ids = [...new Set(keys.flatMap(({ holderId }) => holderId ?? []))]
  const rows = await store.getMany(
    account,
    ids.map((id) => ({ collection: 'holders', id })),
  )
  return new Map(rows.flatMap((row) => (row === null ? [] : [[row.id, row as Kept<Holder>]])))
}
