/** Everything is put together, started and stopped here, and nowhere else. */

import type { RequestListener } from 'node:http'
import { type Logger, pino } from 'pino'
import { catalogRoutes } from './accounts/catalog.routes.ts'
import { accountRoutes } from './accounts/routes.ts'
import { termsRoutes } from './accounts/terms.routes.ts'
import { createWaits, every, once } from './background.ts'
import type { Catalog } from './catalog.ts'
import type { Config } from './config.ts'
import { type Demo, startDemo } from './demo/demo.ts'
import { type Changes, createChanges } from './events/changes.ts'
import { createForgetEvents } from './events/forget.ts'
import { eventRoutes } from './events/routes.ts'
import { type ChainDeps, createVerifyEvents } from './events/verify.ts'
import { holderRoutes } from './holders/routes.ts'
import { createClientKeys } from './keys/client-keys.ts'
import { documentationRoutes } from './keys/documentation.routes.ts'
import { closeOverlaps } from './keys/end-rotation.ts'
import { createEndTokens, type EndTokens } from './keys/end-tokens.ts'
import { importRoutes } from './keys/import.routes.ts'
import { reportLeak } from './keys/leak.ts'
import { tellExpiries } from './keys/expiry.ts'
import { keyLifeRoutes } from './keys/life.routes.ts'
import { matrixRoutes } from './keys/matrix.routes.ts'
import { createRehash } from './keys/rehash.ts'
import { revokeKey } from './keys/revoke.ts'
import { keyRightsRoutes } from './keys/rights.routes.ts'
import type { RotateDeps } from './keys/rotate.ts'
import { rotationRoutes } from './keys/rotation.routes.ts'
import { keyRoutes } from './keys/routes.ts'
import { shareRoutes } from './keys/share.routes.ts'
import { shareLinkRoutes } from './keys/share-link.routes.ts'
import { EVENT_CHAIN, type Opened, open } from './open.ts'
import { createOutbound, type Outbound } from './outbound/request.ts'
import type { PeopleDeps } from './people/deps.ts'
import { createFailedSignIns } from './people/failed-sign-ins.ts'
import { invitationRoutes } from './people/invitation.routes.ts'
import { memberRoutes } from './people/members.routes.ts'
import { passwords } from './people/passwords.ts'
import { sessionRoutes } from './people/session.routes.ts'
import { findSignedIn } from './people/sessions.ts'
import { pooledRandom } from './random.ts'
import { derive } from './secrets.ts'
import { createKeyring, type Keyring } from './signing/keyring.ts'
import { signingKeyRoutes } from './signing/manage.routes.ts'
import { signingRoutes } from './signing/routes.ts'
import { createAllocator } from './status/allocate.ts'
import { createStatuses } from './status/flip.ts'
import { createPublisher, type Publisher } from './status/publish.ts'
import { statusRoutes } from './status/routes.ts'
import { createStreams, type Streams } from './status/stream.ts'
import type { Store } from './store/store.ts'
import { subAccountRoutes } from './sub-accounts/routes.ts'
import type { AuthenticateDeps } from './tokens/authenticate.ts'
import { createExchange, type Exchange } from './tokens/exchange.ts'
import type { InquiryDeps } from './tokens/inquiry.routes.ts'
import { leakRoutes } from './tokens/leaks.routes.ts'
import { createLeaks, type Leaks } from './tokens/leaks.ts'
import { createManageVerifier } from './tokens/manage.ts'
import { describeManagement } from './tokens/metadata.ts'
import { createNonces } from './tokens/nonces.ts'
import { createOwnVerifier } from './tokens/own.ts'
import { tokenRoutes } from './tokens/routes.ts'
import type { VerifyIssued } from './tokens/subject.ts'
import { createCounters } from './usage/counters.ts'
import { createFlushes, type Flushes } from './usage/flushes.ts'
import { createExchangeLimits } from './usage/limits.ts'
import { usageRoutes } from './usage/routes.ts'
import { createSignInLimits } from './usage/sign-in.ts'
import { createApp } from './web/app.ts'
import { createCursors } from './web/cursor.ts'
import { createDocuments, type Documents } from './web/documents.ts'
import { healthRoutes } from './web/health.ts'
import { close, type Listener, listen } from './web/listen.ts'
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
const END_TOKENS_MS = 1_000
const CLOSE_OVERLAPS_MS = 1_000
const ATTEND_MS = 500
const POLL_KEYS_MS = 500
const FORGET_EVENTS_MS = 60_000
const TELL_EXPIRIES_MS = 10_000
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
  const logger = createLogger(config, outside)
  const opened = await open(config, outside)
  undo.push(() => opened.store.close())
  const parts = await makeParts(config, opened, outside)
  const { keys, people, keyring, publisher, streams, endTokens, changes, forgetEvents, flush, flushes } = parts
  const { catalog, store, notices } = opened
  const demo = config.demo ? await startDemo({ config, catalog, keys, now: outside.now }) : null
  if (demo !== null) undo.push(demo.close)
  const identify = makeIdentify(config, opened, parts, outside)
  const { routes, documents } = makeRoutes(config, opened, parts, { demo, logger, identify })
  await flushes.join()
  listener.serve(makeApp(config, opened, { routes, documents, logger, identify, now: outside.now }))
  const tell = (what: string) => (error: Error | null) =>
    error === null ? logger.info(`${what} works again`) : logger.error({ error: error.message }, `${what} fails`)
  const sweepOverlaps = (): Promise<void> => closeOverlaps(keys)
  const loops = [
    every(POLL_STATUS_MS, publisher.refresh, tell('reading status lists')),
    every(FLUSH_MS, flush, tell('writing usage')),
    every(BEAT_MS, async () => streams.beat(), tell('streaming')),
    every(END_TOKENS_MS, endTokens.sweep, tell('ending tokens')),
    every(CLOSE_OVERLAPS_MS, sweepOverlaps, tell('closing overlaps')),
    every(ATTEND_MS, flushes.attend, tell('answering other instances')),
    every(TELL_EXPIRIES_MS, () => tellExpiries(keys), tell('telling of keys that expire')),
    every(POLL_KEYS_MS, keyring.refresh, tell('reading signing keys')),
    every(FORGET_EVENTS_MS, forgetEvents, tell('removing old events')),
  ]
  const stop = once(async () => {
    streams.close()
    await close(listener.server)
    await demo?.close()
    for (const loop of loops) await loop.stop()
    await flush()
      .then(flushes.leave)
      .catch((error: Error) =>
        logger.error({ error: error.message }, 'the last flush failed: up to one second of usage is lost'),
      )
    await store.close()
  })
  const url = config.publicUrl
  const inside = { keys, people, keyring, publisher, endTokens, changes, forgetEvents, flush, routes, documents }
  return { url, config, catalog, store, demo, notices, ...inside, close: stop }
}

