import type { Target } from '../events/changes.ts'
import { findFirst } from '../store/search.ts'
import type { SubAccountDeps } from './create.ts'
import { SUB_ACCOUNT } from './shape.ts'

/** @throws Refusal `in_use` while grants of a key, or a holder's ceiling, name the sub-account */
export async function deleteSubAccount({ store, changes }: SubAccountDeps, target: Target): Promise<void> {
  const { account } = target
  await changes.remove(SUB_ACCOUNT, target, async ({ id, slug }) => {
    const key = await findFirst(store, account, 'keys', ({ subAccountRefs }) => subAccountRefs.includes(id))
    if (key !== null) return `Grants of key ${key.id} name this sub-account. Change or delete the key first.`
    const holder = await findFirst(store, account, 'holders', ({ grants }) =>
      (grants ?? []).some(({ subAccount }) => subAccount === slug),
    )
    return holder === null ? null : `The ceiling of holder ${holder.id} names this sub-account. Change it first.`
  })
}
