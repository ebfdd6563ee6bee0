/** What the contract and race suites stand on: a store to test, documents to put in it, and a check of its history. */
import { createHmac, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Account, SubAccount } from '../../src/accounts/rules.ts'
import { canonicalJson } from '../../src/events/rules.ts'
import type { Holder } from '../../src/holders/rules.ts'
import type { ApiKey } from '../../src/keys/rules.ts'
import type { CollectionName, Collections } from '../../src/store/collections.ts'
import type {
  Commit,
  EventDocument,
  Guarded,
  Kept,
  NewEvent,
  Seal,
  Store,
  StoreOptions,
  Write,
} from '../../src/store/store.ts'

export interface Opened {
  store: Store
  /** One more store on the same data. */
  another: () => Promise<Store>
  /** What a child process opens the same data by. */
  target: Target
  /** Closes every store and throws the data away. */
  close: () => Promise<void>
  /** What the database does wrong, where it is a stand-in for MongoDB that does. */
  deviation?: string | null
}
export interface Target {
  kind: 'sqlite' | 'mongodb'
  at: string
}
export type Open = (options: StoreOptions) => Promise<Opened>

export interface Bench extends Opened {
  clock: { now: number }
}

export const START = 1_700_000_000_000

/** A store of its own for each test. */
export function useStore(open: Open): Bench {
  const bench = { clock: { now: START } } as Bench
  beforeEach(async () => {
    bench.clock.now = START
    Object.assign(bench, await open({ now: () => bench.clock.now, seal }))
  })
  afterEach(async () => bench.close())
  return bench
}

/** An HMAC over what stands before and canonical JSON, as in production. */
export const seal: Seal = (previous, event) => {
  const mac = createHmac('sha256', 'test')
    .update(previous)
    .update('\0')
    .update(canonicalJson(event))
    .digest('base64url')
  return { mac, macKey: 'mk1', seal: `behind ${mac}` }
}

export function anEvent(data: Record<string, unknown> = {}): NewEvent {
  return {
    id: `evt_${randomUUID()}`,
    type: 'holder.created',
    requestId: null,
    actor: { type: 'system', id: null, name: 'test' },
    subject: { type: 'holder', id: 'hld_1', name: 'One' },
    data,
  }
}

export function aHolder(id: string, changes: Partial<Holder> = {}): Holder {
  return {
    id,
    account: 'acme',
    type: 'partner',
    name: 'One',
    externalId: null,
    email: null,
    grants: null,
    status: 'active',
    flags: [],
    customData: {},
    createdAt: START,
    version: 1,
    ...changes,
  }
}

export function anAccount(id: string): Account {
  const plain = {
    name: id,
    plan: 'free',
    namespaces: [],
    hosts: {},
    suspendedAt: null,
    status: 'active',
    terms: null,
  } as const
  return { ...plain, namespaces: [], id, account: id, customData: {}, createdAt: START, version: 1 }
}

export function aSubAccount(id: string, account = 'acme'): SubAccount {
  return {
    id,
    account,
    slug: id,
    name: id,
    kind: 'site',
    status: 'active',
    customData: {},
    createdAt: START,
    version: 1,
  }
}

export function aKey(id: string, changes: Partial<ApiKey> = {}): ApiKey {
  return {
    id,
    account: 'acme',
    namespace: 'ads',
    kind: 'secret',
    name: 'Key',
    description: '',
    holderId: null,
    holderType: null,
    grants: [],
    subAccountRefs: [],
    importedHash: null,
    allowedIps: [],
    allowedOrigins: [],
    expiresAt: null,
    suspendedAt: null,
    revoked: null,
    secrets: [],
    customData: {},
    createdAt: START,
    version: 1,
    ...changes,
  } as unknown as ApiKey
}

export function write<C extends CollectionName>(collection: C, document: Collections[C]): Write {
  return { collection, document } as unknown as Write
}

/** `document` as read, with changes. */
export function guarded<C extends CollectionName>(
  collection: C,
  document: Kept<Collections[C]> | null,
  changes: Partial<Collections[C]> = {},
): Guarded {
  if (document === null) throw new Error('there is no document to guard')
  return { collection, document: { ...document, ...changes } } as unknown as Guarded
}

/** Commits, and fails the test unless it lands. */
export async function land(store: Store, commit: Commit, account = 'acme'): Promise<EventDocument[]> {
  const result = await store.commit(account, commit)
  if (!result.ok) throw new Error(`commit: ${JSON.stringify(result)}`)
  return result.events
}

export async function must<C extends CollectionName>(
  store: Store,
  collection: C,
  id: string,
  account = 'acme',
): Promise<Kept<Collections[C]>> {
  const found = await store.get(account, collection, id)
  if (found === null) throw new Error(`no ${collection} ${id}`)
  return found
}

/** Every document of a collection in the account's scope, in order. */
export async function walk<C extends CollectionName>(
  store: Store,
  account: string,
  collection: C,
  limit = 1000,
): Promise<Kept<Collections[C]>[]> {
  const all: Kept<Collections[C]>[] = []
  let page = await store.page(account, collection, { limit })
  all.push(...page.items)
  while (page.next !== null) {
    page = await store.page(account, collection, { limit, after: page.next })
    all.push(...page.items)
  }
  return all
}

/** The account's history has no gap, every MAC is right, and the head stands at its end. Answers the events. */
export async function checkHistory(store: Store, account = 'acme'): Promise<EventDocument[]> {
  const events = await walk(store, account, 'events')
  let previous = ''
  let last = ''
  for (const [index, { rev, ...event }] of events.entries()) {
    expect(event.seq).to.equal(index + 1)
    expect(rev).to.equal(1)
    const { mac, macKey, ...sealed } = event
    const wanted = seal(previous, sealed)
    expect({ mac, macKey }).to.deep.equal({ mac: wanted.mac, macKey: wanted.macKey })
    last = mac
    previous = wanted.seal
  }
  const head = await store.get(account, 'heads', account)
  expect(head?.seq ?? 0).to.equal(events.length)
  expect([head?.mac ?? '', head?.seal ?? '']).to.deep.equal([last, previous])
  return events
}

/** Awaits a rejection and answers its reason. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not reject')
}
