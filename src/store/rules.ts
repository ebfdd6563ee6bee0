/** What every adapter decides alike: what a verb may be asked, and what a commit or a merge makes of what stands. */
import { type CollectionName, collections, type Declaration } from './collections.ts'
import {
  type ByMember,
  type Commit,
  type CommitResult,
  type Document,
  EVERY_ACCOUNT,
  type EventDocument,
  type Head,
  type Merge,
  type PageQuery,
  type Position,
  type Scope,
  type StoreOptions,
  type Where,
} from './store.ts'

export type Plain = Record<string, unknown>

/** The most documents of a collection that one merge sweeps. */
export const SWEEP_LIMIT = 100
const SWEEP_EVERY_MS = 1000
export const MAX_PAGE = 1000

/** Where a document stands. */
export interface Place {
  collection: CollectionName
  id: string
  account: string
}
/** A document ready to be kept: `text` is its JSON without `rev`. */
export interface Row extends Place {
  sort: number
  text: string
}
/** What was read, and must still stand so. */
export type Guard<T extends Place> = T & { rev: number }

/** Thrown inside a transaction to roll it back and answer `result`; never leaves an adapter. */
export class Refusal extends Error {
  readonly result: CommitResult
  constructor(result: CommitResult) {
    super('refused')
    this.result = result
  }
}

/** @throws TypeError for a name that is not declared. */
export function declarationOf(collection: CollectionName): Declaration {
  if (typeof collection !== 'string' || !Object.hasOwn(collections, collection)) {
    throw new TypeError(`unknown collection ${String(collection)}`)
  }
  return collections[collection]
}

/** An id from outside may be anything at run time; an object would reach MongoDB as an operator. */
export function requireId(id: unknown): asserts id is string {
  if (typeof id !== 'string') throw new TypeError('an id is a string')
}

export function requireScope(scope: unknown): asserts scope is Scope {
  if (typeof scope !== 'string' && scope !== EVERY_ACCOUNT)
    throw new TypeError('a scope is an account or EVERY_ACCOUNT')
}

/** The account a reader in `scope` is held to in this collection; null: none. */
export function accountIn(scope: Scope, declaration: Declaration): string | null {
  if (declaration.shared) return ''
  return scope === EVERY_ACCOUNT ? null : scope
}

export function memberAt(document: unknown, path: string): unknown {
  let at: unknown = document
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Plain)[name]
  }
  return at
}

/** The ids that a link's member names, each once, in order. */
export function linkedIds(document: unknown, member: string): string[] {
  const named = memberAt(document, member)
  const list = Array.isArray(named) ? named : [named]
  return [...new Set(list.filter((id): id is string => typeof id === 'string'))]
}

/**
 * JSON with every lone surrogate made U+FFFD. MongoDB keeps UTF-8 only, and text that came back other than it was
 * sealed would break an account's MAC chain.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value)
  if (!text.includes('\\ud')) return text
  return text.replace(/\\(?:\\|ud[89a-f][0-9a-f]{2})/g, (found) => (found === '\\\\' ? found : '\ufffd'))
}

/** @throws TypeError where the document does not belong in the account. */
function toPlace(account: string, collection: CollectionName, document: Document): Place {
  const owner = declarationOf(collection).shared ? '' : account
  requireId(document.id)
  if (document.account !== owner) {
    const [is, not] = [JSON.stringify(document.account), JSON.stringify(owner)]
    throw new TypeError(`${collection} ${document.id}: its account is ${is}, not ${not}`)
  }
  return { collection, id: document.id, account: owner }
}

/** @throws TypeError where the document does not belong in the collection or in the account. */
export function toRow(account: string, collection: CollectionName, document: Document): Row {
  const place = toPlace(account, collection, document)
  const member = declarationOf(collection).sort
  const sort = memberAt(document, member)
  if (typeof sort !== 'number' || !Number.isFinite(sort)) {
    throw new TypeError(`${collection} ${document.id}: ${member} is no number`)
  }
  return { ...place, sort, text: toJson({ ...document, rev: undefined }) }
}

export interface CommitPlan {
  expect: Guard<Place>[]
  remove: Guard<Place>[]
  replace: Guard<Row>[]
  insert: Row[]
  movesHead: boolean
}

type Handed = { collection: CollectionName; document: Document }

