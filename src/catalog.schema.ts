/** What latchkey.yaml may say. */
import { z } from 'zod'
import { SIGNING_ALGS } from './signing/rules.ts'

/** First path segments that are routes of the server itself. */
export const RESERVED_NAMESPACES = [
  'manage',
  'docs',
  'share',
  'invitations',
  'healthz',
  'readyz',
  'console',
  'metrics',
  'assets',
]

const seconds = z.number().int()
const text = z.string().min(1).max(500)
const url = z.url({ protocol: /^https?$/ })
const scopeName = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/,
    'a scope is 1 to 64 printable characters without space, " or \\ (RFC 6749 §3.3)',
  )
const when = z.union([z.date(), z.iso.datetime({ offset: true }), z.iso.date()]).transform((v) => new Date(v))

const scope = z.strictObject({
  title: text,
  description: z.string().max(2000).default(''),
  family: text.optional(),
  publishable: z.boolean().default(false),
  implies: z.array(scopeName).default([]),
  subAccountKinds: z.array(text).optional(),
})

const namespace = z
  .strictObject({
    title: text,
    stage: z.enum(['stable', 'beta', 'deprecated', 'retired']).default('stable'),
    label: text.optional(),
    audience: url,
    host: z.string().min(1).optional(),
    openapi: z.string().min(1).optional(),
    tokenTtlSeconds: seconds.min(30).max(3600).default(300),
    jwksMaxAgeSeconds: seconds.min(30).max(86_400).default(300),
    statusListTtlSeconds: seconds.min(5).max(300).default(30),
    signingAlg: z.enum(SIGNING_ALGS).default('ES256'),
    deprecatedAt: when.optional(),
    sunsetAt: when.optional(),
    holderTypes: z.array(z.enum(['partner', 'affiliate', 'vendor', 'advertiser', 'machine'])).optional(),
    acceptsImported: z.boolean().default(false),
    scopes: z.record(scopeName, scope),
  })
  .superRefine((ns, ctx) => {
    for (const [name, s] of Object.entries(ns.scopes)) {
      for (const [i, implied] of s.implies.entries()) {
        if (!(implied in ns.scopes)) {
          ctx.addIssue({
            code: 'custom',
            path: ['scopes', name, 'implies', i],
            message: `"${implied}" is not a scope of this namespace`,
          })
        }
      }
    }
  })

const limit = z.number().int().positive().nullable()
const plan = z.strictObject({
  namespaces: z.array(z.string()),
  scopes: z.union([z.literal('*'), z.array(scopeName)]),
  limits: z
    .strictObject({ exchangesPerMinutePerKey: limit.default(null), exchangesPerMinute: limit.default(null) })
    .default({ exchangesPerMinutePerKey: null, exchangesPerMinute: null }),
  entitlements: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])).default({}),
})

const limits = z.strictObject({
  refusedPerMinutePerAddress: z.number().int().positive().default(30),
  keysPerAccount: z.number().int().positive().default(10_000),
  publishablePerMinutePerAddress: z.number().int().positive().default(60),
  publishablePerMinute: z.number().int().positive().default(6_000),
})

const webhooks = z.strictObject({
  retryDelaysSeconds: z.array(seconds.positive()).min(1).max(20).default([5, 300, 1800, 7200, 18_000, 36_000, 36_000]),
  keepUndeliverableDays: z.number().int().min(1).max(90).default(7),
})

const namespaceId = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,15}$/, 'a namespace id is a lower-case letter and up to 15 lower-case letters or digits')
  .refine((id) => !RESERVED_NAMESPACES.includes(id), {
    error: (issue) => `"${String(issue.input)}" is the name of a route; choose another id`,
  })

export const catalogSchema = z
  .strictObject({
    support: z.strictObject({
      name: text,
      email: z.email(),
      phone: text.optional(),
      hours: text.optional(),
      url: url.optional(),
    }),
    terms: z.strictObject({ version: text, url, requiredFrom: when }),
    limits: limits.prefault({}),
    webhooks: webhooks.prefault({}),
    namespaces: z.record(namespaceId, namespace),
    plans: z.record(z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/), plan),
  })
  .superRefine((catalog, ctx) => {
    for (const [id, p] of Object.entries(catalog.plans)) checkPlan(id, p, catalog.namespaces, ctx)
  })

export type RawCatalog = z.output<typeof catalogSchema>
export type RawNamespace = z.output<typeof namespace>

function checkPlan(
  id: string,
  p: z.output<typeof plan>,
  namespaces: Record<string, RawNamespace>,
  ctx: z.RefinementCtx,
): void {
  for (const [i, ns] of p.namespaces.entries()) {
    if (!(ns in namespaces)) {
      ctx.addIssue({
        code: 'custom',
        path: ['plans', id, 'namespaces', i],
        message: `"${ns}" is not a namespace of this catalog`,
      })
    }
  }
  if (p.scopes === '*') return
  const known = new Set(p.namespaces.flatMap((ns) => Object.keys(namespaces[ns]?.scopes ?? {})))
  for (const [i, s] of p.scopes.entries()) {
    if (!known.has(s)) {
      ctx.addIssue({
        code: 'custom',
        path: ['plans', id, 'scopes', i],
        message: `"${s}" is a scope of none of the plan's namespaces`,
      })
    }
  }
}
