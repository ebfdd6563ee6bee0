/** One server for a file of tests, and the environment that finds it. */
import type { Latchkey } from '../../src/compose.ts'
import type { DemoData } from '../../src/demo/seed.ts'
import { startForTests } from '../../src/server.ts'
import type { Env } from './run.ts'

export interface CliServer {
  latchkey: Latchkey
  demo: DemoData
  secret(name: string): string
  keyId(name: string): string
  /** LATCHKEY_URL, and LATCHKEY_KEY where a demo key is named. */
  env(name?: string): Env
}

/** Starts it before the tests of the suite that calls this, and stops it after them. */
export function withServer(env: Record<string, string> = {}): () => CliServer {
  let server: CliServer
  before(async function () {
    this.timeout(30_000)
    server = await open(env)
  })
  after(() => server?.latchkey.close())
  return () => server
}

async function open(given: Record<string, string>): Promise<CliServer> {
  const latchkey = await startForTests({ env: given })
  const demo = latchkey.demo?.data as DemoData
  const key = (name: string) => {
    const found = demo.keys[name]
    if (found === undefined) throw new Error(`no demo key ${name}`)
    return found
  }
  return {
    latchkey,
    demo,
    secret: (name) => key(name).secret,
    keyId: (name) => key(name).id,
    env: (name) => ({ LATCHKEY_URL: latchkey.url, ...(name === undefined ? {} : { LATCHKEY_KEY: key(name).secret }) }),
  }
}
