/** What namespace v2 shows and takes. */
import { z } from 'zod'
import { amount, currency, idOf, ownId, text, time } from '../shapes.ts'

const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2000)
const hostName = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, { error: 'must be a host name in lower case' })

/** Asked only of what is right otherwise: one fault, one complaint. */
const changesSomething = [
  (change: object) => Object.keys(change).length > 0,
  { error: 'must change something', when: ({ issues }: { issues: unknown[] }) => issues.length === 0 },
] as const

export const link = z
  .object({
    id: z.string(),
    externalId: z.string().nullable(),
    domain: z.string(),
    slug: z.string(),
    shortUrl: z.string(),
    url: z.string(),
    title: z.string(),
    tags: z.array(z.string()),
    folderId: z.string().nullable(),
    clicks: z.int(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Link' })

const slug = z.string().regex(/^[A-Za-z0-9-]{1,60}$/, { error: 'must be 1 to 60 letters, digits or hyphens' })
const changeable = {
  url: webUrl,
  title: text(200),
  tags: z.array(text(50)).max(20),
  folderId: idOf('fld').nullable(),
}
export const linkChange = z
  .strictObject(changeable)
  .partial()
  .refine(...changesSomething)
export const newLink = z.strictObject({
  url: changeable.url,
  title: changeable.title.optional(),
  tags: changeable.tags.optional(),
  folderId: changeable.folderId.optional(),
  domain: hostName.optional().meta({ description: 'One of `/v2/domains`; lnk.example unless said.' }),
  slug: slug.optional().meta({ description: 'Made up unless said.' }),
  externalId: ownId('Your own id. A repeated request with the same one answers the first link with 200.').optional(),
})

export const domain = z.object({ id: z.string(), name: z.string(), verified: z.boolean(), createdAt: time })
export const newDomain = z.strictObject({ name: hostName })
export const folder = z.object({ id: z.string(), name: z.string(), createdAt: time })
export const newFolder = z.strictObject({ name: text(100) })
export const tag = z.object({ id: z.string(), name: z.string(), color: z.string() })
const colors = ['red', 'orange', 'green', 'blue', 'purple', 'grey'] as const
export const newTag = z.strictObject({ name: text(50), color: z.enum(colors).optional() })
export const utmTemplate = z.object({
  id: z.string(),
  name: z.string(),
  source: z.string(),
  medium: z.string(),
  campaign: z.string().nullable(),
})
export const newUtmTemplate = z.strictObject({
  name: text(100),
  source: text(100),
  medium: text(100),
  campaign: text(100).nullable().optional(),
})
export const product = z.object({ id: z.string(), sku: z.string(), name: z.string(), price: amount, currency })
export const report = z.object({
  id: z.string(),
  name: z.string(),
  period: z.string(),
  rows: z.int(),
  createdAt: time,
})

export const conversion = z
  .object({
    id: z.string(),
    eventId: z.string(),
    type: z.enum(['lead', 'sale']),
    customerId: z.string(),
    linkId: z.string().nullable(),
    affiliateId: z.string().nullable(),
    amount: amount.nullable(),
    currency: currency.nullable(),
    occurredAt: time,
    receivedAt: time,
  })
  .meta({ id: 'Conversion' })

export const newLead = z.strictObject({
  eventId: ownId('Your id of what happened. A repeated request with the same one answers the first result with 200.'),
  customerId: ownId('Your id of the customer.'),
  linkId: idOf('lnk').optional(),
  affiliateId: ownId('Your id of the affiliate. For a holder it is the holder’s own id.').optional(),
  occurredAt: time.optional().meta({ description: 'Now unless said.' }),
})
export const newSale = newLead.extend({ amount, currency })
/** No more than the sender knows anyway: publishable keys are public. */
export const receipt = z
  .object({ id: z.string(), eventId: z.string(), type: z.enum(['lead', 'sale']), receivedAt: time })
  .meta({ id: 'ConversionReceipt' })

const statuses = ['open', 'paid', 'shipped', 'cancelled'] as const
export const orderStatus = z.enum(statuses)
export const order = z
  .object({
    id: z.string(),
    subAccount: z.string().nullable().meta({ description: 'Id of the sub-account; null: of none.' }),
    status: orderStatus,
    customer: z.string(),
    total: amount,
    currency,
    note: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Order' })
export const orderChange = z
  .strictObject({ status: orderStatus.optional(), note: text(500).nullable().optional() })
  .refine(...changesSomething)

export const subscription = z
  .object({
    id: z.string(),
    externalId: z.string(),
    customerId: z.string(),
    productId: z.string(),
    status: z.literal('active'),
    createdAt: time,
  })
  .meta({ id: 'Subscription' })
export const newSubscription = z.strictObject({
  externalId: ownId('Your own id. A repeated request with the same one answers the first subscription with 200.'),
  customerId: ownId('Your id of the customer.'),
  productId: idOf('prd'),
})

export type Link = z.infer<typeof link>
export type Domain = z.infer<typeof domain>
export type Folder = z.infer<typeof folder>
export type Tag = z.infer<typeof tag>
export type UtmTemplate = z.infer<typeof utmTemplate>
export type Product = z.infer<typeof product>
export type Report = z.infer<typeof report>
export type Conversion = z.infer<typeof conversion>
export type Order = z.infer<typeof order>
export type Subscription = z.infer<typeof subscription>
