/** Everything is put together, started and stopped here, and nowhere else. */

import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type Koa from 'koa'
import { type Logger, pino } from 'pino'
import { catalogRoutes } from './accounts/catalog.routes.ts'
import type { Catalog } from './catalog.ts'
import type { Config } from './config.ts'
import { type Demo, startDemo } from './demo/demo.ts'
import { eventRoutes } from './events/routes.ts'
import type { KeyDeps } from './keys/create.ts'
import { createRehash } from './keys/rehash.ts'
import { keyRoutes } from './keys/routes.ts'
import { open } from './open.ts'
import { pooledRandom } from './random.ts'
import { derive } from './secrets.ts'
import { createKeyring, type Keyring } from './signing/keyring.ts'
import { signingRoutes } from './signing/routes.ts'
import { createAllocator } from './status/allocate.ts'
import { createFlip } from './status/flip.ts'
import { createPublisher, type Publisher } from './status/publish.ts'
import { statusRoutes } from './status/routes.ts'
import type { Store } from './store/store.ts'
import { createExchange } from './tokens/exchange.ts'
import { createOwnVerifier } from './tokens/own.ts'
import { tokenRoutes } from './tokens/routes.ts'
import { createCounters } from './usage/counters.ts'
import { createExchangeLimits } from './usage/limits.ts'
import { createApp } from './web/app.ts'
import { createCursors } from './web/cursor.ts'
import { createDocuments } from './web/documents.ts'
import { healthRoutes } from './web/health.ts'
import { docsPages } from './web/pages.ts'
import { createIdentify } from './web/principal.ts'
import type { Route } from './web/route.ts'

export interface Outside {
  /** UTC ms. */
  now: () => number
  random: (bytes: number) => Buffer
  /** Where log lines go; stdout unless said. */
  logTo?: { write(line: string): void }
}

export interface Latchkey {
  /** PUBLIC_URL. */
  url: string
  config: Config
  catalog: Catalog
  store: Store
  /** Null where the demo is off. */
  demo: Demo | null
  /** For whoever starts it: what an operator should know, such as secrets that were made. */
  notices: readonly string[]
  keys: KeyDeps
  keyring: Keyring
  publisher: Publisher
  /** Writes what the exchange path has gathered. */
  flush(): Promise<void>
  /** Every declared route, for documents. */
  routes: readonly Route[]
  documents: ReturnType<typeof createDocuments>
  /** Stops listening, lets requests end, flushes, closes the store. */
  close(): Promise<void>
}

const POLL_STATUS_MS = 250
const FLUSH_MS = 1_000
const POLL_KEYS_MS = 5_000
const DRAIN_MS = 10_000
const REAL: Outside = { now: Date.now, random: pooledRandom() }

/** Starts Latchkey. Rejects, having stopped what it had started, where something is wrong with what it was given. */
export async function start(given: Config, outside: Outside = REAL): Promise<Latchkey> {
  const listener = await listen(given.host, given.port)
  const undo: (() => Promise<unknown>)[] = [() => close(listener.server)]
  try {
    const config = { ...given, publicUrl: given.publicUrl.replace(/:0(?=\/|$)/, `:${listener.port}`) }
    return await put(config, outside, listener, undo)
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {})
    throw error
  }
}

