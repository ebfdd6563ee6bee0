/** What keys gain by a change of what limits them: whoever makes it grants it, and nobody grants more than they have. */
import { excess } from './ending.rules.ts'
import {
  commonRights,
  effectiveRights,
  type Grant,
  grantedRights,
  type Rights,
  type RightsNamespace,
} from './rights.rules.ts'
import type { ApiKey } from './rules.ts'

/** What is left of a key's grants. Plans and suspensions are not looked at: they may end without a grant. */
export type Limit = (key: Pick<ApiKey, 'grants'>, namespace: RightsNamespace) => Rights

/** @param ceiling of the key's holder */
export function underCeiling(ceiling: readonly Grant[] | null): Limit {
  return ({ grants }, namespace) => {
    const granted = grantedRights(grants, namespace)
    return ceiling === null ? granted : commonRights(granted, grantedRights(ceiling, namespace))
  }
}

/** Of what stands on one sub-account: some scopes are for some kinds alone. */
export function onSubAccount(slug: string, kind: string): Limit {
  const subAccounts = new Map([[slug, { kind }]])
  return ({ grants }, namespace) =>
    effectiveRights({ kind: 'secret', grants, ceiling: null, offered: namespace.scopeNames, namespace, subAccounts })
}

/** Another limit in place of the one before. */
export interface Lift {
  /** Whose keys: those of a holder; none: all of the account. */
  of: { holderId?: string }
  before: Limit
  after: Limit
}

/** Scopes that the key would have, for the account or on some sub-account, and had not. */
export function gainedScopes(
  key: Pick<ApiKey, 'grants'>,
  { before, after }: Pick<Lift, 'before' | 'after'>,
  namespace: RightsNamespace,
): string[] {
  return excess(after(key, namespace), before(key, namespace))
}

/** @param held scopes of namespace `manage` that the giver acts with */
export function mayGive(scope: string, namespace: RightsNamespace, held: ReadonlySet<string>): boolean {
  return held.has(namespace.builtIn ? scope : 'keys:write')
}