/** @throws TypeError for what no caller should ask. */
export function planCommit(account: string, commit: Commit): CommitPlan {
  requireId(account)
  const insert: readonly Handed[] = commit.insert ?? []
  const replace: readonly Handed[] = commit.replace ?? []
  const remove: readonly Handed[] = commit.remove ?? []
  // Events go with the anchor that takes their place, and never without.
  const anchored = [...insert, ...replace].some(({ collection }) => collection === 'anchors')
  const removed = anchored ? remove.filter(({ collection }) => collection !== 'events') : remove
  const own = [...insert, ...replace, ...removed].find(
    ({ collection }) => collection === 'heads' || collection === 'events',
  )
  if (own) throw new TypeError(`${own.collection} are written by the store alone`)
  const place = ({ collection, document }: Handed) => toPlace(account, collection, document)
  const row = ({ collection, document }: Handed) => toRow(account, collection, document)
  return {
    expect: (commit.expect ?? []).map((one: Handed) => ({ ...place(one), rev: revOf(one) })),
    remove: remove.map((one) => ({ ...place(one), rev: revOf(one) })),
    replace: replace.map((one) => ({ ...row(one), rev: revOf(one) })),
    insert: insert.map(row),
    movesHead: (commit.events?.length ?? 0) + (commit.count?.length ?? 0) > 0,
  }
}

function revOf({ collection, document }: Handed): number {
  const { rev } = document as { rev?: unknown }
  if (typeof rev !== 'number') throw new TypeError(`${collection} ${document.id}: rev is missing, so it was never read`)
  return rev
}

export interface Advance {
  head: Head
  events: EventDocument[]
  /** The events, ready to be kept. */
  rows: Row[]
  /** The first total that would pass its maximum. */
  full: string | null
}

/** Whether a head stands before the first event, which is right only before there is an account. */
export function isBeforeAll(head: Head | null): boolean {
  return head === null || head.seq === 0
}

/**
 * Where the commit leaves the account's head, and its events as they will stand in the log.
 *
 * @param isLost whether the account is there and its history is not: then seq 1 stays empty, so that the gap shows
 */
export function advanceHead(
  from: Head | null,
  isLost: boolean,
  account: string,
  commit: Commit,
  options: StoreOptions,
): Advance {
  const head: Head = from ?? { id: account, account, seq: 0, mac: '', movedAt: 0, counts: {} }
  const { counts, full } = addCounts(head.counts, commit.count ?? [])
  const time = options.now()
  const events: EventDocument[] = []
  const rows: Row[] = []
  let stands: Pick<Head, 'seq' | 'mac' | 'seal' | 'macKey'> = isLost ? { seq: 1, mac: '' } : standOf(head)
  for (const event of commit.events ?? []) {
    const seq = stands.seq + 1
    const { document, row, seal } = sealEvent({ ...event, account, seq, time }, stands.seal ?? stands.mac, options)
    stands = { seq, mac: document.mac, seal, macKey: document.macKey }
    events.push(document)
    rows.push(row)
  }
  const movedAt = events.length > 0 ? time : head.movedAt
  return { head: { id: account, account, ...stands, movedAt, counts }, events, rows, full }
}

function standOf({ seq, mac, seal, macKey }: Head): Pick<Head, 'seq' | 'mac' | 'seal' | 'macKey'> {
  return seal === undefined || macKey === undefined ? { seq, mac } : { seq, mac, seal, macKey }
}

interface Sealed {
  document: EventDocument
  row: Row
  seal: string
}

function sealEvent(event: Omit<EventDocument, 'mac' | 'macKey'>, previous: string, options: StoreOptions): Sealed {
  requireId(event.id)
  const text = toJson(event)
  // Sealed as it will be read back, and read back only where its JSON had to be mended: an import seals by the thousand.
  const plain = text.includes('\ufffd') ? (JSON.parse(text) as typeof event) : event
  const { mac, macKey, seal } = options.seal(previous, plain)
  const { id, account, seq } = event
  const kept = `${text.slice(0, -1)},${JSON.stringify({ mac, macKey }).slice(1)}`
  return {
    document: { ...plain, mac, macKey },
    row: { collection: 'events', id, account, sort: seq, text: kept },
    seal,
  }
}

function addCounts(from: Record<string, number>, additions: NonNullable<Commit['count']>) {
  const totals = new Map(Object.entries(from))
  let full: string | null = null
  for (const { name, add, max } of additions) {
    const total = Math.max(0, (totals.get(name) ?? 0) + add)
    if (max !== undefined && total > max) full ??= name
    totals.set(name, total)
  }
  return { counts: Object.fromEntries(totals), full }
}

export type Filter = { member: string } & (
  | { by: 'null' }
  | { by: 'equal'; value: string | number | boolean }
  | { by: 'list'; values: readonly (string | number)[] }
)

export interface PagePlan {
  declaration: Declaration
  filters: Filter[]
  after: Position | null
  limit: number
  descending: boolean
}

