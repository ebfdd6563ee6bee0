import type { Ids } from '../collection.ts'
import { type Api, api } from '../operation.ts'
import { conversions } from './conversions.ts'
import { createV2Data } from './data.ts'
import { links } from './links.ts'
import { lists } from './lists.ts'
import { orders } from './orders.ts'
import { track } from './track.ts'

/** @param now ms since 1970; the data dates from the days before */
export function createV2(ids: Ids, now: number): Api {
  return api({
    id: 'v2',
    title: 'Partner API',
    tags: [
      { name: 'links', description: 'Short links' },
      { name: 'analytics', description: 'What came of them' },
      { name: 'conversions', description: 'Leads and sales, for those who read them' },
      { name: 'track', description: 'Leads and sales, for those who report them' },
      { name: 'orders', description: 'Orders, per sub-account' },
      { name: 'domains', description: 'Domains of short links' },
      { name: 'folders', description: 'Folders of links' },
      { name: 'tags', description: 'Tags of links' },
      { name: 'utm_templates', description: 'UTM parameters, kept ready' },
      { name: 'products', description: 'Products' },
      { name: 'reports', description: 'Reports' },
      { name: 'subscriptions', description: 'Subscriptions to products' },
    ],
    operations: [...links, ...conversions, ...track, ...orders, ...lists],
    dataOf: createV2Data(ids, now),
  })
}
