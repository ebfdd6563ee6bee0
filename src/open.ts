/** What the server and the commands that work beside it need alike: catalog, secrets, and the store opened. */

import { OPERATOR } from './accounts/rules.ts'
import { type Catalog, loadCatalog } from './catalog.ts'
import type { Config } from './config.ts'
import { sealer } from './events/rules.ts'
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
  const store = await openStore(config, { now, seal: sealer(derive(masterKeys, 'event chain')) })
  try {
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
  for (const [id, bytes] of secrets.all) {
    const document: SecretCheck = { id: `${kind}:${id}`, account: '', value: checkValue(bytes), createdAt: now }
    const known = await store.get('', 'secretChecks', document.id)
    // Lost to another instance at its first start: then its value is read and compared.
    if (known === null && (await store.commit(OPERATOR, { insert: [{ collection: 'secretChecks', document }] })).ok)
      continue
    const kept = known ?? (await store.get('', 'secretChecks', document.id))
    if (kept?.value !== document.value) throw wrongSecret(kind, id)
  }
}

function wrongSecret(kind: 'pepper' | 'master-key', id: string): SecretsFault {
  const variable = kind === 'pepper' ? 'LATCHKEY_PEPPERS' : 'LATCHKEY_MASTER_KEYS'
  return new SecretsFault(
    `${variable}: "${id}" is not the value that this store was used with before. Give the old value under that id, and new ones under new ids.`,
  )
}
