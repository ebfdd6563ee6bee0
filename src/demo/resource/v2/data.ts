/** The data of namespace v2: rich for account `acme`, a little for `globex`, none for the others. */
import { Collection, type Ids, perAccount } from '../collection.ts'
import { operationsOn } from '../operation.ts'
import { daysBefore } from '../shapes.ts'
import type {
  Conversion,
  Domain,
  Folder,
  Link,
  Order,
  Product,
  Report,
  Subscription,
  Tag,
  UtmTemplate,
} from './shapes.ts'

export interface V2Data {
  links: Collection<Link>
  domains: Collection<Domain>
  folders: Collection<Folder>
  tags: Collection<Tag>
  utmTemplates: Collection<UtmTemplate>
  conversions: Collection<Conversion>
  products: Collection<Product>
  orders: Collection<Order>
  subscriptions: Collection<Subscription>
  reports: Collection<Report>
}

export const operation = operationsOn<V2Data>()

function empty(ids: Ids): V2Data {
  return {
    links: new Collection(ids, { prefix: 'lnk', what: 'links', max: 1000 }),
    domains: new Collection(ids, { prefix: 'dom', what: 'domains', max: 100 }),
    folders: new Collection(ids, { prefix: 'fld', what: 'folders', max: 200 }),
    tags: new Collection(ids, { prefix: 'tag', what: 'tags', max: 200 }),
    utmTemplates: new Collection(ids, { prefix: 'utm', what: 'UTM templates', max: 200 }),
    conversions: new Collection(ids, { prefix: 'cnv', what: 'conversions', max: 5000 }),
    products: new Collection(ids, { prefix: 'prd', what: 'products', max: 200 }),
    orders: new Collection(ids, { prefix: 'ord', what: 'orders', max: 1000 }),
    subscriptions: new Collection(ids, { prefix: 'sub', what: 'subscriptions', max: 1000 }),
    reports: new Collection(ids, { prefix: 'rep', what: 'reports', max: 200 }),
  }
}

/** @param now ms since 1970 */
export function createV2Data(ids: Ids, now: number): (account: string) => V2Data {
  const days = daysBefore(now)
  const acme = empty(ids)
  seedAcmeLinks(acme, days)
  seedAcmeConversions(acme, days)
  seedAcmeShop(acme, days)
  const globex = empty(ids)
  seedGlobex(globex, days)
  return perAccount({ acme, globex }, () => empty(ids))
}

type Days = (days: number) => string

function addLink(
  data: V2Data,
  domain: string,
  slug: string,
  about: Pick<Link, 'url' | 'title' | 'clicks'>,
  at: string,
) {
  const times = { createdAt: at, updatedAt: at }
  const shortUrl = `https://${domain}/${slug}`
  data.links.add({ ...about, externalId: null, domain, slug, shortUrl, tags: [], folderId: null, ...times })
}

function seedAcmeLinks(acme: V2Data, days: Days): void {
  for (const name of ['go.acme.example', 'acme.example'])
    acme.domains.add({ name, verified: true, createdAt: days(400) })
  for (const name of ['Spring campaign', 'Newsletter', 'Partners']) acme.folders.add({ name, createdAt: days(120) })
  acme.tags.add({ name: 'spring', color: 'green' })
  acme.tags.add({ name: 'email', color: 'blue' })
  acme.tags.add({ name: 'partner', color: 'purple' })
  acme.utmTemplates.add({ name: 'Newsletter', source: 'newsletter', medium: 'email', campaign: null })
  acme.utmTemplates.add({ name: 'Spring sale', source: 'partners', medium: 'referral', campaign: 'spring-sale' })
  const on = 'go.acme.example'
  const shop = 'https://shop.acme.example'
  addLink(acme, on, 'spring', { url: `${shop}/spring-sale`, title: 'Spring sale', clicks: 1843 }, days(60))
  addLink(acme, on, 'rockets', { url: `${shop}/rocket-skates`, title: 'Rocket skates', clicks: 902 }, days(48))
  addLink(acme, on, 'anvils', { url: `${shop}/anvils`, title: 'Anvils, delivered', clicks: 377 }, days(41))
  addLink(acme, on, 'news-11', { url: `${shop}/news/11`, title: 'Newsletter, issue 11', clicks: 264 }, days(20))
  addLink(acme, 'lnk.example', 'acme-jobs', { url: 'https://acme.example/jobs', title: 'Jobs', clicks: 51 }, days(6))
}

