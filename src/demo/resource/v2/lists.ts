/** The simple families: a list, and what can be made in them. Names are unique: making one again answers it. */
import { z } from 'zod'
import type { AccessToken } from '../../../verifier/index.ts'
import { type Collection, paging } from '../collection.ts'
import { ResourceRefusal } from '../problems.ts'
import { fault, once, pageOf } from '../shapes.ts'
import { operation, type V2Data } from './data.ts'
import * as shapes from './shapes.ts'

interface Family<Row extends { id: string }, Given = never> {
  /** Of the path, the tag and the scopes. */
  name: string
  /** Of one row; its component in the document. */
  component: string
  words: { one: string; many: string }
  row: z.ZodType<Row>
  rows: (data: V2Data) => Collection<Row>
  create?: {
    schema: z.ZodType<Given>
    example: object
    fields: (given: Given, at: string) => Omit<Row, 'id'>
    /** Whether the plan has room for one more. */
    admit?: (token: AccessToken, count: number) => void
    refusals?: Record<number, string>
  }
}

function family<Row extends { id: string }, Given extends { name: string } = never>(declared: Family<Row, Given>) {
  const { name, component, words, row, rows, create } = declared
  const shape = row.meta({ id: component })
  const list = operation({
    method: 'get',
    path: `/v2/${name}`,
    operationId: `list${component}s`,
    tag: name,
    summary: `List ${words.many}`,
    scope: `${name}:read`,
    query: z.object(paging),
    answers: { 200: { description: `The ${words.many}, oldest first.`, schema: pageOf(shape, `${component}Page`) } },
    handle: ({ data, query }) => ({ status: 200, body: rows(data).page(query) }),
  })
  if (create === undefined) return [list]
  const make = operation({
    method: 'post',
    path: `/v2/${name}`,
    operationId: `create${component}`,
    tag: name,
    summary: `Create a ${words.one}`,
    description: 'May be repeated: a name that is there already answers what has it.',
    scope: `${name}:write`,
    body: create,
    answers: {
      201: { description: `The new ${words.one}.`, schema: shape },
      200: { description: `The ${words.one} of this name.`, schema: shape },
    },
    refusals: { 409: `\`full\`: the account has too many ${words.many}.`, ...create.refusals },
    handle({ data, body, token, now }) {
      const known = rows(data)
        .all()
        .find((each) => (each as { name?: string }).name === body.name)
      return once(known, () => {
        create.admit?.(token, rows(data).size)
        return rows(data).add(create.fields(body, new Date(now).toISOString()))
      })
    },
  })
  return [list, make]
}

/** The plan's limit is in the token: null or absent is none. What cannot be read as a number allows nothing. */
function admitDomain({ claims: { entitlements, plan } }: AccessToken, count: number): void {
  const limit = entitlements?.domains ?? Number.POSITIVE_INFINITY
  if (typeof limit === 'number' && count < limit) return
  const allowed = typeof limit === 'number' ? limit : 0
  const detail = `The plan ${plan ?? 'of the account'} includes ${allowed} domains, and there are ${count}. Ask for a larger plan.`
  throw new ResourceRefusal('quota_reached', detail)
}

const domains = family({
  name: 'domains',
  component: 'Domain',
  words: { one: 'domain', many: 'domains' },
  row: shapes.domain,
  rows: (data) => data.domains,
  create: {
    schema: shapes.newDomain,
    example: { name: 'sale.acme.example' },
    fields: ({ name }, createdAt) => ({ name, verified: false, createdAt }),
    admit: admitDomain,
    refusals: { 403: '`quota_reached`: the plan includes no more domains (`entitlements.domains` of the token).' },
  },
})

const folders = family({
  name: 'folders',
  component: 'Folder',
  words: { one: 'folder', many: 'folders' },
  row: shapes.folder,
  rows: (data) => data.folders,
  create: {
    schema: shapes.newFolder,
    example: { name: 'Summer campaign' },
    fields: ({ name }, createdAt) => ({ name, createdAt }),
  },
})

const tags = family({
  name: 'tags',
  component: 'Tag',
  words: { one: 'tag', many: 'tags' },
  row: shapes.tag,
  rows: (data) => data.tags,
  create: {
    schema: shapes.newTag,
    example: { name: 'summer', color: 'orange' },
    fields: ({ name, color = 'grey' }) => ({ name, color }),
  },
})

const utmTemplates = family({
  name: 'utm_templates',
  component: 'UtmTemplate',
  words: { one: 'UTM template', many: 'UTM templates' },
  row: shapes.utmTemplate,
  rows: (data) => data.utmTemplates,
  create: {
    schema: shapes.newUtmTemplate,
    example: { name: 'Summer sale', source: 'partners', medium: 'referral', campaign: 'summer' },
    fields: ({ name, source, medium, campaign = null }) => ({ name, source, medium, campaign }),
  },
})

const products = family({
  name: 'products',
  component: 'Product',
  words: { one: 'product', many: 'products' },
  row: shapes.product,
  rows: (data) => data.products,
})

const reports = family({
  name: 'reports',
  component: 'Report',
  words: { one: 'report', many: 'reports' },
  row: shapes.report,
  rows: (data) => data.reports,
})

const subscriptions = operation({
  method: 'get',
  path: '/v2/subscriptions',
  operationId: 'listSubscriptions',
  tag: 'subscriptions',
  summary: 'List subscriptions',
  description: 'The catalog has no scope to only read them: whoever may write them may list them.',
  scope: 'subscriptions:write',
  query: z.object(paging),
  answers: {
    200: {
      description: 'The subscriptions, oldest first.',
      schema: pageOf(shapes.subscription, 'SubscriptionPage'),
    },
  },
  handle: ({ data, query }) => ({ status: 200, body: data.subscriptions.page(query) }),
})

const subscribe = operation({
  method: 'post',
  path: '/v2/subscriptions',
  operationId: 'createSubscription',
  tag: 'subscriptions',
  summary: 'Create a subscription',
  description: 'May be repeated: the same `externalId` again answers the first subscription.',
  scope: 'subscriptions:write',
  body: {
    schema: shapes.newSubscription,
    example: { externalId: 's-7001', customerId: 'c-500', productId: 'prd_1003' },
  },
  answers: {
    201: { description: 'The new subscription.', schema: shapes.subscription },
    200: { description: 'The subscription that has this `externalId`.', schema: shapes.subscription },
  },
  refusals: { 409: '`full`: the account has 1,000 subscriptions.' },
  handle({ data, body, now }) {
    const known = data.subscriptions.all().find((each) => each.externalId === body.externalId)
    return once(known, () => {
      if (!data.products.get(body.productId)) throw fault('/productId', 'is none of the account’s products.')
      return data.subscriptions.add({ ...body, status: 'active', createdAt: new Date(now).toISOString() })
    })
  },
})

export const lists = [
  ...domains,
  ...folders,
  ...tags,
  ...utmTemplates,
  ...products,
  ...reports,
  subscriptions,
  subscribe,
]
