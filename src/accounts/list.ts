import { holds, search } from '../store/search.ts'
import { EVERY_ACCOUNT, type Kept, type Page, type Position, type Store } from '../store/store.ts'
import type { Account } from './rules.ts'

export interface AccountsQuery {
  limit: number
  after?: Position
  where: { status?: Account['status']; plan?: string }
  /** Part of the id or the name. */
  q?: string | undefined
}

/** A page of every account there is, oldest first. */
export function listEveryAccount(store: Store, { q, ...query }: AccountsQuery): Promise<Page<Account>> {
  return search(store, EVERY_ACCOUNT, 'accounts', query, (account) => named(account, q))
}

/** A page of the accounts with these ids, oldest first: as many as somebody belongs to, and read at once. */
export async function listOwnAccounts(
  store: Store,
  ids: readonly string[],
  { q, where, after, limit }: AccountsQuery,
): Promise<Page<Account>> {
  const refs = ids.map((id) => ({ collection: 'accounts', id }) as const)
  const found = (await store.getMany(EVERY_ACCOUNT, refs)) as (Kept<Account> | null)[]
  const { status, plan } = where
  const matching = found
    .filter((account) => account !== null)
    .filter((account) => named(account, q))
    .filter((account) => (status ?? account.status) === account.status && (plan ?? account.plan) === account.plan)
    .filter((account) => after === undefined || inOrder(account, { createdAt: after.at, id: after.id }) > 0)
    .sort(inOrder)
  const items = matching.slice(0, limit)
  const last = matching.length > limit ? items.at(-1) : undefined
  return { items, next: last === undefined ? null : { at: last.createdAt, id: last.id } }
}

function named({ id, name }: Account, q: string | undefined): boolean {
  return q === undefined || holds(q, id, name)
}

type Dated = Pick<Account, 'createdAt' | 'id'>

function inOrder(one: Dated, other: Dated): number {
  return one.createdAt - other.createdAt || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0)
}
