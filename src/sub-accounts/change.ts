import type { Change, Target } from '../events/changes.ts'
import { onSubAccount } from '../keys/gains.rules.ts'
import type { SubAccountDeps, SubAccountWish } from './create.ts'
import { type ShownSubAccount, SUB_ACCOUNT } from './shape.ts'

/** Members left out stay as they are. */
export type SubAccountChange = { [M in Exclude<keyof SubAccountWish, 'id'>]?: SubAccountWish[M] | undefined }

/**
 * Another kind may fit fewer scopes: tokens that had them end. It may fit more: then it grants what keys gain by it.
 *
 * @param target with the scopes of namespace `manage` that the caller acts with
 * @throws Refusal `not_found`, `precondition_failed`, `exceeds_your_rights`
 */
export function changeSubAccount(
  { changes, guardGains }: SubAccountDeps,
  target: Target & { scopes: ReadonlySet<string> },
  to: SubAccountChange,
): Promise<ShownSubAccount> {
  const { account, scopes } = target
  return changes.change(SUB_ACCOUNT, target, async ({ slug, kind, status }): Promise<Change<'subAccounts'>> => {
    if (to.kind === undefined || to.kind === kind) return { to, event: 'updated' }
    const lift = { of: {}, before: onSubAccount(slug, kind), after: onSubAccount(slug, to.kind) }
    return {
      to,
      event: 'updated',
      expect: await guardGains(account, lift, scopes),
      ends: status === 'active' ? { of: {}, before: { subAccount: { slug, kind } } } : null,
    }
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
