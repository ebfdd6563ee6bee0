/** Everything is put together, started and stopped here, and nowhere else. */

import type { RequestListener } from 'node:http'
import { type Logger, pino } from 'pino'
import { every, once } from './background.ts'
import type { Catalog } from './catalog.ts'
import { makeParts, type Parts } from './compose.parts.ts'
import { makeRoutes } from './compose.routes.ts'
import type { Config } from './config.ts'
import { type Demo, startDemo } from './demo/demo.ts'
import type { Changes } from './events/changes.ts'
import type { Denials } from './events/denials.ts'
import { adoptCatalog } from './keys/adopt-catalog.ts'
import { closeOverlaps } from './keys/end-rotation.ts'
import type { EndTokens } from './keys/end-tokens.ts'
import { tellExpiries } from './keys/expiry.ts'
import type { RotateDeps } from './keys/rotate.ts'
import { type Opened, open } from './open.ts'
import type { PeopleDeps } from './people/deps.ts'
import { tellResets } from './people/reset-password.ts'
import { findSignedIn } from './people/sessions.ts'
import { pooledRandom } from './random.ts'
import type { Keyring } from './signing/keyring.ts'
import type { Publisher } from './status/publish.ts'
import type { Store } from './store/store.ts'
import { createManageVerifier } from './tokens/manage.ts'
import { describeManagement } from './tokens/metadata.ts'
import { createApp } from './web/app.ts'
import type { Documents } from './web/documents.ts'
import { type Listener, listen } from './web/listen.ts'
import { docsPages } from './web/pages.ts'
import { createIdentify, type IdentifyPrincipal } from './web/principal.ts'
import type { Route } from './web/route.ts'
import { createSessionCookie } from './web/session-cookie.ts'

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
  keys: RotateDeps
  people: PeopleDeps
  keyring: Keyring
  publisher: Publisher
  endTokens: EndTokens
  changes: Changes
  /** Removes the next events that are older than the catalog keeps them. */
  forgetEvents(): Promise<void>
  /** Writes what the exchange path has gathered. */
  flush(): Promise<void>
  /** Every declared route, for documents. */
  routes: readonly Route[]
  documents: Documents
  /** Stops listening, lets requests end, flushes, closes the store. */
  close(): Promise<void>
}

const POLL_STATUS_MS = 250
const BEAT_MS = 15_000
const FLUSH_MS = 1_000
const TELL_COUNTS_MS = 250
const END_TOKENS_MS = 1_000
const CLOSE_OVERLAPS_MS = 1_000
const ATTEND_MS = 500
const POLL_KEYS_MS = 500
const FORGET_EVENTS_MS = 60_000
const TELL_EXPIRIES_MS = 10_000
const TELL_RESETS_MS = 10_000
/** A lease is good for so many runs of its work. */
const LEASE_PERIODS = 2
const REAL: Outside = { now: Date.now, random: pooledRandom() }

/** Starts Latchkey. Rejects, having stopped what it had started, where something is wrong with what it was given. */
export async function start(given: Config, outside: Outside = REAL): Promise<Latchkey> {
  const listener = await listen(given.host, given.port)
  const undo: (() => Promise<unknown>)[] = [listener.close]
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
  const logger = createLogger(config, outside)
  const opened = await open(config, outside)
  undo.push(() => opened.store.close())
  const parts = await makeParts(config, opened, outside)
  const { keys, people, keyring, publisher, streams, endTokens, changes, forgetEvents, flush, flushes, leases } = parts
  const { catalog, store, notices } = opened
  const demo = config.demo ? await startDemo({ config, catalog, keys, now: outside.now }) : null
  if (demo !== null) undo.push(demo.close)
  const identify = makeIdentify(config, opened, parts, outside)
  const { routes, documents } = makeRoutes(config, opened, parts, { demo, logger, identify })
  const generation = await adoptCatalog({ store, catalog, endTokens })
  await flushes.join()
  // Who else is there must be known before the first exchange.
  await parts.tallies.flush()
  const { denials } = parts
  listener.serve(makeApp(config, opened, { routes, documents, logger, identify, denials, now: outside.now }))
  const loops = startLoops(parts, logger, generation)
  const stop = once(async () => {
    streams.close()
    await listener.close()
    await demo?.close()
    for (const loop of loops) await loop.stop()
    await flush()
      .then(flushes.leave)
      .then(leases.leave)
      .catch((error: Error) =>
        logger.error({ error: error.message }, 'the last flush failed: up to one second of usage is lost'),
      )
    await store.close()
  })
  const url = config.publicUrl
  const inside = { keys, people, keyring, publisher, endTokens, changes, forgetEvents, flush, routes, documents }
  return { url, config, catalog, store, demo, notices, ...inside, close: stop }
}

