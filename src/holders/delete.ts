import type { Target } from '../events/changes.ts'
import type { HolderDeps } from './create.ts'
import { HOLDER } from './shape.ts'

/** @throws Refusal `in_use` while a key or a member names the holder */
export async function deleteHolder({ store, changes }: HolderDeps, target: Target): Promise<void> {
  const { account } = target
  await changes.remove(HOLDER, target, async ({ id: holderId }) => {
    const [keys, members] = await Promise.all([
      store.page(account, 'keys', { where: { holderId }, limit: 1 }),
      store.page(account, 'members', { where: { holderId }, limit: 1 }),
    ])
    const [key] = keys.items
    if (key !== undefined) return `Key ${key.id} is of this holder. Delete the holder’s keys first.`
    return members.items.length === 0 ? null : 'A member signs in as this holder. Remove the member first.'
  })
}
