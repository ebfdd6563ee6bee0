/** Servers one after another on one store: each begins where the one before it was killed. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { DemoData } from '../../src/demo/seed.ts'
import { dropDatabase, endSessions, freshName, mongoTestUri } from '../contract/mongo-server.ts'
import { freePorts } from '../instances/instances.ts'

const END_SESSIONS_MS = 300
const CHILD = fileURLToPath(new URL('./killed.child.ts', import.meta.url))

export interface Servers {
  url: string
  demo(): DemoData
  /** Lets so many steps of the next change happen, and kills the server before the one after them. */
  killAfter(steps: number): Promise<void>
  /** Waits until the server is dead, and starts the next one. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** @returns null where there is no MongoDB */
export async function startServers(kind: 'SQLite' | 'MongoDB'): Promise<Servers | null> {
  const uri = kind === 'MongoDB' ? mongoTestUri(freshName()) : undefined
  if (uri === null) return null
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-killed-'))
  const [port] = await freePorts(1)
  const secret = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
  const env = {
    PATH: process.env.PATH,
    PORT: String(port),
    DEMO_RESOURCE_PORT: '0',
    LATCHKEY_DATA_DIR: dataDir,
    LATCHKEY_PEPPERS: secret('p1'),
    LATCHKEY_MASTER_KEYS: secret('m1'),
    LOG_LEVEL: 'silent',
    ...(uri === undefined ? {} : { MONGODB_URI: uri }),
  }
  const load = () =>
    fork(CHILD, [], { env, execArgv: ['--import', 'tsx/esm'], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  // Loaded while the one before it still runs.
  let spare = load()
  let running = await begin()

  async function begin() {
    const child = spare
    spare = load()
    const sessions: string[] = []
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    lines.on('line', (line) => sessions.push(line.replace('session ', '')))
    const ended = Promise.all([once(child, 'exit'), once(lines, 'close')])
    await ask(child, { start: true })
    return { child, sessions, ended }
  }

  return {
    url: `http://127.0.0.1:${port}`,
    demo: () => JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as DemoData,
    killAfter: (steps) => ask(running.child, { killAfter: steps }),
    async restart() {
      const [[, signal]] = await running.ended
      if (signal !== 'SIGKILL') throw new Error(`the server ended with ${signal}`)
      const { sessions } = running
      const begun = begin()
      // More than once: a command that was under way may come to the server later than this does.
      const ended = () => Promise.race([begun.then(() => true), setTimeout(END_SESSIONS_MS, false)])
      do if (uri !== undefined) await endSessions(uri, sessions)
      while (!(await ended()))
      running = await begun
    },
    async close() {
      for (const child of [running.child, spare]) {
        if (!child.connected) continue
        child.disconnect()
        await once(child, 'exit')
      }
      rmSync(dataDir, { recursive: true, force: true })
      if (uri !== undefined) await dropDatabase(uri)
    },
  }
}

async function ask(child: ChildProcess, message: object): Promise<void> {
  const answered = once(child, 'message')
  child.send(message)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${code}`)
  })
  await Promise.race([answered, ended])
}
