/** What latchkey.yaml may say. */
import { createPublicKey } from 'node:crypto'
import { z } from 'zod'
import { HOLDER_TYPES } from './holders/rules.ts'
import { SIGNING_ALGS } from './signing/rules.ts'

/** First path segments that are routes of the server itself. */
export const RESERVED_NAMESPACES = [
  'manage',
  'docs',
  'guide',
  'share',
  'invitations',
  'password-resets',
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
const when = z
  .union([z.date(), z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'is not a date; write 2026-11-01 or 2026-11-01T00:00:00Z',
  })
  .transform((v) => new Date(v))

const scope = z.strictObject({
  title: text.describe('What the scope allows, in a word or two.'),
  description: z.string().max(2000).default('').describe('The same in a sentence, for people who grant it.'),
  family: text.optional().describe('Group it is shown in; the part before the colon unless said.'),
  publishable: z.boolean().default(false).describe('Publishable keys may hold it.'),
  implies: z.array(scopeName).default([]).describe('Scopes that come with it.'),
  subAccountKinds: z.array(text).optional().describe('Kinds of sub-account it may be granted on; all unless said.'),
})

const namespace = z
  .strictObject({
    title: text.describe('What people call this API version.'),
    stage: z
      .enum(['stable', 'beta', 'deprecated', 'retired'])
      .default('stable')
      .describe('Retired: exchanges are refused with 410.'),
    label: text.optional().describe('What the version selector calls it; Experimental for a beta.'),
    audience: url.describe('`aud` of its tokens (RFC 9068).'),
    host: z.string().min(1).optional().describe('Base URL of the API, with `{account}`.'),
    openapi: z
      .string()
      .min(1)
      .optional()
      .describe('URL or file of the resource API’s OpenAPI document, merged into the namespace’s own.'),
    tokenTtlSeconds: seconds.min(30).max(3600).default(300).describe('Longest life of a token.'),
    jwksMaxAgeSeconds: seconds.min(30).max(86_400).default(300).describe('How long the JWK Set may be cached.'),
    statusListTtlSeconds: seconds
      .min(5)
      .max(300)
      .default(30)
      .describe('How long a status list may be kept before it is fetched again.'),
    signingAlg: z.enum(SIGNING_ALGS).default('ES256').describe('Of keys made from now on.'),
    dpopNonce: z
      .enum(['offered', 'required'])
      .default('offered')
      .describe('Whether a DPoP proof must carry a nonce of the server (RFC 9449 §8), or may.'),
    deprecatedAt: when.optional().describe('Told in the `Deprecation` header (RFC 9745).'),
    sunsetAt: when.optional().describe('Told in the `Sunset` header (RFC 8594).'),
    holderTypes: z
      .array(z.enum(HOLDER_TYPES))
      .optional()
      .describe('Types of holder that its keys may be for; any unless said.'),
    acceptsImported: z.boolean().default(false).describe('Keys of another system may be imported.'),
    scopes: z.record(scopeName, scope),
  })
  .superRefine((ns, ctx) => {
    if (ns.deprecatedAt && ns.sunsetAt && ns.sunsetAt < ns.deprecatedAt) {
      ctx.addIssue({ code: 'custom', path: ['sunsetAt'], message: 'lies before deprecatedAt (RFC 9745 §4)' })
    }
    for (const [name, s] of Object.entries(ns.scopes)) {
      for (const [i, implied] of s.implies.entries()) {
        if (!(implied in ns.scopes)) {
          ctx.addIssue({
            code: 'custom',
            path: ['scopes', name, 'implies', i],
            message: `"${implied}" is not a scope of this namespace`,
          })
        } else if (s.publishable && !ns.scopes[implied]?.publishable) {
          ctx.addIssue({
            code: 'custom',
            path: ['scopes', name, 'implies', i],
            message: `"${implied}" is not publishable, so a publishable scope cannot imply it`,
          })
        }
      }
    }
  })

const limit = z.number().int().positive().nullable()
const plan = z.strictObject({
  namespaces: z.array(z.string()).describe('Namespaces that can be enabled.'),
  scopes: z.union([z.literal('*'), z.array(scopeName)]).describe('`*`: every scope of its namespaces.'),
  limits: z
    .strictObject({
      exchangesPerMinutePerKey: limit.default(null).describe('null: no limit.'),
      exchangesPerMinute: limit.default(null).describe('Over all keys of the account; null: no limit.'),
    })
    .default({ exchangesPerMinutePerKey: null, exchangesPerMinute: null }),
  entitlements: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]))
    .default({})
    .describe('Limits that resource servers apply; carried in tokens.'),
})

const limits = z.strictObject({
  refusedPerMinutePerAddress: z
    .number()
    .int()
    .positive()
    .default(30)
    .describe('Refused exchanges of one address, before it is answered 429.'),
  keysPerAccount: z.number().int().positive().default(10_000).describe('A ceiling against abuse.'),
  publishablePerMinutePerAddress: z
    .number()
    .int()
    .positive()
    .default(60)
    .describe('Exchanges of one publishable key from one address.'),
  publishablePerMinute: z
    .number()
    .int()
    .positive()
    .default(6_000)
    .describe('Exchanges of all publishable keys of an account.'),
})

const events = z.strictObject({
  keepDays: z
    .number()
    .int()
    .min(1)
    .max(36_500)
    .optional()
    .describe('How long the event log keeps an event; for ever unless said.'),
})

const webhooks = z.strictObject({
  retryDelaysSeconds: z.array(seconds.positive()).min(1).max(20).default([5, 300, 1800, 7200, 18_000, 36_000, 36_000]),
  keepUndeliverableDays: z.number().int().min(1).max(90).default(7),
})

const P256 = 'prime256v1'
const leakReports = z.strictObject({
  signingKeys: z
    .record(z.string().min(1).max(200), z.string().refine(isP256Key, { error: 'is not the PEM of a P-256 public key' }))
    .default({})
    .describe('Public keys of whoever signs reports of leaked keys, such as GitHub, by their identifiers.'),
})

function isP256Key(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.namedCurve === P256
  } catch {
    return false
  }
}

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
    terms: z.strictObject({
      version: text.describe('Of the API terms.'),
      url: url.describe('Where they can be read.'),
      requiredFrom: when.describe('From then on this version must be accepted; until then an earlier one counts.'),
    }),
    limits: limits.prefault({}),
    events: events.prefault({}),
    webhooks: webhooks.prefault({}),
    leakReports: leakReports.prefault({}),
    namespaces: z.record(namespaceId, namespace),
    plans: z.record(z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/), plan),
  })
  .superRefine((catalog, ctx) => {
    const audiences = new Map<string, string>()
    for (const [id, ns] of Object.entries(catalog.namespaces)) {
      const other = audiences.get(ns.audience)
      audiences.set(ns.audience, id)
      if (other === undefined) continue
      const message = `is the audience of ${other} too; a token of one would name the other`
      ctx.addIssue({ code: 'custom', path: ['namespaces', id, 'audience'], message })
    }
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
