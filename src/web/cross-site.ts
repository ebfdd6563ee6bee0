/** Cross-site request forgery: what a browser says of the page that a request came from. */
import { Refusal } from '../errors.ts'
import type { RequestFacts } from './request.ts'

const SAFE = new Set(['GET', 'HEAD'])

/**
 * For requests that a cookie speaks for. A change must be said to come from our own page: `Sec-Fetch-Site:
 * same-origin`, or where a browser is too old for that header, an `Origin` equal to PUBLIC_URL's.
 *
 * @param origin of PUBLIC_URL
 * @throws Refusal `cross_site`
 */
export function requireOwnPage(request: RequestFacts, origin: string): void {
  if (!SAFE.has(request.method) && pageOf(request, origin) !== 'own') throw new Refusal('cross_site')
}

/**
 * For changes that no cookie speaks for: sign-in, and links. Programs say nothing of a page; every browser does.
 *
 * @throws Refusal `cross_site`
 */
export function refuseForeignPage(request: RequestFacts, origin: string): void {
  if (pageOf(request, origin) === 'foreign') throw new Refusal('cross_site')
}

function pageOf(request: RequestFacts, origin: string): 'own' | 'foreign' | 'unsaid' {
  const site = request.header('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin' ? 'own' : 'foreign'
  if (request.origin === null) return 'unsaid'
  return request.origin === origin ? 'own' : 'foreign'
}
