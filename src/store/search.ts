import { type CollectionName, type Collections, collections } from './collections.ts'
import { memberAt } from './rules.ts'
import type { Kept, Page, PageQuery, Position, Scope, Store } from './store.ts'

const AT_ONCE = 200
/** Looked through for one page; a page may then be short, and the next one goes on from there. */
const MOST = 5_000

/** A page of the documents that match, for what no index finds. */
export function search<C extends CollectionName>(
  store: Store,
  scope: Scope,
  collection: C,
  query: PageQuery,
  matches: (document: Collections[C]) => boolean,
): Promise<Page<Collections[C]>> {
  return pick(store, scope, collection, query, (documents) => documents.filter(matches))
}

type Some<C extends CollectionName> = Kept<Collections[C]>[]

/**
 * The same, where whether a document matches is to be looked up.
 *
 * @param choose those of a few that match, in their order
 */
export async function pick<C extends CollectionName>(
  store: Store,
  scope: Scope,
  collection: C,
  query: PageQuery,
  choose: (documents: Some<C>) => Some<C> | Promise<Some<C>>,
): Promise<Page<Collections[C]>> {
  const items: Some<C> = []
  let { after } = query
  for (let seen = 0; seen < MOST; seen += AT_ONCE) {
    const page = await store.page(scope, collection, { ...query, ...(after && { after }), limit: AT_ONCE })
    for (const document of await choose(page.items)) {
      if (items.length === query.limit) return { items, next: placeOf(collection, items.at(-1)) }
      items.push(document)
    }
    if (page.next === null) return { items, next: null }
    after = page.next
  }
  return { items, next: after ?? null }
}

/** The first document that matches, however far back it stands. */
export async function findFirst<C extends CollectionName>(
  store: Store,
  scope: Scope,
  collection: C,
  matches: (document: Collections[C]) => boolean,
): Promise<Kept<Collections[C]> | null> {
  let after: Position | null = null
  do {
    const page: Page<Collections[C]> = await search(
      store,
      scope,
      collection,
      { limit: 1, ...(after && { after }) },
      matches,
    )
    if (page.items[0] !== undefined) return page.items[0]
    after = page.next
  } while (after !== null)
  return null
}

function placeOf(collection: CollectionName, document: { id: string } | undefined): Position | null {
  if (document === undefined) return null
  return { at: memberAt(document, collections[collection].sort) as number, id: document.id }
}

/** Whether any of the texts holds `q`, whatever their case. */
export function holds(q: string, ...texts: (string | null)[]): boolean {
  const wanted = plain(q)
  return texts.some((text) => text !== null && plain(text).includes(wanted))
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}