/** @throws TypeError for a member that is not declared, a value that is no scalar, and a limit out of bounds. */
export function planPage(collection: CollectionName, query: PageQuery): PagePlan {
  const declaration = declarationOf(collection)
  const { limit, after = null, order = 'asc' } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) throw new TypeError(`limit is 1 to ${MAX_PAGE}`)
  if (after !== null && (typeof after.at !== 'number' || typeof after.id !== 'string')) {
    throw new TypeError('a position is a number and an id')
  }
  const filters = Object.entries(query.where ?? {}).map(([member, value]) => {
    if (!declaration.filter?.includes(member)) throw new TypeError(`${collection} are not filtered by ${member}`)
    return toFilter(member, value)
  })
  return { declaration, filters, after, limit, descending: order === 'desc' }
}

function toFilter(member: string, value: Where[string]): Filter {
  if (value === null) return { member, by: 'null' }
  if (Array.isArray(value)) {
    if (!value.every((one) => typeof one === 'string' || typeof one === 'number')) {
      throw new TypeError(`${member}: a list holds strings and numbers`)
    }
    return { member, by: 'list', values: value }
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { member, by: 'equal', value }
  }
  throw new TypeError(`${member}: a filter is a scalar or a list`)
}

/** @throws TypeError for a member that is not declared to be filtered by and unique of itself. */
export function planByMember(collection: CollectionName, { member, values }: ByMember): readonly string[] {
  const { filter, unique } = declarationOf(collection)
  if (!filter?.includes(member) || !unique?.some((members) => members.length === 1 && members[0] === member)) {
    throw new TypeError(`${collection} are not named by ${member}`)
  }
  for (const value of values) requireId(value)
  return values
}

/** @throws TypeError for collections that merges may not touch. */
export function planMerge(batchId: string, merges: readonly Merge[]): void {
  requireId(batchId)
  for (const merge of merges) {
    const declaration = declarationOf(merge.collection)
    if (merge.collection === 'heads' || merge.collection === 'events' || merge.collection === 'marks') {
      throw new TypeError(`${merge.collection} are written by the store alone`)
    }
    requireId(merge.id)
    requireId(merge.account)
    if (declaration.shared && merge.account !== '') throw new TypeError(`${merge.collection} belong to no account`)
  }
}

/** The document after its share of a batch. `from` is left as it was. */
export function mergeInto(from: Plain | null, merge: Merge): Plain {
  if (from !== null && from.account !== merge.account)
    throw new TypeError(`${merge.collection} ${merge.id}: of another account`)
  const document = structuredClone(from ?? { ...merge.initial, id: merge.id, account: merge.account }) as Plain
  for (const [path, amount] of Object.entries(merge.add ?? {})) {
    setNumber(document, path, (present) => (present ?? 0) + amount)
  }
  for (const [path, value] of Object.entries(merge.max ?? {})) {
    setNumber(document, path, (present) => Math.max(present ?? Number.NEGATIVE_INFINITY, value))
  }
  return document
}

function setNumber(document: Plain, path: string, next: (present: number | null) => number): void {
  const names = path.split('.')
  // Assigning to it would set a prototype.
  if (names.includes('__proto__') || names.includes('')) throw new TypeError(`${path}: not a path to a number`)
  const last = names.pop() as string
  let at = document
  for (const name of names) {
    const inner = Object.hasOwn(at, name) ? at[name] : undefined
    if (typeof inner !== 'object' || inner === null) at[name] = {}
    at = at[name] as Plain
  }
  const present = Object.hasOwn(at, last) ? at[last] : undefined
  at[last] = next(typeof present === 'number' ? present : null)
}

/** When a merge is to sweep: so often that more goes than comes, and no more than that. */
export class Sweeping {
  #last = Number.NEGATIVE_INFINITY
  #added = 0

  /** @param added documents that the merge may add, its mark included */
  isDue(now: number, added: number): boolean {
    this.#added += added
    const recent = now >= this.#last && now < this.#last + SWEEP_EVERY_MS
    if (recent && this.#added < SWEEP_LIMIT) return false
    this.#last = now
    this.#added = Math.max(0, this.#added - SWEEP_LIMIT)
    return true
  }
}

/** Collections whose old documents a merge sweeps, with the instant before which they are old. */
export function sweeps(now: number): { collection: CollectionName; member: string; before: number }[] {
  return (Object.keys(collections) as CollectionName[]).flatMap((collection) => {
    const { sort, sweepAfterMs } = collections[collection]
    return sweepAfterMs === undefined ? [] : [{ collection, member: sort, before: now - sweepAfterMs }]
  })
}
