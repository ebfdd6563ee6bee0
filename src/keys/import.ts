import type { Account } from '../accounts/rules.ts'
import { subAccountId } from '../accounts/rules.ts'
import type { NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Holder } from '../holders/rules.ts'
import { act, type Decision } from '../store/act.ts'
import { EVERY_ACCOUNT, type Guarded, type Kept, type NewEvent, type Ref, type Write } from '../store/store.ts'
import { accountFault, wishFault } from './create.rules.ts'
import { type KeyAsker, type KeyDeps, keyEvent, refuseBeyond, unusedIds } from './create.ts'
import { type ImportItem, importedKey, importWish, type RefusedItem, refusedItem } from './import.rules.ts'
import { liveSecrets } from './rotation.rules.ts'
import { type ApiKey, hashImported, keyStatus } from './rules.ts'
import { type ShownKey, showKey } from './shape.ts'

export interface Import {
  namespace: string
  /** In their order; what is malformed as why it is. */
  items: readonly (ImportItem | Refusal)[]
}
export type ImportResult = { index: number; key: ShownKey } | ({ index: number } & RefusedItem)

const WORKS = 'This key was imported before. It works as it is.'
const NO_HASHES: ReadonlyMap<string, string> = new Map()

interface Loaded {
  account: Kept<Account>
  namespace: NamespaceEntry
  holders: ReadonlyMap<string, Holder>
  /** Slugs of those that the grants name and that exist. */
  subAccounts: ReadonlySet<string>
  /** Of each item, by id of the pepper. */
  hashes: readonly ReadonlyMap<string, string>[]
  /** Hashes that keys of any account have already, and whether such a key does here what the new one would. */
  taken: Map<string, boolean>
  /** One for each item. */
  ids: readonly string[]
  /** How many more keys the account may have, less those made of earlier items. */
  room: number
  guards: Guarded[]
}

/**
 * Makes a key of each item, all in one commit, with an event for each; an item that cannot be one says why, and does not
 * stop the others. The same call again finds its keys imported already.
 *
 * @throws Refusal where no key at all can be imported
 */
export async function importKeys(
  deps: KeyDeps,
  account: string,
  wanted: Import,
  asker: KeyAsker,
): Promise<ImportResult[]> {
  const results = await act(deps.store, () => decide(deps, account, wanted, asker))
  await deps.statusChanged()
  return results
}

async function decide(
  deps: KeyDeps,
  accountId: string,
  wanted: Import,
  asker: KeyAsker,
): Promise<Decision<ImportResult[]>> {
  const loaded = await load(deps, accountId, wanted)
  const insert: Write[] = []
  const events: NewEvent[] = []
  const results: ImportResult[] = []
  for (const [index, item] of wanted.items.entries()) {
    try {
      if (item instanceof Refusal) throw item
      const key = await keyOf(deps, { item, index }, loaded, asker)
      const shown = showKey(key, { holder: holderOf(item, loaded), use: null, now: key.createdAt })
      insert.push({ collection: 'keys', document: key })
      events.push(keyEvent(deps, 'key.created', asker, key, { object: shown, imported: true }))
      results.push({ index, key: shown })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      results.push({ index, ...refusedItem(error) })
    }
  }
  const count = [{ name: 'keys', add: insert.length, max: deps.catalog.limits.keysPerAccount }]
  const commit = insert.length === 0 ? {} : { expect: loaded.guards, insert, count, events }
  // Where a rival imported one of them meanwhile, all is decided again, from what stands then.
  return { account: accountId, commit, answer: results, refusals: { full: () => new Refusal('keys_full') } }
}

/** @throws Refusal why this one cannot be imported */
async function keyOf(
  deps: KeyDeps,
  { item, index }: { item: ImportItem; index: number },
  loaded: Loaded,
  asker: KeyAsker,
): Promise<ApiKey> {
  const { catalog, peppers } = deps
  const { account, namespace, subAccounts, taken } = loaded
  const hashes = loaded.hashes[index] as ReadonlyMap<string, string>
  const before = [...hashes.values()].filter((hash) => taken.has(hash))
  if (before.length > 0)
    throw new Refusal('already_imported', before.some((hash) => taken.get(hash)) ? { detail: WORKS } : {})
  if (loaded.room <= 0) throw new Refusal('keys_full')
  const wish = importWish(item, namespace.id)
  const holder = holderOf(item, loaded)
  const now = deps.now()
  const fault = wishFault({ wish, account, holder, subAccounts, jwksUriFault: null, catalog, now })
  if (fault !== null) throw fault
  if (asker.bound) refuseBeyond(wish, account, namespace, { catalog })
  for (const hash of hashes.values()) taken.set(hash, true)
  loaded.room -= 1
  const pepper = peppers.current.id
  const { type, id, name } = asker.actor
  return importedKey(wish, account.id, holder, {
    id: loaded.ids[index] as string,
    secret: { id: deps.newId('sec'), pepper, hash: hashes.get(pepper) as string, last4: item.last4 },
    status: await deps.allocator.take(namespace.id),
    by: { type, id, name },
    now,
  })
}

