import type { Change, Target } from '../events/changes.ts'
import { type AccountChange, changed } from './change.rules.ts'
import type { AccountDeps } from './create.ts'
import { accountThing, type ShownAccount } from './shape.ts'

/** A smaller plan ends the tokens that had more. */
export function changeAccount(
  { catalog, changes }: AccountDeps,
  target: Target,
  change: AccountChange,
): Promise<ShownAccount> {
  return changes.change(accountThing(catalog), target, (account): Change<'accounts'> => {
    const to = changed(account, change, catalog)
    const off = account.namespaces.filter((ns) => to.namespaces?.includes(ns) === false)
    return {
      to,
      event: 'updated',
      also: off.map((namespace) => ({ event: 'namespace.disabled', data: { namespace } })),
      ends: to.plan === undefined || to.plan === account.plan ? null : { of: {}, before: { plan: account.plan } },
    }
  })
}