interface Parts {
  keys: RotateDeps
  people: PeopleDeps
  keyring: Keyring
  publisher: Publisher
  streams: Streams
  endTokens: EndTokens
  changes: Changes
  chain: ChainDeps
  forgetEvents: () => Promise<void>
  exchange: Exchange
  verifyIssued: VerifyIssued
  inquiry: Omit<InquiryDeps, 'identify'>
  flushes: Flushes
  leaks: Leaks
  flush: () => Promise<void>
}

async function makeParts(config: Config, opened: Opened, { now, random }: Outside): Promise<Parts> {
  const { catalog, store, peppers, masterKeys, newId } = opened
  const eventId = (): string => newId('evt')
  const keyring = createKeyring({ store, catalog, ring: derive(masterKeys, 'signing keys'), now, random, eventId })
  const { signer } = keyring
  const publisher = createPublisher({ store, catalog, signer, now })
  await keyring.refresh()
  await publisher.refresh()
  const counters = createCounters({ store, now, batchId: () => newId('batch'), eventId })
  const rehash = createRehash(store)
  const people = makePeople(config, opened, { now, random })
  const limits = createExchangeLimits(catalog, now)
  const outbound = createOutbound({ allow: config.outboundAllow })
  const flushes = createFlushes({ store, counters, id: newId('ins'), now })
  const keys = makeKeys(config, opened, { outbound, publisher, flushes }, { now, random })
  const clientKeys = createClientKeys({ outbound, now })
  const authentication: AuthenticateDeps = { store, catalog, peppers, clientKeys, now, waits: createWaits() }
  const verifyIssued = createOwnVerifier({ catalog, keyring, publisher, now })
  const endTokens = createEndTokens(keys)
  const issuerOf = (namespace: string): string => catalog.namespaces.get(namespace)?.issuer ?? ''
  const streams = createStreams({ store, publisher, issuerOf })
  keyring.onRemoved(streams.keysRemoved)
  const chain = chainOf(opened)
  const leaks = createLeaks({ authentication, limits, reportLeak: (found, leak) => reportLeak(keys, found, leak) })
  return {
    flushes,
    keyring,
    publisher,
    streams,
    endTokens,
    changes: createChanges({ store, endTokens, newId }),
    chain,
    forgetEvents: createForgetEvents({ ...chain, keepDays: catalog.events.keepDays, now }),
    keys,
    people,
    exchange: createExchange({
      ...authentication,
      signer,
      verifyIssued,
      nonces: createNonces(derive(masterKeys, 'dpop nonces').current.bytes, now),
      limits,
      counters,
      rehash,
      random,
    }),
    verifyIssued,
    inquiry: {
      ...keys,
      authentication,
      limits,
      counters,
      verifyIssued,
      readIssued: createOwnVerifier({ catalog, keyring, publisher, now }, { status: false }),
      namespaces: [...catalog.namespaces.values()],
      publisher,
      signer,
      revokeKey: (account, keyId, why, asker) => revokeKey(keys, account, keyId, why, asker),
    },
    leaks,
    async flush() {
      await counters.flush()
      await rehash.flush()
      await people.failed.flush()
      await leaks.flush()
    },
  }
}

