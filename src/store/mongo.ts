/** The store on a MongoDB replica set; one node is enough. */
import mongoose, { type ClientSession, type Connection, type ConnectOptions, type PipelineStage } from 'mongoose'
import type { CollectionName, Collections } from './collections.ts'
import { unavailable } from './mongo-errors.ts'
import { fromStored, type Models, makeIndexes, makeModels, pageFilter, type Stored } from './mongo-schema.ts'
import { inTransaction } from './mongo-transaction.ts'
import { Writing } from './mongo-writing.ts'
import {
  accountIn,
  declarationOf,
  linkedIds,
  memberAt,
  type Plain,
  planByMember,
  planCommit,
  planMerge,
  planPage,
  Refusal,
  requireId,
  requireScope,
  SWEEP_LIMIT,
  Sweeping,
  sweeps,
} from './rules.ts'
import {
  type ByMember,
  type Commit,
  type CommitResult,
  type Document,
  EVERY_ACCOUNT,
  type Kept,
  type Merge,
  type Page,
  type PageQuery,
  type Ref,
  type Scope,
  type Store,
  type StoreOptions,
  StoreUnavailable,
} from './store.ts'
import { Turns } from './turns.ts'

const DEFAULT_DATABASE = 'latchkey'
const TURN_PATIENCE_MS = 2000

/** Durable before acknowledged, majority-committed when read, and never silent for long. */
const CONNECTION: ConnectOptions = {
  writeConcern: { w: 'majority', journal: true },
  readConcern: { level: 'majority' },
  readPreference: 'primary',
  // CVE-2025-14847: no zlib.
  compressors: ['none'],
  serverSelectionTimeoutMS: 2000,
  connectTimeoutMS: 2000,
  socketTimeoutMS: 10_000,
  waitQueueTimeoutMS: 5000,
  heartbeatFrequencyMS: 2000,
  bufferCommands: false,
  autoIndex: false,
  autoCreate: false,
}

/**
 * Connects and makes what is missing of collections and indexes. A URI without a database means `latchkey`.
 *
 * @throws StoreUnavailable where no server answers within about two seconds.
 * @throws Error where the server is no replica set, and so has no transactions.
 */
export async function openMongo(uri: string, options: StoreOptions): Promise<Store> {
  // An instance of our own: mongoose's settings are global to an instance.
  const own = new mongoose.Mongoose({ strictQuery: 'throw', sanitizeFilter: true, bufferCommands: false })
  const named = /^mongodb(?:\+srv)?:\/\/[^/]+\/[^?]/.test(uri)
  const connection = own.createConnection(uri, named ? CONNECTION : { ...CONNECTION, dbName: DEFAULT_DATABASE })
  try {
    await connection.asPromise()
    await requireReplicaSet(connection)
    const models = makeModels(connection)
    await makeIndexes(models)
    return new MongoStore(connection, models, options)
  } catch (error) {
    await connection.close().catch(() => {})
    throw unavailable(error)
  }
}

async function requireReplicaSet(connection: Connection): Promise<void> {
  const hello = await connection.db?.admin().command({ hello: 1 })
  if (typeof hello?.setName === 'string') return
  throw new Error(
    'The MongoDB server is not a replica set, and only replica sets have transactions. One node is enough: ' +
      'start mongod with --replSet rs0, run rs.initiate() once in mongosh, and add ?replicaSet=rs0 to the URI.',
  )
}

class MongoStore implements Store {
  readonly kind = 'mongodb'
  readonly #connection: Connection
  readonly #models: Models
  readonly #options: StoreOptions
  readonly #turns = new Turns(TURN_PATIENCE_MS)
  readonly #sweeping = new Sweeping()
  #closed = false

  constructor(connection: Connection, models: Models, options: StoreOptions) {
    this.#connection = connection
    this.#models = models
    this.#options = options
  }

  async get<C extends CollectionName>(scope: Scope, collection: C, id: string): Promise<Kept<Collections[C]> | null> {
    const filter = scoped(scope, collection, id)
    const found = await this.#guard(() => this.#models[collection].findOne(filter).lean<Stored>())
    return found === null ? null : (fromStored(found) as Kept<Collections[C]>)
  }

