import { EVERY_ACCOUNT, type Kept, type Page, type PageQuery, type Store } from '../store/store.ts'
import type { SigningKey } from './rules.ts'

const AT_ONCE = 200

/** All keys that a namespace ever had, ordered by generation. */
export async function findSigningKeys(store: Store, namespace: string): Promise<Kept<SigningKey>[]> {
  const keys: Kept<SigningKey>[] = []
  let query: PageQuery | null = { where: { namespace }, limit: AT_ONCE }
  while (query !== null) {
    const page: Page<SigningKey> = await store.page(EVERY_ACCOUNT, 'signingKeys', query)
    keys.push(...page.items)
    query = page.next && { ...query, after: page.next }
  }
  return keys.sort((a, b) => a.generation - b.generation)
}
