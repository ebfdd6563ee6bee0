/** The store without a server, for commands that must work before there is one. */
import type { InitDeps } from '../accounts/init.ts'
import { loadConfig } from '../config.ts'
import { type Opened, open } from '../open.ts'
import { findPerson, findSessions } from '../people/find.ts'
import { pooledRandom } from '../random.ts'
import { createAllocator } from '../status/allocate.ts'
import { startFault } from './faults.ts'

export interface Offline extends InitDeps {
  /** What an operator should know, such as secrets that were made. */
  notices: readonly string[]
}

/**
 * Opens the store that `latchkey serve` would use in the same environment, for as long as `work` takes.
 *
 * @throws CliFault where environment, catalog, secrets or store are not right
 */
export async function offline<T>(env: NodeJS.ProcessEnv, work: (deps: Offline) => Promise<T>): Promise<T> {
  let opened: Opened | null = null
  try {
    const config = loadConfig(env)
    const outside = { now: Date.now, random: pooledRandom() }
    opened = await open(config, outside)
    const { store } = opened
    return await work({
      ...opened,
      ...outside,
      allocator: createAllocator(store, outside.random),
      publicUrl: config.publicUrl,
      findPerson: (email) => findPerson(store, email),
      findSessions: (personId) => findSessions(store, personId),
    })
  } catch (error) {
    throw startFault(error)
  } finally {
    await opened?.store.close()
  }
}