  async getMany(scope: Scope, refs: readonly Ref[]): Promise<(Kept<Document> | null)[]> {
    requireScope(scope)
    const wanted = new Map<CollectionName, string[]>()
    for (const { collection, id } of refs) {
      declarationOf(collection)
      requireId(id)
      const ids = wanted.get(collection)
      if (ids) ids.push(id)
      else wanted.set(collection, [id])
    }
    const found = await this.#guard(() =>
      Promise.all([...wanted].map(([name, ids]) => this.#findMany(scope, name, ids))),
    )
    const byPlace = new Map([...wanted.keys()].map((name, index) => [name, found[index]!]))
    // Fresh objects, even where one is asked for twice.
    return refs.map(({ collection, id }) => {
      const stored = byPlace.get(collection)?.get(id)
      return stored ? fromStored(stored) : null
    })
  }

  async getLinked<C extends CollectionName>(scope: Scope, collection: C, which: string | ByMember) {
    requireScope(scope)
    const { links = {} } = declarationOf(collection)
    const lookups: PipelineStage[] = Object.entries(links).map(([name, { member, collection: from }]) => ({
      $lookup: { from, localField: member, foreignField: '_id', as: `_links.${name}` },
    }))
    const pipeline: PipelineStage[] = [{ $match: matching(scope, collection, which) }, ...lookups]
    const [found] = await this.#guard(() => this.#models[collection].aggregate<Stored>(pipeline))
    if (found === undefined) return null
    const document = fromStored(found)
    const linked: Record<string, Kept<Document>[]> = {}
    for (const [name, { member, collection: target }] of Object.entries(links)) {
      const owner = accountIn(document.account, declarationOf(target))
      const there = (memberAt(found._links, name) as Stored[]).filter(({ account }) => account === owner)
      const byId = new Map(there.map((one) => [one._id, one]))
      const inOrder = linkedIds(document, member).map((one) => byId.get(one))
      linked[name] = inOrder.filter((one) => one !== undefined).map(fromStored)
    }
    return { document: document as Kept<Collections[C]>, linked }
  }

  async page<C extends CollectionName>(scope: Scope, collection: C, query: PageQuery): Promise<Page<Collections[C]>> {
    requireScope(scope)
    const plan = planPage(collection, query)
    const { sort } = plan.declaration
    const filter = pageFilter(accountIn(scope, plan.declaration), plan)
    const way = plan.descending ? -1 : 1
    const rows = await this.#guard(() =>
      this.#models[collection]
        .find(filter)
        .sort({ [sort]: way, _id: way })
        .limit(plan.limit + 1)
        .lean<Stored[]>(),
    )
    const kept = rows.slice(0, plan.limit)
    const last = kept.at(-1)
    const next = rows.length > plan.limit && last ? { at: memberAt(last, sort) as number, id: last._id } : null
    return { items: kept.map((row) => fromStored(row) as Kept<Collections[C]>), next }
  }

  async commit(account: string, commit: Commit): Promise<CommitResult> {
    const plan = planCommit(account, commit)
    const writing = (session: ClientSession) => new Writing(this.#models, session)
    try {
      const events = await this.#guard(() =>
        this.#turns.take(account, () =>
          inTransaction(this.#connection, (session) => writing(session).commit(account, commit, plan, this.#options)),
        ),
      )
      return { ok: true, events }
    } catch (error) {
      if (error instanceof Refusal) return error.result
      throw error
    }
  }

  async merge(batchId: string, merges: readonly Merge[]): Promise<(Kept<Document> | null)[]> {
    planMerge(batchId, merges)
    const now = this.#options.now()
    const id = `batch:${batchId}`
    const writing = (session: ClientSession) => new Writing(this.#models, session)
    try {
      return await this.#guard(async () => {
        if (this.#sweeping.isDue(now, merges.length + 1))
          for (const { collection, member, before } of sweeps(now)) await this.#sweep(collection, member, before)
        return inTransaction(this.#connection, (session) => writing(session).merge(id, now, merges))
      })
    } catch (error) {
      // The mark is there: the batch has happened.
      if (error instanceof Refusal) return this.getMany(EVERY_ACCOUNT, merges as readonly Ref[])
      throw error
    }
  }

  async ping(): Promise<void> {
    await this.#guard(async () => this.#connection.db?.admin().command({ ping: 1 }))
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#connection.close()
  }

  async #guard<T>(work: () => PromiseLike<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable(new Error('the store is closed'))
    try {
      return await work()
    } catch (error) {
      throw unavailable(error)
    }
  }

  async #findMany(scope: Scope, collection: CollectionName, ids: string[]): Promise<Map<string, Stored>> {
    const owner = accountIn(scope, declarationOf(collection))
    const filter: Plain = { _id: mongoose.trusted({ $in: ids }) }
    if (owner !== null) filter.account = { $eq: owner }
    const found = await this.#models[collection].find(filter).lean<Stored[]>()
    return new Map(found.map((one) => [one._id, one]))
  }

  async #sweep(collection: CollectionName, member: string, before: number): Promise<void> {
    const old = { [member]: mongoose.trusted({ $lt: before }) }
    const found = await this.#models[collection]
      .find(old)
      .sort({ [member]: 1 })
      .limit(SWEEP_LIMIT)
      .select('_id')
      .lean<Stored[]>()
    if (found.length === 0) return
    await this.#models[collection].deleteMany({ _id: mongoose.trusted({ $in: found.map(({ _id }) => _id) }) })
  }
}

function matching(scope: Scope, collection: CollectionName, which: string | ByMember): Plain {
  if (typeof which !== 'object') return scoped(scope, collection, which)
  const owner = accountIn(scope, declarationOf(collection))
  const named = { [which.member]: { $in: planByMember(collection, which) } }
  return owner === null ? named : { ...named, account: { $eq: owner } }
}

function scoped(
  scope: Scope,
  collection: CollectionName,
  id: string,
): { _id: { $eq: string }; account?: { $eq: string } } {
  requireScope(scope)
  const owner = accountIn(scope, declarationOf(collection))
  requireId(id)
  return owner === null ? { _id: { $eq: id } } : { _id: { $eq: id }, account: { $eq: owner } }
}
