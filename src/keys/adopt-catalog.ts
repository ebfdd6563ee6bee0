/** What a new catalog takes away ends at the start of the server, for every account, whoever starts and however often. */
import type { Account } from '../accounts/rules.ts'
import type { Catalog } from '../catalog.ts'
import { act, type Decision } from '../store/act.ts'
import { EVERY_ACCOUNT, type Kept, type Store } from '../store/store.ts'
import type { EndTokens } from './end-tokens.ts'
import { differsOn, type ServedCatalog, writeServed } from './served.rules.ts'

export interface AdoptCatalogDeps {
  store: Store
  catalog: Catalog
  endTokens: Pick<EndTokens, 'begin'>
}

const ACCOUNTS_AT_ONCE = 20

/**
 * Makes the catalog the one that is served. Where it gives other rights than the one before, each account concerned has
 * an ending when this resolves; a start that was cut off is taken up by the next.
 *
 * @returns its generation
 */
export async function adoptCatalog(deps: AdoptCatalogDeps): Promise<number> {
  const text = writeServed(deps.catalog)
  for (;;) {
    const { items } = await deps.store.page('', 'servedCatalogs', { limit: 1, order: 'desc' })
    const latest = items[0]
    if (latest !== undefined && !latest.settled) await settle(deps, latest)
    else if (latest?.text === text) return latest.generation
    else await succeed(deps.store, latest?.generation ?? 0, text)
  }
}

/** Where another instance was first, its catalog is the latest. */
async function succeed(store: Store, before: number, text: string): Promise<void> {
  const generation = before + 1
  const document: ServedCatalog = {
    id: String(generation),
    account: '',
    generation,
    text,
    after: null,
    settled: before === 0,
  }
  await store.commit('', { insert: [{ collection: 'servedCatalogs', document }] })
}

async function settle(deps: AdoptCatalogDeps, { id, generation }: ServedCatalog): Promise<void> {
  const before = await deps.store.get('', 'servedCatalogs', String(generation - 1))
  if (before === null) throw new Error(`served catalog ${generation - 1} is missing`)
  while (!(await act(deps.store, () => decide(deps, id, before))).settled);
}

/** Up to the next account concerned, whose ending is written together with how far that is. */
async function decide(
  { store, endTokens }: AdoptCatalogDeps,
  id: string,
  before: ServedCatalog,
): Promise<Decision<{ settled: boolean }>> {
  const served = (await store.get('', 'servedCatalogs', id)) as Kept<ServedCatalog>
  if (served.settled) return { account: '', commit: {}, answer: { settled: true } }
  const { items, next } = await store.page(EVERY_ACCOUNT, 'accounts', {
    limit: ACCOUNTS_AT_ONCE,
    ...(served.after === null ? {} : { after: served.after }),
  })
  const concerned = items.find(({ plan }) => differsOn(plan, before.text, served.text))
  const after = concerned === undefined ? next : placeOf(concerned)
  const settled = after === null
  const document = { ...served, after: after ?? served.after, settled }
  const replace = [{ collection: 'servedCatalogs', document } as const]
  if (concerned === undefined) return { account: '', commit: { replace }, answer: { settled } }
  const { id: account, plan } = concerned
  return {
    account,
    commit: {
      // Its plan was this one until now; a later one ends what that takes away.
      expect: [{ collection: 'accounts', document: concerned }],
      insert: [endTokens.begin(account, { of: {}, before: { plan, catalog: before.id } })],
      replace,
    },
    answer: { settled },
  }
}

function placeOf({ createdAt, id }: Account): { at: number; id: string } {
  return { at: createdAt, id }
}
