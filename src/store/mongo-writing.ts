/** What a commit and a merge write, within one transaction. */
import { randomUUID } from 'node:crypto'
import mongoose, { type ClientSession } from 'mongoose'
import type { CollectionName } from './collections.ts'
import { isDuplicate } from './mongo-errors.ts'
import { fromStored, type Models, type Stored, toStored } from './mongo-schema.ts'
import { RunAgain } from './mongo-transaction.ts'
import {
  advanceHead,
  type CommitPlan,
  type Guard,
  isBeforeAll,
  mergeInto,
  type Place,
  type Plain,
  Refusal,
  type Row,
  toRow,
} from './rules.ts'
import type { Commit, Document, EventDocument, Head, Kept, Merge, StoreOptions } from './store.ts'

const CHANGED = { ok: false, because: 'changed' } as const

export class Writing {
  readonly #models: Models
  readonly #session: ClientSession

  constructor(models: Models, session: ClientSession) {
    this.#models = models
    this.#session = session
  }

  /**
   * Removes and replaces before it inserts, so that one commit may free a unique member and take it.
   *
   * @throws Refusal, and the transaction is to be rolled back.
   */
  async commit(account: string, commit: Commit, plan: CommitPlan, options: StoreOptions): Promise<EventDocument[]> {
    await this.#expect(plan.expect)
    const { events, rows, full } = plan.movesHead
      ? await this.#moveHead(account, commit, options)
      : { events: [], rows: [], full: null }
    await this.#remove(plan.remove)
    await this.#replace(plan.replace)
    await this.#insert(plan.insert)
    if (full !== null) throw new Refusal({ ok: false, because: 'full', count: full })
    await this.#insert(rows)
    return events
  }

  /**
   * @returns the documents as the merges leave them
   * @throws Refusal where the mark is there: the batch has happened.
   */
  async merge(markId: string, now: number, merges: readonly Merge[]): Promise<Kept<Document>[]> {
    const mark = { id: markId, account: '', createdAt: now }
    await this.#insert([toRow('', 'marks', mark)])
    const merged = new Map<string, Kept<Document>>()
    for (const [name, group] of grouped(merges))
      for (const document of await this.#mergeInto(name, group)) merged.set(`${name} ${document.id}`, document)
    return merges.map(({ collection, id }) => merged.get(`${collection} ${id}`) as Kept<Document>)
  }

  /** The driver's collection: mongoose would cast what is to be kept as it is. Every filter here is of `$eq` alone. */
  #raw(name: CollectionName): mongoose.mongo.Collection<Stored> {
    return this.#models[name].collection as unknown as mongoose.mongo.Collection<Stored>
  }

  async #moveHead(account: string, commit: Commit, options: StoreOptions) {
    const session = this.#session
    const found = await this.#models.heads
      .findOne({ _id: { $eq: account } })
      .session(session)
      .lean<Stored>()
    const from = found === null ? null : (fromStored(found) as Kept<Head>)
    const isLost = isBeforeAll(from) && (await this.#isThere(account))
    const { head, events, rows, full } = advanceHead(from, isLost, account, commit, options)
    const row = toRow(account, 'heads', head)
    if (from === null) {
      await orAgain(this.#raw('heads').insertOne(toStored(row, 1), { session }))
    } else {
      const guard = guardOf({ ...row, rev: from.rev })
      const { matchedCount } = await this.#raw('heads').replaceOne(guard, toStored(row, from.rev + 1), { session })
      if (matchedCount === 0) throw new RunAgain()
    }
    return { events, rows, full }
  }

  async #isThere(account: string): Promise<boolean> {
    const found = await this.#models.accounts.exists({ _id: { $eq: account } }).session(this.#session)
    return found !== null
  }

  /** Writes where it only expects: under snapshot isolation, another commit could change what is merely read. */
  async #expect(places: readonly Guard<Place>[]): Promise<void> {
    const lock = { $set: { _lock: randomUUID() } }
    await this.#each(places, (place) => ({ updateOne: { filter: guardOf(place), update: lock } }))
  }

  async #remove(places: readonly Guard<Place>[]): Promise<void> {
    await this.#each(places, (place) => ({ deleteOne: { filter: guardOf(place) } }))
  }

  async #replace(rows: readonly Guard<Row>[]): Promise<void> {
    await this.#each(rows, (row) => ({
      replaceOne: { filter: guardOf(row), replacement: toStored(row, row.rev + 1) },
    }))
  }

  /** One round trip a collection. @throws Refusal where one of the documents is not as it was read. */
  async #each<T extends Guard<Place>>(
    list: readonly T[],
    write: (one: T) => mongoose.mongo.AnyBulkWriteOperation<Stored>,
  ): Promise<void> {
    for (const [name, group] of grouped(list)) {
      const written = this.#raw(name).bulkWrite(group.map(write), { session: this.#session })
      const { matchedCount, deletedCount } = await orExists(name, written)
      if (matchedCount + deletedCount < group.length) throw new Refusal(CHANGED)
    }
  }

  async #insert(rows: readonly Row[]): Promise<void> {
    for (const [name, group] of grouped(rows)) {
      const documents = group.map((row) => toStored(row, 1))
      await orExists(name, this.#raw(name).insertMany(documents, { session: this.#session }))
    }
  }

  async #mergeInto(name: CollectionName, merges: readonly Merge[]): Promise<Kept<Document>[]> {
    const session = this.#session
    const ids = [...new Set(merges.map(({ id }) => id))]
    const query = this.#models[name].find({ _id: mongoose.trusted({ $in: ids }) })
    const there = await query.session(session).lean<Stored[]>()
    const revs = new Map(there.map(({ _id, rev }) => [_id, rev]))
    const documents = new Map(there.map((one) => [one._id, fromStored(one) as unknown as Plain]))
    for (const merge of merges) documents.set(merge.id, mergeInto(documents.get(merge.id) ?? null, merge))
    const writes = [...documents].map(([id, merged]): mongoose.mongo.AnyBulkWriteOperation<Stored> => {
      const document = merged as unknown as Document
      const row = toRow(document.account, name, document)
      const rev = revs.get(id)
      if (rev === undefined) return { insertOne: { document: toStored(row, 1) } }
      return { replaceOne: { filter: guardOf({ ...row, rev }), replacement: toStored(row, rev + 1) } }
    })
    await orAgain(this.#raw(name).bulkWrite(writes, { session }))
    return [...documents].map(([id, merged]) => ({
      ...(merged as unknown as Document),
      rev: (revs.get(id) ?? 0) + 1,
    }))
  }
}

function guardOf({ id, account, rev }: Guard<Place>) {
  return { _id: { $eq: id }, account: { $eq: account }, rev: { $eq: rev } }
}

function grouped<T extends { collection: CollectionName }>(list: readonly T[]): Map<CollectionName, T[]> {
  const groups = new Map<CollectionName, T[]>()
  for (const one of list) {
    const group = groups.get(one.collection)
    if (group) group.push(one)
    else groups.set(one.collection, [one])
  }
  return groups
}

async function orExists<T>(collection: CollectionName, write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (error) {
    throw isDuplicate(error) ? new Refusal({ ok: false, because: 'exists', collection }) : error
  }
}

/** Where somebody made the document since the transaction looked. */
async function orAgain<T>(write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (error) {
    throw isDuplicate(error) ? new RunAgain() : error
  }
}
