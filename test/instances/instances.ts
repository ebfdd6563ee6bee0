/** Several servers, each a process, on one MongoDB: what one of them acknowledges, all of them know. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DemoData } from '../../src/demo/seed.ts'
import { dropDatabase, freshName, mongoTestUri, NO_MONGO, readAll } from '../contract/mongo-server.ts'

const CHILD = fileURLToPath(new URL('./server.child.ts', import.meta.url))

export interface Instances {
  /** Base of every issuer, whichever instance is asked. */
  publicUrl: string
  /** Where each instance really listens. */
  urls: string[]
  demo: DemoData
  /** UTC ms, as every instance has it. */
  now(): number
  /** Moves the clocks of all, one a little before the other. */
  pass(ms: number): Promise<void>
  /** Ends the process of one at once, as a fault would. */
  kill(n: number): Promise<void>
  /** Which one does a piece of scheduled work; waits until one does. */
  holderOf(work: string): Promise<number>
  close(): Promise<void>
}

const NUMBERS = { 2: 'Two', 3: 'Three' }

/**
 * Declares `body` for servers that are there as long as its tests run.
 *
 * @param more.catalog the demo's catalog, changed
 */
export function onInstances(
  count: 2 | 3,
  title: string,
  body: (all: Instances) => void,
  { catalog = (yaml) => yaml }: { catalog?: (yaml: string) => string } = {},
): void {
  const absent = process.env.MONGODB_TEST_URI ? '' : ` (${NO_MONGO})`
  describe(`${NUMBERS[count]} instances on one MongoDB: ${title}${absent}`, () => {
    const all = {} as Instances
    before(async function () {
      this.timeout(120_000)
      const started = await startInstances(count, catalog)
      if (started === null) return this.skip()
      Object.assign(all, started)
    })
    after(async function () {
      this.timeout(60_000)
      await all.close?.()
    })
    body(all)
  })
}

/** @returns null where there is no MongoDB to share */
async function startInstances(count: number, catalog: (yaml: string) => string): Promise<Instances | null> {
  const uri = mongoTestUri(freshName())
  if (uri === null) return null
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-instances-'))
  const ports = await freePorts(count + 1)
  const publicUrl = `http://localhost:${ports[0]}`
  const secret = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
  const catalogFile = join(dataDir, 'latchkey.yaml')
  writeFileSync(catalogFile, catalog(readFileSync('latchkey.yaml', 'utf8')))
  const env = {
    PATH: process.env.PATH,
    LATCHKEY_CATALOG: catalogFile,
    LATCHKEY_DATA_DIR: dataDir,
    MONGODB_URI: uri,
    PUBLIC_URL: publicUrl,
    LATCHKEY_PEPPERS: secret('p1'),
    LATCHKEY_MASTER_KEYS: secret('m1'),
    LOG_LEVEL: 'silent',
  }
  const children: ChildProcess[] = []
  /** Of the instances, as they stand in the database. */
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const child = fork(CHILD, [], {
      env: { ...env, PORT: String(ports[i]), DEMO_RESOURCE_PORT: i === 0 ? String(ports[count]) : '0' },
      execArgv: ['--import', 'tsx/esm'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    children.push(child)
    // One after the other: the first fills the store with demo data.
    const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')])
    if (typeof message !== 'object') throw new Error(`instance ${i} ended with ${message}`)
    const running = await readAll(uri, 'instances')
    ids.push(running.map(({ _id }) => _id).find((id) => !ids.includes(id)) as string)
  }
  let ahead = 0
  return {
    publicUrl,
    urls: ports.slice(0, count).map((port) => `http://127.0.0.1:${port}`),
    demo: JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as DemoData,
    now: () => Date.now() + ahead,
    async pass(passMs) {
      const passed = children.map((child) => once(child, 'message'))
      for (const child of children) child.send({ passMs })
      await Promise.all(passed)
      ahead += passMs
    },
    async kill(n) {
      const child = children[n] as ChildProcess
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    async holderOf(work) {
      for (;;) {
        const leases = await readAll(uri, 'leases')
        const n = ids.indexOf(String(leases.find(({ _id }) => _id === work)?.holder))
        if (n >= 0) return n
      }
    },
    async close() {
      for (const child of children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
        child.disconnect()
        await once(child, 'exit')
      }
      rmSync(dataDir, { recursive: true, force: true })
      await dropDatabase(uri)
    },
  }
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
