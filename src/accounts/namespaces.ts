import { Refusal } from '../errors.ts'
import type { Change, Target } from '../events/changes.ts'
import { requireNamespaceOnPlan } from './change.rules.ts'
import type { AccountDeps } from './create.ts'
import { accountThing, type ShownAccount } from './shape.ts'

type NamespaceTarget = Target & { namespace: string }

/** Done already: nothing happens. @throws Refusal `plan_excludes_namespace` */
export function enableNamespace({ catalog, changes }: AccountDeps, target: NamespaceTarget): Promise<ShownAccount> {
  const { namespace } = target
  return changes.change(accountThing(catalog), target, (account): Change<'accounts'> => {
    requireNamespaceOnPlan(account, namespace, catalog)
    const { namespaces } = account
    return {
      to: namespaces.includes(namespace) ? null : { namespaces: [...namespaces, namespace] },
      event: 'namespace.enabled',
      data: { namespace },
      ends: { of: { namespace }, before: {} },
    }
  })
}

/** Its keys are refused from now on, and their tokens read as suspended until it is enabled again. */
export async function disableNamespace(
  { catalog, changes }: AccountDeps,
  target: NamespaceTarget,
): Promise<ShownAccount> {
  const { namespace } = target
  const entry = catalog.namespaces.get(namespace)
  if (entry === undefined || entry.builtIn) throw new Refusal('not_found')
  return changes.change(accountThing(catalog), target, ({ namespaces }): Change<'accounts'> => {
    const left = namespaces.filter((ns) => ns !== namespace)
    return {
      to: left.length === namespaces.length ? null : { namespaces: left },
      event: 'namespace.disabled',
      data: { namespace },
      ends: { of: { namespace }, before: {} },
    }
  })
}