async function put(
  config: Config,
  outside: Outside,
  listener: Listener,
  undo: (() => Promise<unknown>)[],
): Promise<Latchkey> {
  const { now, random } = outside
  const logger = createLogger(config, outside)
  const { catalog, store, peppers, masterKeys, notices, newId } = await open(config, outside)
  undo.push(() => store.close())

  const eventId = (): string => newId('evt')
  const keyring = createKeyring({ store, catalog, ring: derive(masterKeys, 'signing keys'), now, random, eventId })
  const publisher = createPublisher({ store, catalog, signer: keyring.signer, now })
  await keyring.refresh()
  await publisher.refresh()

  const counters = createCounters({ store, now, batchId: () => newId('batch'), eventId })
  const rehash = createRehash(store)
  const flush = async (): Promise<void> => {
    await counters.flush()
    await rehash.flush()
  }
  const allocator = createAllocator(store, random)
  const keys: KeyDeps = {
    store,
    catalog,
    peppers,
    allocator,
    flip: createFlip(store),
    statusChanged: publisher.refresh,
    now,
    random,
    newId,
  }
  const exchange = createExchange({
    store,
    catalog,
    peppers,
    signer: keyring.signer,
    limits: createExchangeLimits(catalog, now),
    counters,
    rehash,
    now,
    tick: () => performance.now(),
    wait: (ms) => sleep(ms),
    random,
  })

  const demo = config.demo ? await startDemo({ config, catalog, keys, now }) : null
  if (demo !== null) undo.push(demo.close)
  const cursors = createCursors(derive(masterKeys, 'cursors').current.bytes)
  const management = [
    ...catalogRoutes({ store, catalog }),
    ...keyRoutes({ ...keys, cursors }),
    ...eventRoutes({ store, cursors }),
  ]
  const issuer = new Map<string, Route[]>(
    [...catalog.namespaces.values()].map((namespace) => [
      namespace.id,
      [
        ...tokenRoutes(namespace, { exchange, publicUrl: config.publicUrl }),
        ...signingRoutes(namespace, keyring),
        ...statusRoutes(namespace, publisher),
      ],
    ]),
  )
  const documents = createDocuments({
    catalog,
    issuer,
    management,
    publicUrl: config.publicUrl,
    demo: demo?.openapi ?? null,
    logger,
  })
  const routes = [...issuer.values()]
    .flat()
    .concat(documents.routes, healthRoutes({ store, keyring, catalog }), management)
  const app = createApp({
    routes,
    pages: docsPages({ catalog, publicUrl: config.publicUrl, resourceOrigins: documents.resourceOrigins }),
    catalog,
    publicUrl: config.publicUrl,
    trustedHops: config.trustedHops,
    identify: createIdentify({
      verify: createOwnVerifier({ namespace: catalog.manage, keyring, publisher, now }),
      store,
      realm: catalog.manage.audience,
      exchangeAt: `${catalog.manage.issuer}/jwts`,
    }),
    logger,
    now,
    requestId: () => newId('req'),
  })
  listener.serve(app as unknown as Koa)

  const loops = [every(POLL_STATUS_MS, publisher.refresh), every(FLUSH_MS, flush), every(POLL_KEYS_MS, keyring.refresh)]
  const stop = async (): Promise<void> => {
    for (const loop of loops) await loop.stop()
    await close(listener.server)
    await demo?.close()
    await flush().catch((error: Error) =>
      logger.error({ error: error.message }, 'the last flush failed: up to one second of usage is lost'),
    )
    await store.close()
  }
  return {
    url: config.publicUrl,
    config,
    catalog,
    store,
    demo,
    notices,
    keys,
    keyring,
    publisher,
    flush,
    routes,
    documents,
    close: once(stop),
  }
}

function createLogger(config: Config, outside: Outside): Logger {
  const options = {
    level: config.logLevel,
    redact: { paths: ['apiKey', 'token', 'authorization', '*.authorization'], censor: '[redacted]' },
  }
  return outside.logTo === undefined ? pino(options) : pino(options, outside.logTo)
}

interface Listener {
  server: Server
  port: number
  serve(app: Koa): void
}

/** Listens before anything else is made, so that a taken port is told at once and a free one is known. */
async function listen(host: string, port: number): Promise<Listener> {
  let handle: RequestListener = (_, res) => {
    res.writeHead(503, { 'Retry-After': '1', 'Content-Type': 'text/plain' }).end('Latchkey is starting.\n')
  }
  const server = createHttpServer(
    { requestTimeout: 30_000, headersTimeout: 15_000, keepAliveTimeout: 65_000 },
    (req, res) => handle(req, res),
  )
  server.maxHeadersCount = 100
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  return {
    server,
    port: (server.address() as AddressInfo).port,
    serve(app) {
      handle = app.callback() as RequestListener
    },
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const forced = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearTimeout(forced)
}

/** Runs again and again with a pause between; a failure is for the next run to mend, and stop waits for the one under way. */
function every(ms: number, work: () => Promise<void>): { stop: () => Promise<void> } {
  let stopped = false
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  const again = (): void => {
    timer = setTimeout(() => {
      running = work()
        .catch(() => {})
        .finally(() => {
          if (!stopped) again()
        })
    }, ms)
  }
  again()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | null = null
  return () => {
    done ??= work()
    return done
  }
}
