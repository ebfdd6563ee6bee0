/** A sub-account as the management API shows it, and as events tell it. */
import { z } from 'zod'
import type { SubAccount } from '../accounts/rules.ts'
import type { Thing } from '../events/changes.ts'
import { iso } from '../web/time.ts'

export const subAccountShape = z
  .object({
    id: z.string().meta({ description: 'A slug: the `identifier` in tokens.' }),
    account: z.string(),
    name: z.string(),
    kind: z.string().meta({ description: 'Some scopes are for some kinds only.' }),
    status: z.enum(['active', 'suspended']),
    customData: z.record(z.string(), z.unknown()),
    createdAt: z.iso.datetime(),
    version: z.int(),
  })
  .meta({ id: 'SubAccount' })

export type ShownSubAccount = z.output<typeof subAccountShape>

export function showSubAccount(subAccount: SubAccount): ShownSubAccount {
  const { slug: id, account, name, kind, status, customData, createdAt, version } = subAccount
  return { id, account, name, kind, status, customData, createdAt: iso(createdAt), version }
}

export const SUB_ACCOUNT: Thing<'subAccounts', ShownSubAccount> = {
  collection: 'subAccounts',
  type: 'sub_account',
  show: showSubAccount,
}
