import { Refusal } from '../errors.ts'
import type { Change, Target } from '../events/changes.ts'
import type { AccountDeps } from './create.ts'
import { OPERATOR } from './rules.ts'
import { accountThing, type ShownAccount } from './shape.ts'

/**
 * From now on no key of the account is exchanged, and its tokens read as suspended, those of the management API too.
 * Done already: nothing happens.
 */
export function suspendAccount({ catalog, changes, now }: AccountDeps, target: Target): Promise<ShownAccount> {
  return changes.change(accountThing(catalog), target, ({ id, status }): Change<'accounts'> => {
    if (id === OPERATOR) throw new Refusal('forbidden', { detail: 'The operator’s own account cannot be suspended.' })
    const to = status === 'suspended' ? null : ({ status: 'suspended', suspendedAt: now() } as const)
    return { to, event: 'suspended', ends: { of: {}, before: {} } }
  })
}

/** Tokens that have not expired count again where nothing else is against them. */
export function resumeAccount({ catalog, changes }: AccountDeps, target: Target): Promise<ShownAccount> {
  return changes.change(accountThing(catalog), target, ({ status }): Change<'accounts'> => {
    const to = status === 'active' ? null : ({ status: 'active', suspendedAt: null } as const)
    return { to, event: 'resumed', ends: { of: {}, before: {} } }
  })
}