function holderOf({ holderId }: ImportItem, { holders }: Loaded): Holder | null {
  return holders.get(holderId ?? '') ?? null
}

async function load(deps: KeyDeps, accountId: string, { namespace: id, items: all }: Import): Promise<Loaded> {
  const { store, catalog, now } = deps
  const items = all.flatMap((item) => (item instanceof Refusal ? [] : item))
  const slugs = distinct(items.flatMap(({ grants }) => grants.flatMap(({ subAccount }) => subAccount ?? [])))
  const holderIds = distinct(items.flatMap(({ holderId }) => holderId ?? []))
  const refs: Ref[] = [
    { collection: 'accounts', id: accountId },
    ...holderIds.map((holder) => ({ collection: 'holders', id: holder }) as const),
    ...slugs.map((slug) => ({ collection: 'subAccounts', id: subAccountId(accountId, slug) }) as const),
  ]
  const [found, head] = await Promise.all([store.getMany(accountId, refs), store.get(accountId, 'heads', accountId)])
  const account = found[0] as Kept<Account> | null
  if (account === null) throw new Refusal('not_found')
  const namespace = namespaceFor(deps, account, id, now())
  const there = found.slice(1 + holderIds.length)
  const hashes = all.map((item) => (item instanceof Refusal ? NO_HASHES : hashesOf(deps, item.sha256)))
  return {
    account,
    namespace,
    holders: new Map(holderIds.flatMap((holder, i) => (found[1 + i] ? [[holder, found[1 + i] as Kept<Holder>]] : []))),
    subAccounts: new Set(slugs.filter((_, i) => there[i] !== null)),
    hashes,
    taken: await takenHashes(deps, { account: accountId, namespace: id }, hashes),
    ids: await unusedIds(deps, all.length),
    room: catalog.limits.keysPerAccount - (head?.counts.keys ?? 0),
    guards: refs.flatMap(({ collection }, i) => (found[i] ? [{ collection, document: found[i] } as Guarded] : [])),
  }
}

/** @throws Refusal */
function namespaceFor({ catalog }: KeyDeps, account: Account, id: string, now: number): NamespaceEntry {
  const namespace = catalog.namespaces.get(id)
  if (namespace === undefined) throw new Refusal('unknown_namespace')
  if (!namespace.acceptsImported) throw new Refusal('not_importable')
  const fault = accountFault(account, namespace, catalog, now)
  if (fault !== null) throw fault
  return namespace
}

function hashesOf({ peppers }: KeyDeps, sha256: string): Map<string, string> {
  return new Map([...peppers.all].map(([id, bytes]) => [id, hashImported(sha256, bytes)]))
}

async function takenHashes(
  { store, peppers, now }: KeyDeps,
  here: Pick<ApiKey, 'account' | 'namespace'>,
  all: Loaded['hashes'],
): Promise<Loaded['taken']> {
  const taken: Loaded['taken'] = new Map()
  for (const pepper of peppers.all.keys()) {
    const hashes = distinct(all.flatMap((of) => of.get(pepper) ?? []))
    if (hashes.length === 0) continue
    const where = { importedHash: hashes }
    const { items: keys } = await store.page(EVERY_ACCOUNT, 'keys', { where, limit: hashes.length })
    for (const key of keys) if (key.importedHash !== null) taken.set(key.importedHash, worksIn(here, key, now()))
  }
  return taken
}

/** Not where another account or namespace has it, nor where the text is no live secret any more. */
function worksIn({ account, namespace }: Pick<ApiKey, 'account' | 'namespace'>, key: ApiKey, now: number): boolean {
  if (key.account !== account || key.namespace !== namespace || keyStatus(key, now) !== 'active') return false
  return liveSecrets(key, now).some(({ hash }) => hash === key.importedHash)
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
