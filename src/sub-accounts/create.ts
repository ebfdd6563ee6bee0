import { subAccountId } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import type { Changes } from '../events/changes.ts'
import type { GuardGains } from '../keys/gains.ts'
import type { Store } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { slugFrom } from '../web/prose.ts'
import { type ShownSubAccount, SUB_ACCOUNT } from './shape.ts'

export interface SubAccountDeps {
  store: Store
  changes: Changes
  guardGains: GuardGains
  now: () => number
  random: (bytes: number) => Buffer
}

export interface SubAccountWish {
  /** Made from the name where none is chosen. */
  id?: string | undefined
  name: string
  kind: string
  customData: Record<string, unknown>
}

/** @throws Refusal `already_exists` */
export function createSubAccount(
  { store, changes, now, random }: SubAccountDeps,
  account: string,
  { id, ...wish }: SubAccountWish,
  asker: Asker,
): Promise<ShownSubAccount> {
  return changes.make(SUB_ACCOUNT, asker, async () => {
    const owner = await store.get(account, 'accounts', account)
    if (owner === null) throw new Refusal('not_found')
    const slug = id ?? slugFrom(wish.name, random)
    const named = { id: subAccountId(account, slug), account, slug, ...wish }
    return {
      document: { ...named, status: 'active', createdAt: now(), version: 1 },
      exists: () =>
        new Refusal('already_exists', { errors: [{ pointer: '/id', detail: 'is taken. Choose another.' }] }),
    }
  })
}
