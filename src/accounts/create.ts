import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Changes } from '../events/changes.ts'
import type { Store } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { firstNamespaces, mergedHosts } from './change.rules.ts'
import { accountThing, type ShownAccount } from './shape.ts'

export interface AccountDeps {
  store: Store
  catalog: Catalog
  changes: Changes
  now: () => number
  random: (bytes: number) => Buffer
}

export interface AccountWish {
  name: string
  plan: string
  hosts: Record<string, string>
  customData: Record<string, unknown>
}

/** @throws Refusal `already_exists`, `unknown_plan`, `unknown_namespace` */
export function createAccount(
  { catalog, changes, now }: AccountDeps,
  id: string,
  { name, plan, hosts, customData }: AccountWish,
  asker: Asker,
): Promise<ShownAccount> {
  const document = {
    id,
    account: id,
    name,
    plan,
    namespaces: firstNamespaces(plan, catalog),
    hosts: mergedHosts({}, hosts, catalog),
    suspendedAt: null,
    status: 'active',
    terms: null,
    customData,
    createdAt: now(),
    version: 1,
  } as const
  return changes.make(accountThing(catalog), asker, async () => ({
    document,
    exists: () => new Refusal('already_exists', { errors: [{ pointer: '/id', detail: 'is taken. Choose another.' }] }),
  }))
}
