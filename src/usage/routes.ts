import { z } from 'zod'
import { OPERATOR } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import { EVERY_ACCOUNT } from '../store/store.ts'
import { accountParams } from '../web/params.ts'
import { ownHolder } from '../web/principal.ts'
import { type Route, route } from '../web/route.ts'
import { describeUsage } from './describe.ts'
import { type ReportDeps, reportUsage, type UsageEntry } from './reports.ts'
import { isUsageMonth, monthOf, USAGE_GROUPS, USAGE_MONTHS, type UsageGroup } from './rules.ts'

const MAX_REPORT_BYTES = 1024 * 1024
const MAX_ENTRIES = 5_000

const counters = {
  exchanges: z.int().meta({ description: 'Tokens issued.' }),
  refused: z.int().meta({ description: 'Refused exchanges of an authentic key.' }),
  rateLimited: z.int(),
  verified: z.int().meta({ description: 'Tokens that resource servers report to have accepted.' }),
  denied: z.int().meta({ description: 'Tokens that they report to have denied.' }),
}

const usage = z
  .object({
    month: z.string().meta({ description: 'YYYY-MM, UTC.' }),
    groupBy: z.array(z.enum(USAGE_GROUPS)),
    total: z.object(counters),
    items: z.array(
      z.object({
        day: z.string().optional().meta({ description: 'YYYY-MM-DD, UTC.' }),
        key: z.string().optional().meta({ description: 'Id of the key.' }),
        holder: z.string().nullable().optional().meta({ description: 'Id of the holder.' }),
        scope: z.string().nullable().optional().meta({ description: 'null: what was refused has no scope.' }),
        namespace: z.string().optional(),
        ...counters,
      }),
    ),
  })
  .meta({ id: 'Usage' })

const query = z.strictObject({
  month: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, { error: 'must be a month such as 2026-11' })
    .optional()
    .meta({ description: `YYYY-MM, UTC, one of the last ${USAGE_MONTHS}; this month unless said.` }),
  groupBy: z
    .string()
    .max(100)
    .refine((text) => text.split(',').every(isGroup), { error: `must be some of ${USAGE_GROUPS.join()}, with commas` })
    .transform((text) => USAGE_GROUPS.filter((group) => text.split(',').includes(group)))
    .default(['day'])
    .meta({ description: `Some of ${USAGE_GROUPS.join()}, with commas; day unless said.`, type: 'string' }),
})

function isGroup(text: string): text is UsageGroup {
  return (USAGE_GROUPS as readonly string[]).includes(text)
}

const count = z.int().min(0).max(1_000_000_000)
const report = z
  .strictObject({
    batchId: z
      .string()
      .regex(/^[\x21-\x7e]{1,100}$/, { error: 'must be 1 to 100 printable characters' })
      .meta({ description: 'Of your choice. Sent again within a day, the report counts once.' }),
    entries: z
      .array(
        z.strictObject({
          keyId: z.string().max(64).meta({ description: '`client_id` of the tokens.' }),
          namespace: z.string().max(16),
          scope: z.string().max(4000).meta({ description: 'Space-separated scopes that were used.' }),
          hour: z.iso
            .datetime({ offset: true })
            .transform((t) => Date.parse(t))
            .meta({ type: 'string', format: 'date-time' }),
          verified: count.default(0),
          denied: count.default(0),
        }),
      )
      .min(1)
      .max(MAX_ENTRIES),
  })
  .meta({ id: 'UsageReport' })

export function usageRoutes(deps: ReportDeps): Route[] {
  return [describeRoute(deps), reportRoute(deps)]
}

const shared = { tag: 'usage', errors: 'problem' } as const

function describeRoute({ store, now }: ReportDeps): Route {
  return route({
    ...shared,
    method: 'get',
    path: '/manage/accounts/{account}/usage',
    operationId: 'describeUsage',
    summary: 'Usage of a month',
    description:
      'Grouped by scope, an exchange counts under each of its scopes, and in `total` once. What happened in the last second may be missing.',
    access: 'usage.describe',
    params: accountParams,
    query,
    answers: { 200: { description: 'The sums.', content: { 'application/json': usage } } },
    refusals: ['invalid_request'],
    async handle({ params: { account }, query: { month = monthOf(now()), groupBy }, caller }) {
      if (!isUsageMonth(month, now())) {
        const detail = `must be this month or one of the ${USAGE_MONTHS - 1} before it.`
        throw new Refusal('invalid_request', { errors: [{ pointer: '?month', detail }] })
      }
      const asked = { month, groups: groupBy, holderId: ownHolder(caller, account) }
      return { status: 200, body: { month, groupBy, ...(await describeUsage(store, account, asked)) } }
    },
  })
}

function reportRoute(deps: ReportDeps): Route {
  return route({
    ...shared,
    method: 'post',
    path: '/manage/usage-reports',
    operationId: 'reportUsage',
    summary: 'Report what a resource server verified',
    description:
      'For resource servers, which verify offline. Entries are ignored that name no key of yours, no scope of its namespace, or a time that is not kept.',
    access: 'usage.report',
    body: {
      kinds: ['json'],
      schema: report as unknown as z.ZodType<{ batchId: string; entries: UsageEntry[] }>,
      shown: { json: report },
      maxBytes: MAX_REPORT_BYTES,
    },
    answers: {
      200: {
        description: 'How many entries were counted.',
        content: { 'application/json': z.object({ accepted: z.int(), ignored: z.int() }) },
      },
    },
    refusals: ['invalid_request'],
    async handle({ body, caller }) {
      // The operator's resource servers see the tokens of every account, others those of their own.
      const reach = caller.account === OPERATOR ? EVERY_ACCOUNT : caller.account
      return { status: 200, body: await reportUsage(deps, body, { id: caller.id, reach }) }
    },
  })
}
