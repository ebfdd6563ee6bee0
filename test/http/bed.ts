/** A whole server over real HTTP, on each store, with a clock that the test moves. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Latchkey } from '../../src/compose.ts'
import type { DemoData } from '../../src/demo/seed.ts'
import { startForTests } from '../../src/server.ts'
import { dropDatabase, mongoTestUri, NO_MONGO } from '../contract/mongo-server.ts'

export interface Bed {
  latchkey: Latchkey
  url: string
  resourceUrl: string
  demo: DemoData
  /** UTC ms; moved by `pass`. */
  now(): number
  pass(ms: number): void
  secret(name: string): string
  keyId(name: string): string
  post(path: string, init?: PostInit): Promise<Answer>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** A token by way of `/jwts`. */
  token(name: string, wish?: Record<string, unknown>): Promise<string>
}
export interface PostInit {
  json?: unknown
  form?: Record<string, string> | [string, string][]
  body?: string | Uint8Array
  headers?: Record<string, string>
}
export interface Answer {
  status: number
  headers: Headers
  text: string
  json: () => Record<string, unknown>
}

export const START = Date.parse('2026-11-21T09:00:00Z')

export interface BedOptions {
  env?: Record<string, string>
  /** Instead of one that the test moves. */
  clock?: () => number
  /** The demo's catalog, changed. */
  catalog?: (yaml: string) => string
  /** Keeps SQLite in a file, for tests that look at it or change it behind the server's back. */
  onFile?: true
  /** Where log lines go, from level debug. */
  logTo?: { write(line: string): void }
}

/** Declares `body` once per store; the suite of a store that is not there is pending, and says why. */
export function onBothStores(title: string, body: (bed: () => Bed) => void, options: BedOptions = {}): void {
  for (const store of ['SQLite', 'MongoDB'] as const) {
    const absent = store === 'MongoDB' && !process.env.MONGODB_TEST_URI && process.env.REQUIRE_MONGO !== '1'
    describe(`${title} (${store}${absent ? `, ${NO_MONGO}` : ''})`, () => {
      let bed: Bed
      const database = `latchkey-${randomBytes(6).toString('hex')}`
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-bed-'))
      before(async function () {
        this.timeout(30_000)
        const uri = store === 'MongoDB' ? mongoTestUri(database) : undefined
        if (uri === null) return this.skip()
        const env = { ...environment(options, folder), ...(uri === undefined ? {} : { MONGODB_URI: uri }) }
        bed = await openBed(env, options.clock, options.logTo)
      })
      after(async () => {
        await bed?.latchkey.close()
        rmSync(folder, { recursive: true, force: true })
        const uri = store === 'MongoDB' ? mongoTestUri(database) : null
        if (bed !== undefined && uri !== null) await dropDatabase(uri)
      })
      body(() => bed)
    })
  }
}

function environment({ env, catalog, onFile, logTo }: BedOptions, folder: string): Record<string, string> {
  const file = join(folder, 'latchkey.yaml')
  if (catalog !== undefined) writeFileSync(file, catalog(readFileSync('latchkey.yaml', 'utf8')))
  return {
    ...(catalog === undefined ? {} : { LATCHKEY_CATALOG: file }),
    ...(onFile === undefined ? {} : { LATCHKEY_DATA_DIR: folder }),
    ...(logTo === undefined ? {} : { LOG_LEVEL: 'debug' }),
    ...env,
  }
}

/** @param clock where others than this process look at the time too: the real one, which `pass` does not move */
export async function openBed(
  env: Record<string, string> = {},
  clock?: () => number,
  logTo?: BedOptions['logTo'],
): Promise<Bed> {
  let at = START
  const now = clock ?? ((): number => at)
  const latchkey = await startForTests({ now, env, ...(logTo === undefined ? {} : { logTo }) })
  const demo = latchkey.demo?.data as DemoData
  const { url } = latchkey
  const key = (name: string) => {
    const found = demo.keys[name]
    if (found === undefined) throw new Error(`no demo key ${name}`)
    return found
  }
  const post = (path: string, init: PostInit = {}): Promise<Answer> => {
    const headers: Record<string, string> = { ...init.headers }
    let body: string | Uint8Array | undefined = init.body
    if (init.json !== undefined) {
      body = JSON.stringify(init.json)
      headers['content-type'] ??= 'application/json'
    }
    if (init.form !== undefined) {
      body = new URLSearchParams(init.form).toString()
      headers['content-type'] ??= 'application/x-www-form-urlencoded'
    }
    return answerOf(
      fetch(new URL(path, url), { method: 'POST', headers, ...(body === undefined ? {} : { body: body as BodyInit }) }),
    )
  }
  return {
    latchkey,
    url,
    resourceUrl: latchkey.demo?.resourceUrl as string,
    demo,
    now,
    pass: (ms) => {
      at += ms
    },
    secret: (name) => key(name).secret,
    keyId: (name) => key(name).id,
    post,
    get: (path, headers = {}) => answerOf(fetch(new URL(path, url), { headers, redirect: 'manual' })),
    async token(name, wish = {}) {
      const { status, text } = await post(`/${key(name).namespace}/jwts`, {
        json: { apiKey: key(name).secret, ...wish },
      })
      if (status !== 200) throw new Error(`no token for ${name}: ${text}`)
      return text
    },
  }
}

async function answerOf(pending: Promise<Response>): Promise<Answer> {
  const response = await pending
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: () => JSON.parse(text) as Record<string, unknown>,
  }
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString('utf8')) as Record<string, unknown>
}
export function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString('utf8')) as Record<string, unknown>
}
