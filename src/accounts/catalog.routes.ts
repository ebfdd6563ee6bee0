/** What the caller may see of the catalog. */
import { z } from 'zod'
import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { type Route, route } from '../web/route.ts'
import { iso } from '../web/time.ts'
import { type Account, hostOf, namespaceEnabled } from './rules.ts'

const scopeShape = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  family: z.string(),
  publishable: z.boolean(),
  implies: z.array(z.string()),
  fromPlan: z.string().nullable().meta({ description: 'The first plan of the catalog that has it; null: none.' }),
  inYourPlan: z.boolean(),
})
const catalogShape = z
  .object({
    namespaces: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        stage: z.enum(['stable', 'beta', 'deprecated', 'retired']),
        label: z.string().nullable(),
        enabled: z.boolean(),
        issuer: z.string(),
        audience: z.string(),
        host: z.string().nullable().meta({ description: 'The account’s own base URL of this API.' }),
        holderTypes: z.array(z.string()).nullable(),
        deprecatedAt: z.string().nullable(),
        sunsetAt: z.string().nullable(),
        scopes: z.array(scopeShape),
      }),
    ),
    plans: z.array(
      z.object({
        id: z.string(),
        namespaces: z.array(z.string()),
        limits: z.object({ exchangesPerMinutePerKey: z.int().nullable(), exchangesPerMinute: z.int().nullable() }),
        entitlements: z.record(z.string(), z.unknown()),
      }),
    ),
    terms: z.object({ version: z.string(), url: z.string(), requiredFrom: z.string() }),
    support: z.looseObject({ name: z.string(), email: z.string() }),
  })
  .meta({ id: 'Catalog' })

export function catalogRoutes(deps: { store: Store; catalog: Catalog }): Route[] {
  const shared = { method: 'get', errors: 'problem', tag: 'you and the catalog', refusals: [] } as const
  return [
    route({
      ...shared,
      path: '/manage/catalog',
      operationId: 'describeCatalog',
      summary: 'What can keys of my account be for?',
      access: 'catalog.describe',
      answers: {
        200: {
          description: 'Namespaces, scopes, plans, terms, support.',
          content: { 'application/json': catalogShape },
        },
      },
      async handle({ caller }) {
        const account = await deps.store.get(caller.account, 'accounts', caller.account)
        if (account === null) throw new Refusal('not_found')
        return { status: 200, body: showCatalog(deps.catalog, account) }
      },
    }),
  ]
}

function showCatalog(catalog: Catalog, account: Account): z.output<typeof catalogShape> {
  const plan = catalog.plans.get(account.plan)
  return {
    namespaces: [...catalog.namespaces.values()].map((namespace) => ({
      id: namespace.id,
      title: namespace.title,
      stage: namespace.stage,
      label: namespace.label,
      enabled: namespaceEnabled(account, namespace.id, catalog),
      issuer: namespace.issuer,
      audience: namespace.audience,
      host: hostOf(account, namespace),
      holderTypes: namespace.holderTypes === null ? null : [...namespace.holderTypes],
      deprecatedAt: iso(namespace.deprecatedAt),
      sunsetAt: iso(namespace.sunsetAt),
      scopes: [...namespace.scopes.values()].map((scope) => ({
        name: scope.name,
        title: scope.title,
        description: scope.description,
        family: scope.family,
        publishable: scope.publishable,
        implies: [...scope.implies],
        fromPlan:
          [...catalog.plans.values()].find(
            (p) => namespace.builtIn || p.scopesByNamespace.get(namespace.id)?.has(scope.name),
          )?.id ?? null,
        inYourPlan: namespace.builtIn || (plan?.scopesByNamespace.get(namespace.id)?.has(scope.name) ?? false),
      })),
    })),
    plans: [...catalog.plans.values()].map(({ id, namespaces, limits, entitlements }) => ({
      id,
      namespaces: [...namespaces],
      limits,
      entitlements: { ...entitlements },
    })),
    terms: { ...catalog.terms, requiredFrom: iso(catalog.terms.requiredFrom) },
    support: catalog.support,
  }
}