function makeKeys(
  { publicUrl }: Config,
  { catalog, store, peppers, newId }: Opened,
  made: { outbound: Outbound; publisher: Publisher; flushes: Flushes },
  { now, random }: Outside,
): RotateDeps {
  const { outbound, publisher, flushes } = made
  const statuses = createStatuses(store)
  const allocator = createAllocator(store, random)
  // What was committed stands, whatever follows: the poll publishes what could not be published at once.
  const statusChanged = (): Promise<void> => publisher.refresh().catch(() => {})
  const changing = { allocator, outbound, statuses, statusChanged, flushes }
  return { store, catalog, peppers, publicUrl, ...changing, now, random, newId }
}

function chainOf({ store, masterKeys }: Opened): ChainDeps {
  const rings = { chain: derive(masterKeys, EVENT_CHAIN), anchors: derive(masterKeys, 'event anchors') }
  return { store, rings }
}

function makePeople({ publicUrl }: Config, { store, newId }: Opened, { now, random }: Outside): PeopleDeps {
  const failed = createFailedSignIns({ store, now, newId })
  return { store, passwords, limits: createSignInLimits(now), failed, publicUrl, now, random, newId }
}

function makeRoutes(
  config: Config,
  opened: Opened,
  parts: Parts,
  { demo, logger, identify }: { demo: Demo | null; logger: Logger; identify: IdentifyPrincipal },
) {
  const { catalog, store, masterKeys } = opened
  const { keys, people, keyring, publisher, streams, exchange, inquiry, changes, chain, leaks } = parts
  const { publicUrl } = config
  // The documents are made of the routes, this one among them.
  const documentOf = (namespace: string) => documents.of(namespace)
  const cursors = createCursors(derive(masterKeys, 'cursors').current.bytes)
  const subjects = { store, catalog, changes, now: keys.now, random: keys.random, newId: keys.newId, cursors }
  const management = [
    ...sessionRoutes(people),
    ...catalogRoutes({ store, catalog }),
    ...memberRoutes({ ...people, cursors }),
    ...invitationRoutes(people),
    ...keyRoutes({ ...keys, cursors }),
    ...rotationRoutes(keys),
    ...shareRoutes(keys),
    ...shareLinkRoutes(keys),
    ...importRoutes(keys),
    ...documentationRoutes({ store, catalog, now: keys.now, documentOf }),
    ...leakRoutes({ leaks, signingKeys: catalog.leakReports.signingKeys }),
    ...keyLifeRoutes(keys),
    ...keyRightsRoutes(keys),
    ...matrixRoutes({ ...keys, cursors }),
    ...accountRoutes(subjects),
    ...termsRoutes(subjects),
    ...subAccountRoutes(subjects),
    ...holderRoutes(subjects),
    ...eventRoutes({ store, cursors, verifyEvents: createVerifyEvents(chain) }),
    ...usageRoutes({ store, catalog, now: keys.now }),
    ...signingKeyRoutes({ ...keys, makeKey: keyring.make, refresh: keyring.refresh }),
  ]
  const issuer = new Map<string, Route[]>(
    [...catalog.namespaces.values()].map((namespace) => [
      namespace.id,
      [
        ...tokenRoutes(namespace, { exchange, inquiry: { ...inquiry, identify }, publicUrl }),
        ...signingRoutes(namespace, keyring),
        ...statusRoutes(namespace, publisher, streams),
      ],
    ]),
  )
  const health = healthRoutes({ store, keyring, catalog })
  const documented = [...management, ...health]
  const documents: Documents = createDocuments({
    catalog,
    issuer,
    management: documented,
    publicUrl,
    demo: demo?.openapi ?? null,
    logger,
  })
  return { documents, routes: [...issuer.values()].flat().concat(documents.routes, health, management) }
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
    now: () => number
  },
): RequestListener {
  const { publicUrl, trustedHops } = config
  const { routes, documents, logger, identify, now } = made
  const app = createApp({
    routes,
    pages: docsPages({ catalog, publicUrl, resourceOrigins: documents.resourceOrigins }),
    catalog,
    publicUrl,
    trustedHops,
    reach: {
      accountExists: async (id) => (await store.get(id, 'accounts', id)) !== null,
      holderOf: async (account, key) => (await store.get(account, 'keys', key))?.holderId ?? null,
    },
    identify,
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