/** @param generation of the catalog */
function startLoops(parts: Parts, logger: Logger, generation: number): { stop: () => Promise<void> }[] {
  const { keys, people, keyring, publisher, streams, endTokens, forgetEvents, flush, flushes, leases, tallies } = parts
  const tell = (what: string) => (error: Error | null) =>
    error === null ? logger.info(`${what} works again`) : logger.error({ error: error.message }, `${what} fails`)
  /** Work that one instance is enough for. */
  const alone = (ms: number, work: string, run: () => Promise<void>) =>
    every(ms, () => leases.whileHeld(work, LEASE_PERIODS * ms, run), tell(work))
  return [
    every(POLL_STATUS_MS, publisher.refresh, tell('reading status lists')),
    every(FLUSH_MS, flush, tell('writing usage')),
    every(TELL_COUNTS_MS, tallies.flush, tell('adding up limits')),
    every(BEAT_MS, async () => streams.beat(), tell('streaming')),
    every(ATTEND_MS, flushes.attend, tell('answering other instances')),
    every(POLL_KEYS_MS, keyring.refresh, tell('reading signing keys')),
    // Each catalog has its own: an instance with the one before leaves to others what it cannot work out.
    alone(END_TOKENS_MS, `ending tokens by catalog ${generation}`, endTokens.sweep),
    alone(CLOSE_OVERLAPS_MS, 'closing overlaps', () => closeOverlaps(keys)),
    alone(TELL_EXPIRIES_MS, 'telling of keys that expire', () => tellExpiries(keys)),
    alone(TELL_RESETS_MS, 'telling of password resets', () => tellResets(people)),
    alone(FORGET_EVENTS_MS, 'removing old events', forgetEvents),
  ]
}

/** Latchkey is the resource server of namespace `manage`. */
function makeIdentify(
  { publicUrl }: Config,
  { catalog, store }: Opened,
  { people, verifyIssued }: Parts,
  { now }: Outside,
): IdentifyPrincipal {
  const { issuer, audience } = catalog.manage
  return createIdentify({
    verify: createManageVerifier({ namespace: catalog.manage, verifyIssued, store, now }),
    publicUrl,
    findSession: (token) => findSignedIn(people, token),
    cookie: createSessionCookie(publicUrl),
    store,
    realm: audience,
    resourceMetadata: describeManagement(catalog.manage, publicUrl).url,
    exchangeAt: `${issuer}/jwts`,
  })
}

function makeApp(
  config: Config,
  { catalog, store, newId }: Opened,
  made: {
    routes: readonly Route[]
    documents: Documents
    logger: Logger
    identify: IdentifyPrincipal
    denials: Denials
    now: () => number
  },
): RequestListener {
  const { publicUrl, trustedHops } = config
  const { routes, documents, logger, identify, denials, now } = made
  const app = createApp({
    routes,
    pages: docsPages({ catalog, publicUrl, resourceOrigins: documents.resourceOrigins, documentOf: documents.of }),
    catalog,
    publicUrl,
    trustedHops,
    reach: {
      accountExists: async (id) => (await store.get(id, 'accounts', id)) !== null,
      holderOf: async (account, key) => (await store.get(account, 'keys', key))?.holderId ?? null,
    },
    identify,
    denials,
    logger,
    now,
    requestId: () => newId('req'),
  })
  return app.callback()
}

function createLogger(config: Config, outside: Outside): Logger {
  const options = {
    level: config.logLevel,
    redact: { paths: ['apiKey', 'token', 'authorization', '*.authorization'], censor: '[redacted]' },
  }
  return outside.logTo === undefined ? pino(options) : pino(options, outside.logTo)
}
