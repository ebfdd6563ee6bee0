/** What the server and the commands that work beside it need alike: catalog, secrets, and the store opened. */

import { OPERATOR } from './accounts/rules.ts'
import { type Catalog, loadCatalog } from './catalog.ts'
import type { Config } from './config.ts'
import { type EventRings, sealer } from './events/rules.ts'
import { base62 } from './keys/grammar.rules.ts'
import {
  checkValue,
  derive,
  loadOrMakeSecrets,
  privateFile,
  ring,
  type SecretCheck,
  type SecretRing,
  SecretsFault,
} from './secrets.ts'
import type { Store, StoreOptions } from './store/store.ts'

/** The keys of the event log, each derived for one purpose. */
export function eventRings(masterKeys: SecretRing): EventRings {
  return {
    chain: derive(masterKeys, 'event chain'),
    heads: derive(masterKeys, 'event heads'),
    anchors: derive(masterKeys, 'event anchors'),
  }
}

export interface Opened {
  catalog: Catalog
  store: Store
  peppers: SecretRing
  masterKeys: SecretRing
  /** What an operator should know, such as secrets that were made. */
  notices: readonly string[]
  /** `{prefix}_` and 16 random characters. */
  newId: (prefix: string) => string
}

/**
 * @throws CatalogFault, SecretsFault, StoreUnavailable; nothing is left open then
 */
export async function open(
  config: Config,
  outside: { now: () => number; random: (bytes: number) => Buffer },
): Promise<Opened> {
  const { now, random } = outside
  const notices: string[] = []
  const catalog = loadCatalog(config.catalogFile, config.publicUrl)
  const { peppers, masterKeys } = readSecrets(config, random, notices)
  const store = await openStore(config, { now, seal: sealer(eventRings(masterKeys)) })
  try {
    if (config.production) await refuseDemoData(store)
    await checkSecrets(store, 'pepper', peppers, now())
    await checkSecrets(store, 'master-key', masterKeys, now())
  } catch (error) {
    await store.close()
    throw error
  }
  return { catalog, store, peppers, masterKeys, notices, newId: (prefix) => `${prefix}_${base62(16, random)}` }
}

function readSecrets(
  config: Config,
  random: (bytes: number) => Buffer,
  notices: string[],
): { peppers: SecretRing; masterKeys: SecretRing } {
  const { peppers, masterKeys } = config
  if (peppers !== null && masterKeys !== null) return { peppers: ring(peppers), masterKeys: ring(masterKeys) }
  const kept = loadOrMakeSecrets(config.dataDir, random)
  if (kept.made) {
    notices.push(
      `Made peppers and master keys and wrote them to ${kept.file}. Without them no key of this store can be exchanged: back them up.`,
    )
  }
  return { peppers: ring(peppers ?? kept.peppers), masterKeys: ring(masterKeys ?? kept.masterKeys) }
}

/** The other adapter's driver is not even loaded. */
async function openStore({ store }: Config, options: StoreOptions): Promise<Store> {
  if (store.kind === 'mongodb') return (await import('./store/mongo.ts')).openMongo(store.uri, options)
  return (await import('./store/sqlite.ts')).openSqlite(privateFile(store.file), options)
}

/** @throws SecretsFault where the store knows a pepper or master key by this id with another value. */
async function checkSecrets(
  store: Store,
  kind: 'pepper' | 'master-key',
  secrets: SecretRing,
  now: number,
): Promise<void> {
  const { items } = await store.page('', 'secretChecks', { limit: 1000 })
  const known = new Map(items.filter((c) => c.id.startsWith(`${kind}:`)).map((c) => [c.id, c.value]))
  const given = [...secrets.all].map(([id, bytes]) => ({ id: `${kind}:${id}`, value: checkValue(bytes) }))
  for (const { id, value } of given) if ((known.get(id) ?? value) !== value) throw wrongSecret(kind, id)
  if (known.size > 0 && !given.some(({ id }) => known.has(id))) throw unknownSecrets(kind, [...known.keys()])
  for (const { id, value } of given.filter((one) => !known.has(one.id))) {
    const document: SecretCheck = { id, account: '', value, createdAt: now }
    const done = await store.commit(OPERATOR, { insert: [{ collection: 'secretChecks', document }] })
    // Another instance was first, perhaps with another value.
    if (!done.ok && (await store.get('', 'secretChecks', id))?.value !== value) throw wrongSecret(kind, id)
  }
}

/** Kept in a store that was ever filled with demo data. */
export const DEMO_MARK = 'demo:data'

async function refuseDemoData(store: Store): Promise<void> {
  if ((await store.get('', 'secretChecks', DEMO_MARK)) === null) return
  throw new SecretsFault(
    'The store holds demo data, whose passwords and keys lie open in demo.json. Production needs a store of its own: set LATCHKEY_DATA_DIR or MONGODB_URI to an empty one.',
  )
}

const VARIABLE = { pepper: 'LATCHKEY_PEPPERS', 'master-key': 'LATCHKEY_MASTER_KEYS' } as const

function wrongSecret(kind: keyof typeof VARIABLE, check: string): SecretsFault {
  const id = check.slice(kind.length + 1)
  return new SecretsFault(
    `${VARIABLE[kind]}: "${id}" is not the value that this store was used with before. Give the old value under that id, and new ones under new ids.`,
  )
}

function unknownSecrets(kind: keyof typeof VARIABLE, known: readonly string[]): SecretsFault {
  const ids = known.map((check) => check.slice(kind.length + 1)).join(', ')
  return new SecretsFault(
    `${VARIABLE[kind]}: none of these was ever used with this store, which knows ${ids}. Give those too, behind the new ones.`,
  )
}
