import type { Change, Target } from '../events/changes.ts'
import type { SubAccountDeps, SubAccountWish } from './create.ts'
import { type ShownSubAccount, SUB_ACCOUNT } from './shape.ts'

/** Members left out stay as they are. */
export type SubAccountChange = { [M in Exclude<keyof SubAccountWish, 'id'>]?: SubAccountWish[M] | undefined }

/** Another kind may fit fewer scopes: tokens that had them end. */
export function changeSubAccount(
  { changes }: SubAccountDeps,
  target: Target,
  to: SubAccountChange,
): Promise<ShownSubAccount> {
  return changes.change(SUB_ACCOUNT, target, ({ slug, kind, status }): Change<'subAccounts'> => {
    const ends = to.kind !== undefined && to.kind !== kind && status === 'active'
    return { to, event: 'updated', ends: ends ? { of: {}, before: { subAccount: { slug, kind } } } : null }
  })
}

/** From now on no token names it; those that do end. Done already: nothing happens. */
export function suspendSubAccount({ changes }: SubAccountDeps, target: Target): Promise<ShownSubAccount> {
  return changes.change(SUB_ACCOUNT, target, ({ slug, kind, status }): Change<'subAccounts'> => {
    const to = status === 'suspended' ? null : ({ status: 'suspended' } as const)
    return { to, event: 'suspended', ends: { of: {}, before: { subAccount: { slug, kind } } } }
  })
}

export function resumeSubAccount({ changes }: SubAccountDeps, target: Target): Promise<ShownSubAccount> {
  return changes.change(SUB_ACCOUNT, target, ({ status }): Change<'subAccounts'> => {
    return { to: status === 'active' ? null : { status: 'active' }, event: 'resumed' }
  })
}