type Seed = Pick<Conversion, 'eventId' | 'type' | 'customerId' | 'affiliateId' | 'amount'>

function addConversion(data: V2Data, seed: Seed, at: string): void {
  const currency = seed.amount === null ? null : 'USD'
  data.conversions.add({ ...seed, linkId: 'lnk_1001', currency, occurredAt: at, receivedAt: at })
}

/** A-1001 is Blue Media, an affiliate of acme; A-1002 another one; null came without an affiliate. */
function seedAcmeConversions(acme: V2Data, days: Days): void {
  const seeds: Seed[] = [
    { eventId: 'lead-1', type: 'lead', customerId: 'c-204', affiliateId: 'A-1001', amount: null },
    { eventId: 'sale-1', type: 'sale', customerId: 'c-204', affiliateId: 'A-1001', amount: 12_900 },
    { eventId: 'lead-2', type: 'lead', customerId: 'c-311', affiliateId: 'A-1002', amount: null },
    { eventId: 'sale-2', type: 'sale', customerId: 'c-311', affiliateId: 'A-1002', amount: 4_550 },
    { eventId: 'sale-3', type: 'sale', customerId: 'c-087', affiliateId: null, amount: 29_900 },
    { eventId: 'sale-4', type: 'sale', customerId: 'c-409', affiliateId: 'A-1001', amount: 7_700 },
  ]
  for (const [index, seed] of seeds.entries()) addConversion(acme, seed, days(25 - index * 4))
}

function seedAcmeShop(acme: V2Data, days: Days): void {
  acme.products.add({ sku: 'ACM-RS-1', name: 'Rocket skates', price: 12_900, currency: 'USD' })
  acme.products.add({ sku: 'ACM-AN-9', name: 'Anvil, 9 kg', price: 4_550, currency: 'USD' })
  acme.products.add({ sku: 'ACM-CLUB', name: 'Acme Club, one month', price: 900, currency: 'USD' })
  acme.reports.add({ name: 'Conversions by affiliate', period: 'last month', rows: 48, createdAt: days(3) })
  acme.reports.add({ name: 'Clicks by country', period: 'last month', rows: 31, createdAt: days(3) })
  const orders = [
    ['acme-main', 'paid', 'R. Runner', 12_900],
    ['acme-eu', 'open', 'C. Yote', 29_900],
    ['acme-main', 'shipped', 'S. Gonzales', 4_550],
    ['acme-eu', 'paid', 'P. Lepew', 7_700],
    ['acme-main', 'open', 'E. Fudd', 900],
  ] as const
  for (const [index, [subAccount, status, customer, total]] of orders.entries()) {
    const at = days(18 - index * 3)
    const times = { createdAt: at, updatedAt: at }
    const currency = subAccount === 'acme-eu' ? 'EUR' : 'USD'
    acme.orders.add({ subAccount, status, customer, total, currency, note: null, ...times })
  }
}

function seedGlobex(globex: V2Data, days: Days): void {
  globex.domains.add({ name: 'to.globex.example', verified: true, createdAt: days(90) })
  const about = { url: 'https://globex.example/welcome', title: 'Welcome', clicks: 17 }
  addLink(globex, 'to.globex.example', 'welcome', about, days(30))
  const sale = { eventId: 'sale-1', type: 'sale', customerId: 'g-1', affiliateId: null, amount: 1_000 } as const
  globex.conversions.add({ ...sale, linkId: null, currency: 'USD', occurredAt: days(9), receivedAt: days(9) })
  const times = { createdAt: days(9), updatedAt: days(9) }
  const total = { total: 1_000, currency: 'USD', note: null }
  globex.orders.add({ subAccount: null, status: 'paid', customer: 'H. Scorpio', ...total, ...times })
}
