import type { z } from 'zod'
import type { Input } from '../operation.ts'
import { ResourceRefusal } from '../problems.ts'
import { checkPast, once } from '../shapes.ts'
import { operation, type V2Data } from './data.ts'
import { type Conversion, newLead, newSale, receipt } from './shapes.ts'

const tag = 'track'
const scope = 'conversions:write'
const description = 'May be repeated: the same `eventId` again answers the first result, and counts nothing twice.'
const refusals = {
  403: '`wrong_holder`: the token of a holder reports for that holder only.',
  409: '`full`: the account has 5,000 conversions.',
}
const answers = {
  201: { description: 'Counted.', schema: receipt },
  200: { description: 'Counted before: the first result.', schema: receipt },
}

const trackLead = operation({
  method: 'post',
  path: '/v2/track/leads',
  operationId: 'trackLead',
  tag,
  summary: 'Report a lead',
  description,
  scope,
  publishable: true,
  body: { schema: newLead, example: { eventId: 'signup-7001', customerId: 'c-500', linkId: 'lnk_1001' } },
  answers,
  refusals,
  handle: (input) => record(input, 'lead', { amount: null, currency: null }),
})

const trackSale = operation({
  method: 'post',
  path: '/v2/track/sales',
  operationId: 'trackSale',
  tag,
  summary: 'Report a sale',
  description,
  scope,
  publishable: true,
  body: {
    schema: newSale,
    example: { eventId: 'order-7001', customerId: 'c-500', amount: 12900, currency: 'USD', linkId: 'lnk_1001' },
  },
  answers,
  refusals,
  handle: (input) => record(input, 'sale', { amount: input.body.amount, currency: input.body.currency }),
})

function record(
  { data, body, token, now }: Input<V2Data, unknown, unknown, z.infer<typeof newLead>>,
  type: Conversion['type'],
  paid: Pick<Conversion, 'amount' | 'currency'>,
) {
  const { eventId, customerId, linkId = null } = body
  checkPast('/occurredAt', body.occurredAt, now)
  const affiliateId = affiliateOf(body.affiliateId, token.claims.holder)
  const receivedAt = new Date(now).toISOString()
  const known = data.conversions.all().find((row) => row.type === type && row.eventId === eventId)
  const occurredAt = body.occurredAt === undefined ? receivedAt : new Date(body.occurredAt).toISOString()
  const times = { occurredAt, receivedAt }
  return once(known && receiptOf(known), () =>
    receiptOf(data.conversions.add({ eventId, type, customerId, linkId, affiliateId, ...paid, ...times })),
  )
}

function affiliateOf(given: string | undefined, holder: { externalId?: string | null } | undefined): string | null {
  if (holder === undefined) return given ?? null
  if (given === undefined || given === holder.externalId) return holder.externalId ?? null
  const detail = 'The access token belongs to another holder than the affiliate. Leave affiliateId out.'
  throw new ResourceRefusal('wrong_holder', detail)
}

function receiptOf({ id, eventId, type, receivedAt }: Conversion) {
  return { id, eventId, type, receivedAt }
}

export const track = [trackLead, trackSale]
