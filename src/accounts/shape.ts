/** An account as the management API shows it, and as events tell it. */
import { z } from 'zod'
import type { Catalog } from '../catalog.ts'
import type { Thing } from '../events/changes.ts'
import { authorShape } from '../keys/shape.ts'
import { iso } from '../web/time.ts'
import { type Account, hostOf, namespaceEnabled } from './rules.ts'

export const termsShape = z
  .object({
    current: z.string().meta({ description: 'The version of the API terms that is to be accepted.' }),
    requiredFrom: z.iso.datetime().meta({ description: 'Until then an earlier acceptance counts.' }),
    accepted: z
      .object({
        version: z.string(),
        at: z.iso.datetime(),
        by: authorShape,
        method: z.enum(['online', 'paper']),
        reference: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Terms' })

export const accountShape = z
  .object({
    id: z.string(),
    name: z.string(),
    plan: z.string(),
    namespaces: z.array(z.string()).meta({ description: 'API namespaces that keys can be made for.' }),
    hosts: z.record(z.string(), z.string()).meta({ description: 'Base URL of each of them.' }),
    status: z.enum(['active', 'suspended']),
    terms: termsShape,
    customData: z.record(z.string(), z.unknown()),
    createdAt: z.iso.datetime(),
    version: z.int(),
  })
  .meta({ id: 'Account' })

export type ShownAccount = z.output<typeof accountShape>

export function showAccount(account: Account, catalog: Catalog): ShownAccount {
  const { id, name, plan, status, customData, createdAt, version } = account
  const enabled = [...catalog.namespaces.values()].filter(
    (ns) => !ns.builtIn && namespaceEnabled(account, ns.id, catalog),
  )
  const hosts = enabled.flatMap((ns) => {
    const host = hostOf(account, ns)
    return host === null ? [] : [[ns.id, host] as const]
  })
  return {
    id,
    name,
    plan,
    namespaces: enabled.map((ns) => ns.id),
    hosts: Object.fromEntries(hosts),
    status,
    terms: showTerms(account, catalog),
    customData,
    createdAt: iso(createdAt),
    version,
  }
}

export function showTerms({ terms }: Pick<Account, 'terms'>, catalog: Catalog): z.output<typeof termsShape> {
  const { version: current, requiredFrom } = catalog.terms
  const accepted = terms === null ? null : { ...terms, at: iso(terms.at) }
  return { current, requiredFrom: iso(requiredFrom), accepted }
}

export function accountThing(catalog: Catalog): Thing<'accounts', ShownAccount> {
  return { collection: 'accounts', type: 'account', show: (account) => showAccount(account, catalog) }
}
