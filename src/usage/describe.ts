import type { Page, Position, Store } from '../store/store.ts'
import { type UsageCount, type UsageGroup, type UsageTable, usageTable } from './rules.ts'

export interface UsageQuestion {
  /** `YYYY-MM`, UTC. */
  month: string
  groups: readonly UsageGroup[]
  /** The holder whose keys alone are counted; null: every key. */
  holderId: string | null
}

const AT_ONCE = 1_000

/** What an account's keys did in a month, summed. */
export async function describeUsage(
  store: Store,
  account: string,
  { month, groups, holderId }: UsageQuestion,
): Promise<ReturnType<UsageTable['result']>> {
  const table = usageTable(groups)
  let after: Position | null = null
  do {
    const page: Page<UsageCount> = await store.page(account, 'usage', {
      where: { month },
      limit: AT_ONCE,
      ...(after === null ? {} : { after }),
    })
    for (const count of page.items) if (holderId === null || count.holderId === holderId) table.add(count)
    after = page.next
  } while (after !== null)
  return table.result()
}
