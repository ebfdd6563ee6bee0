/**
 * The one port to durable state. Three verbs, each scoped by account, and one for counting:
 *
 * - `get` / `getMany` / `getLinked` read by id, each in one round trip;
 * - `page` walks a collection in its declared order;
 * - `commit` writes: everything in it happens, with its events, or nothing does;
 * - `merge` adds to counters, once per batch, and tells what they have come to.
 *
 * The account is the unit of consistency: a commit takes the account's head first, gives each event the next `seq` and
 * the MAC that chains it to what stood before, and so two writers can never fork an account's history.
 *
 * Every verb rejects with {@link StoreUnavailable} when the database cannot be reached; nothing else is thrown for
 * what the world does. Times are UTC milliseconds.
 */
import type { CollectionName, Collections } from './collections.ts'

/** Reads that no account owns: by key id at the exchange, by an operator, by background work. Greppable on purpose. */
export const EVERY_ACCOUNT: unique symbol = Symbol('every account')
export type Scope = string | typeof EVERY_ACCOUNT

/** What every document has. `account` is '' in collections declared `shared`. */
export interface Document {
  id: string
  account: string
}

/** A document as read: `rev` is the store's own counter, bumped at each replace, and says what a commit expects. */
export type Kept<T> = T & { readonly rev: number }

export type Ref = { [C in CollectionName]: { collection: C; id: string } }[CollectionName]

/** Scalar equality, or membership in a list. Only members that collections.ts declares as `filter` may be named. */
export type Where = Record<string, string | number | boolean | null | readonly (string | number)[]>

/** A place in a collection's order, exclusive: `at` is the sort member's value, `id` breaks ties. */
export interface Position {
  at: number
  id: string
}

/** Names a document by a member that is declared to be unique: the one that has any of the values. */
export interface ByMember {
  member: string
  values: readonly string[]
}

export interface PageQuery {
  where?: Where
  /** Start strictly behind this place. */
  after?: Position
  /** 1 to 1,000. */
  limit: number
  /** By the collection's sort member; `asc` unless said. */
  order?: 'asc' | 'desc'
}

export interface Page<T> {
  items: Kept<T>[]
  /** Where the next page starts; null on the last one. */
  next: Position | null
}

/** An event as an act hands it over; the store adds account, seq, time and MAC. */
export interface NewEvent {
  id: string
  type: string
  requestId: string | null
  actor: EventActor
  subject: EventSubject
  data: Record<string, unknown>
}
export interface EventActor {
  type: 'person' | 'program' | 'system'
  id: string | null
  name: string
  onBehalfOf?: string
}
export interface EventSubject {
  type: string
  id: string
  name: string
}
export interface EventDocument extends NewEvent, Document {
  seq: number
  time: number
  mac: string
  /** Id of the master key the MAC was made with. */
  macKey: string
}

/** One per account: where its history stands. Its id is the account's id. */
export interface Head extends Document {
  seq: number
  mac: string
  /** Made of account, `seq` and `mac`: no forged head has it. Heads of earlier releases have none, nor `macKey`. */
  seal?: string
  /** Id of the master key that `mac` and `seal` were made with. */
  macKey?: string
  movedAt: number
  /** Named totals that a commit moves within bounds, such as the number of keys. */
  counts: Record<string, number>
}

/**
 * Makes the MAC of `event` behind the place whose seal is `previous` ('' before the first), and the seal behind it. An
 * event has the same MAC before it is kept and after it was read back: what JSON drops or writes otherwise is all one.
 */
export type Seal = (
  previous: string,
  event: Omit<EventDocument, 'mac' | 'macKey'>,
) => { mac: string; macKey: string; seal: string }

export type Write = { [C in CollectionName]: { collection: C; document: Collections[C] } }[CollectionName]
/** A document that was read: its `rev` must still stand. */
export type Guarded = { [C in CollectionName]: { collection: C; document: Kept<Collections[C]> } }[CollectionName]

export interface Commit {
  /** Read but not written: must be unchanged. */
  expect?: readonly Guarded[]
  /** Must not exist, neither by id nor by a declared unique member. */
  insert?: readonly Write[]
  /** New state for a document that was read (its `rev` is the one expected). */
  replace?: readonly Guarded[]
  /** Events too, together with a write of the account's anchor, which takes their place. */
  remove?: readonly Guarded[]
  /** Bounded totals on the account's head; `max` holds after the addition. */
  count?: readonly { name: string; add: number; max?: number }[]
  events?: readonly NewEvent[]
}

export type CommitResult =
  | { ok: true; events: EventDocument[] }
  /** `changed`: something expected has moved on; read again and decide again. */
  | { ok: false; because: 'changed' }
  /** `exists`: an inserted id or unique member is taken. */
  | { ok: false; because: 'exists'; collection: CollectionName }
  /** `full`: a bounded total would pass its maximum. */
  | { ok: false; because: 'full'; count: string }

/** One document's share of a batch. Commutative, so the order of batches is all one. */
export interface Merge {
  collection: CollectionName
  id: string
  account: string
  /** Members set when the document is made; never changed by a merge afterwards. */
  initial: Record<string, unknown>
  /** Path (dots for nesting) to the number to add. */
  add?: Record<string, number>
  /** Path to a number that only ever grows. */
  max?: Record<string, number>
}

export interface Store {
  readonly kind: 'sqlite' | 'mongodb'
  get<C extends CollectionName>(scope: Scope, collection: C, id: string): Promise<Kept<Collections[C]> | null>
  /** In the order asked for; null where there is none in that scope. */
  getMany(scope: Scope, refs: readonly Ref[]): Promise<(Kept<Document> | null)[]>
  /** A document, by id or by a unique member, and those its declared `links` name, in one round trip. A link without a document is an empty list. */
  getLinked<C extends CollectionName>(
    scope: Scope,
    collection: C,
    which: string | ByMember,
  ): Promise<{ document: Kept<Collections[C]>; linked: Record<string, Kept<Document>[]> } | null>
  page<C extends CollectionName>(scope: Scope, collection: C, query: PageQuery): Promise<Page<Collections[C]>>
  commit(account: string, commit: Commit): Promise<CommitResult>
  /**
   * Adds a batch to counters, exactly once per `batchId` (which is kept for a day).
   *
   * @returns each document as this batch left it, in the order of the merges; where the batch had happened before, as it
   *   stands now, and null where it is gone
   */
  merge(batchId: string, merges: readonly Merge[]): Promise<(Kept<Document> | null)[]>
  /** Resolves when the database answers. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface StoreOptions {
  now: () => number
  seal: Seal
}

/** The database could not be reached or did not answer in time. A commit may or may not have happened. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable'
  constructor(cause: unknown) {
    super('the store is unavailable', { cause })
  }
}
