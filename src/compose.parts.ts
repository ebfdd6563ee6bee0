/** The parts that work behind the routes, each made of those before it. */
import { createWaits } from './background.ts'
import type { Outside } from './compose.ts'
import type { Config } from './config.ts'
import { type Changes, createChanges } from './events/changes.ts'
import { createDenials, type Denials } from './events/denials.ts'
import { createForgetEvents } from './events/forget.ts'
import { createNotes, type Notes } from './events/notes.ts'
import type { ChainDeps } from './events/verify.ts'
import { createClientKeys } from './keys/client-keys.ts'
import { createEndTokens, type EndTokens } from './keys/end-tokens.ts'
import { reportLeak } from './keys/leak.ts'
import { createRehash } from './keys/rehash.ts'
import { revokeKey } from './keys/revoke.ts'
import type { RotateDeps } from './keys/rotate.ts'
import { eventRings, type Opened } from './open.ts'
import { createOutbound, type Outbound } from './outbound/request.ts'
import type { PeopleDeps } from './people/deps.ts'
import { passwords } from './people/passwords.ts'
import { derive } from './secrets.ts'
import { createKeyring, type Keyring } from './signing/keyring.ts'
import { createAllocator } from './status/allocate.ts'
import { createStatuses } from './status/flip.ts'
import { createPublisher, type Publisher } from './status/publish.ts'
import { createStreams, type Streams } from './status/stream.ts'
import { createLeases, type Leases } from './store/lease.ts'
import type { AuthenticateDeps } from './tokens/authenticate.ts'
import { createExchange, type Exchange } from './tokens/exchange.ts'
import type { InquiryDeps } from './tokens/inquiry.routes.ts'
import { createLeaks, type Leaks } from './tokens/leaks.ts'
import { createNonces } from './tokens/nonces.ts'
import { createOwnVerifier } from './tokens/own.ts'
import type { VerifyIssued } from './tokens/subject.ts'
import { createCounters } from './usage/counters.ts'
import { createCrowd } from './usage/crowd.ts'
import { createFlushes, type Flushes } from './usage/flushes.ts'
import { createExchangeLimits } from './usage/limits.ts'
import { createSignInLimits } from './usage/sign-in.ts'
import { createTallies, type Tallies } from './usage/tallies.ts'

export interface Parts {
  keys: RotateDeps
  people: PeopleDeps
  keyring: Keyring
  publisher: Publisher
  streams: Streams
  endTokens: EndTokens
  changes: Changes
  chain: ChainDeps
  denials: Denials
  forgetEvents: () => Promise<void>
  exchange: Exchange
  verifyIssued: VerifyIssued
  inquiry: Omit<InquiryDeps, 'identify'>
  flushes: Flushes
  leases: Leases
  tallies: Tallies
  leaks: Leaks
  flush: () => Promise<void>
}

export async function makeParts(config: Config, opened: Opened, { now, random }: Outside): Promise<Parts> {
  const { catalog, store, peppers, masterKeys, newId } = opened
  const eventId = (): string => newId('evt')
  const keyring = createKeyring({ store, catalog, ring: derive(masterKeys, 'signing keys'), now, random, eventId })
  const { signer } = keyring
  const publisher = createPublisher({ store, catalog, signer, now })
  await keyring.refresh()
  await publisher.refresh()
  const counters = createCounters({ store, now, batchId: () => newId('batch') })
  const rehash = createRehash(store)
  const instance = newId('ins')
  const flushes = createFlushes({ store, counters, id: instance, now })
  const crowd = createCrowd({ others: flushes.others, now })
  const tallies = createTallies({ store, crowd, instance, batchId: () => newId('batch'), now })
  const notes = createNotes({ store, now })
  const denials = createDenials({ store, notes, newId })
  const people = makePeople(config, opened, { tallies, notes }, { now, random })
  const limits = createExchangeLimits(catalog, now, tallies)
  const outbound = createOutbound({ allow: config.outboundAllow })
  const keys = makeKeys(config, opened, { outbound, publisher, flushes }, { now, random })
  const clientKeys = createClientKeys({ outbound, now })
  const authentication: AuthenticateDeps = { store, catalog, peppers, clientKeys, now, waits: createWaits() }
  const verifyIssued = createOwnVerifier({ catalog, keyring, publisher, now })
  const endTokens = createEndTokens(keys)
  const issuerOf = (namespace: string): string => catalog.namespaces.get(namespace)?.issuer ?? ''
  const streams = createStreams({ store, publisher, issuerOf, keysTakenAway: keyring.takenAway })
  keyring.onRemoved(streams.keysRemoved)
  const chain = chainOf(opened)
  const leaks = createLeaks({ ...keys, limits, reportLeak: (found, leak) => reportLeak(keys, found, leak) })
  return {
    tallies,
    leases: createLeases({ store, instance, isAlone: crowd.isAlone, now }),
    flushes,
    keyring,
    publisher,
    streams,
    endTokens,
    changes: createChanges({ store, endTokens, newId }),
    chain,
    denials,
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
      notes,
      rehash,
      random,
      newId,
    }),
    verifyIssued,
    inquiry: {
      ...keys,
      authentication,
      limits,
      counters,
      verifyIssued,
      denials,
      readIssued: createOwnVerifier({ catalog, keyring, publisher, now }, { status: false }),
      namespaces: [...catalog.namespaces.values()],
      signer,
      revokeKey: (account, keyId, why, asker) => revokeKey(keys, account, keyId, why, asker),
    },
    leaks,
    async flush() {
      await tallies.flush()
      await counters.flush()
      await rehash.flush()
      await notes.flush()
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
  return { store, rings: eventRings(masterKeys) }
}

function makePeople(
  { publicUrl }: Config,
  { store, newId }: Opened,
  { tallies, notes }: { tallies: Tallies; notes: Notes },
  { now, random }: Outside,
): PeopleDeps {
  return { store, passwords, limits: createSignInLimits(now, tallies), notes, publicUrl, now, random, newId }
}
