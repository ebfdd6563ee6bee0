import { z } from 'zod'
import type { AccessToken } from '../../../verifier/index.ts'
import { paging } from '../collection.ts'
import { daysBefore, pageOf, time } from '../shapes.ts'
import { operation } from './data.ts'
import { type Conversion, conversion } from './shapes.ts'

/** The token of a holder sees what carries the holder's own id of the operator, and nothing else. */
export function isVisibleTo({ claims: { holder } }: AccessToken): (row: Conversion) => boolean {
  return ({ affiliateId }) => holder === undefined || (affiliateId !== null && affiliateId === holder.externalId)
}

const HOLDERS = 'The token of a holder sees the conversions of that holder only, by the holder’s external id.'

const INTERVALS = { '7d': 7, '30d': 30, '90d': 90 } as const
const interval = z.enum(['7d', '30d', '90d']).optional().meta({ description: '30d unless said.' })

function total(rows: readonly Conversion[]) {
  const sales = rows.filter(({ type }) => type === 'sale')
  const amounts: Record<string, number> = {}
  for (const { currency, amount } of sales) {
    if (currency !== null) amounts[currency] = (amounts[currency] ?? 0) + (amount ?? 0)
  }
  return { leads: rows.length - sales.length, sales: sales.length, amounts }
}

const totals = {
  leads: z.int(),
  sales: z.int(),
  amounts: z.record(z.string(), z.int()).meta({ description: 'Of the sales, by currency, in its smallest unit.' }),
}

const summary = operation({
  method: 'get',
  path: '/v2/conversions/summary',
  operationId: 'summarizeConversions',
  tag: 'conversions',
  summary: 'Sum up conversions',
  description: HOLDERS,
  scope: 'conversions:read',
  query: z.object({ interval }),
  answers: {
    200: {
      description: 'Sums of the interval.',
      schema: z.object({ interval: z.string(), since: time, ...totals }).meta({ id: 'ConversionSummary' }),
    },
  },
  handle({ data, query: { interval = '30d' }, token, now }) {
    const since = daysBefore(now)(INTERVALS[interval])
    const rows = data.conversions.all().filter((row) => row.occurredAt >= since && isVisibleTo(token)(row))
    return { status: 200, body: { interval, since, ...total(rows) } }
  },
})

const listEvents = operation({
  method: 'get',
  path: '/v2/conversions/events',
  operationId: 'listConversions',
  tag: 'conversions',
  summary: 'List conversions',
  description: HOLDERS,
  scope: 'conversions:read',
  query: z.object({ ...paging, type: z.enum(['lead', 'sale']).optional() }),
  answers: { 200: { description: 'Conversions, as they came in.', schema: pageOf(conversion, 'ConversionPage') } },
  handle({ data, query: { type, ...page }, token }) {
    const mayShow = isVisibleTo(token)
    const shown = (row: Conversion) => mayShow(row) && (type === undefined || row.type === type)
    return { status: 200, body: data.conversions.page(page, shown) }
  },
})

const MAX_TOP = 5

const overview = operation({
  method: 'get',
  path: '/v2/analytics/overview',
  operationId: 'overviewAnalytics',
  tag: 'analytics',
  summary: 'Clicks, leads and sales',
  description: `Clicks are counted since each link was made. ${HOLDERS}`,
  scope: 'analytics:read',
  query: z.object({ interval }),
  answers: {
    200: {
      description: 'The overview.',
      schema: z
        .object({
          interval: z.string(),
          since: time,
          clicks: z.int(),
          ...totals,
          topLinks: z.array(z.object({ id: z.string(), shortUrl: z.string(), clicks: z.int() })),
        })
        .meta({ id: 'AnalyticsOverview' }),
    },
  },
  handle({ data, query: { interval = '30d' }, token, now }) {
    const since = daysBefore(now)(INTERVALS[interval])
    const links = data.links.all()
    const rows = data.conversions.all().filter((row) => row.occurredAt >= since && isVisibleTo(token)(row))
    const clicks = links.reduce((sum, each) => sum + each.clicks, 0)
    const byClicks = links.toSorted((a, b) => b.clicks - a.clicks).slice(0, MAX_TOP)
    const topLinks = byClicks.map(({ id, shortUrl, clicks }) => ({ id, shortUrl, clicks }))
    return { status: 200, body: { interval, since, clicks, ...total(rows), topLinks } }
  },
})

export const conversions = [overview, summary, listEvents]
