import type { Position, Store } from '../store/store.ts'
import { KEY_STATUSES, type KeyStatus, keyStatus } from './rules.ts'

export type StatusCounts = Record<KeyStatus | 'total', number>

export interface KeyCounts extends StatusCounts {
  namespaces: ({ namespace: string } & StatusCounts)[]
}

const AT_ONCE = 1000

/** How many keys an account has, of each namespace and status; as many reads as it has thousands of keys. */
export async function countKeys(
  store: Store,
  account: string,
  where: { holderId?: string },
  now: number,
): Promise<KeyCounts> {
  const all = none()
  const byNamespace = new Map<string, StatusCounts>()
  let after: Position | null = null
  do {
    const page: Awaited<ReturnType<typeof store.page<'keys'>>> = await store.page(account, 'keys', {
      where,
      limit: AT_ONCE,
      ...(after === null ? {} : { after }),
    })
    for (const key of page.items) {
      const own = byNamespace.get(key.namespace) ?? none()
      byNamespace.set(key.namespace, own)
      for (const counts of [all, own]) {
        counts.total++
        counts[keyStatus(key, now)]++
      }
    }
    after = page.next
  } while (after !== null)
  const namespaces = [...byNamespace].map(([namespace, counts]) => ({ namespace, ...counts }))
  return { ...all, namespaces: namespaces.sort((a, b) => (a.namespace < b.namespace ? -1 : 1)) }
}

function none(): StatusCounts {
  return Object.fromEntries(['total', ...KEY_STATUSES].map((name) => [name, 0])) as StatusCounts
}
