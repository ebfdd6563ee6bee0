/** `latchkey/server`: Latchkey in your own process, and for your own tests. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Latchkey, type Outside, start } from './compose.ts'
import { type Config, loadConfig } from './config.ts'
import type { DemoData } from './demo/seed.ts'
import { pooledRandom } from './random.ts'

export type { Config } from './config.ts'
export type { DemoData } from './demo/seed.ts'

export interface RunningServer {
  /** PUBLIC_URL. */
  url: string
  close(): Promise<void>
}

/**
 * Starts a server.
 *
 * @param config environment variables by name, as docs/configuration.md lists them, or a parsed Config
 * @throws ConfigFault, CatalogFault where something is wrong; nothing is left running then
 */
export async function createServer(config: Readonly<Record<string, string>> | Config): Promise<RunningServer> {
  const { url, close } = await start(isConfig(config) ? config : loadConfig(config))
  return { url, close }
}

export interface TestServer extends RunningServer {
  /** Of the demo resource server. */
  resourceUrl: string
  /** Keys, people and accounts to test with. */
  demo: DemoData
}

/**
 * A whole server for tests: free ports, a store in memory, demo data.
 *
 * @param options.now UTC milliseconds; the real clock unless given
 * @param options.env further environment variables
 */
export async function createTestServer(
  options: { now?: () => number; env?: Readonly<Record<string, string>> } = {},
): Promise<TestServer> {
  const latchkey = await startForTests(options)
  const { demo } = latchkey
  return {
    url: latchkey.url,
    resourceUrl: demo?.resourceUrl as string,
    demo: demo?.data as DemoData,
    close: latchkey.close,
  }
}

/** As {@link createTestServer}, with everything inside it; a LATCHKEY_DATA_DIR that is given keeps the store. */
export async function startForTests(
  options: { now?: () => number; env?: Readonly<Record<string, string>>; logTo?: Outside['logTo'] } = {},
): Promise<Latchkey> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const config = loadConfig({
    PORT: '0',
    DEMO_RESOURCE_PORT: '0',
    LOG_LEVEL: 'silent',
    LATCHKEY_DATA_DIR: dataDir,
    LATCHKEY_CATALOG: fileURLToPath(new URL('../latchkey.yaml', import.meta.url)),
    ...options.env,
  })
  const inMemory = config.store.kind === 'sqlite' && options.env?.LATCHKEY_DATA_DIR === undefined
  const store: Config['store'] = inMemory ? { kind: 'sqlite', file: ':memory:' } : config.store
  const { now = Date.now, logTo } = options
  const outside = { now, random: pooledRandom(), ...(logTo === undefined ? {} : { logTo }) }
  const latchkey = await start({ ...config, store }, outside)
  return {
    ...latchkey,
    async close() {
      await latchkey.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

function isConfig(config: Readonly<Record<string, string>> | Config): config is Config {
  return typeof (config as Config).publicUrl === 'string' && typeof (config as Config).store === 'object'
}
