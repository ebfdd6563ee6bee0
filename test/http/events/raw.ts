/** The database behind the server's back: what somebody who has only that can read and do. */
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import mongoose from 'mongoose'
import { type CollectionName, collections } from '../../../src/store/collections.ts'
import { fromStored, type Stored, toStored } from '../../../src/store/mongo-schema.ts'
import { memberAt, toRow } from '../../../src/store/rules.ts'
import type { Document } from '../../../src/store/store.ts'
import type { Bed } from '../bed.ts'

export type Any = Document & Record<string, unknown>

export interface Raw {
  read(collection: CollectionName, id: string): Promise<Any>
  /** Puts a document in place of whatever has its id. */
  write(collection: CollectionName, document: Any): Promise<void>
  remove(collection: CollectionName, id: string): Promise<void>
  /** Puts a row under another id, and leaves what is in it. */
  rename(collection: CollectionName, id: string, to: string): Promise<void>
  /** Everything there is, as text. */
  dump(): Promise<string>
  close(): Promise<void>
}

/** @param bed whose store is on file */
export async function openRaw({ latchkey }: Bed): Promise<Raw> {
  const { store } = latchkey.config
  return store.kind === 'sqlite' ? rawSqlite(store.file) : rawMongo(store.uri)
}

function rawSqlite(file: string): Raw {
  const database = new Database(file)
  const remove = (collection: string, id: string) =>
    database.prepare(`DELETE FROM "${collection}" WHERE id = ?`).run(id)
  return {
    async read(collection, id) {
      const row = database.prepare(`SELECT doc FROM "${collection}" WHERE id = ?`).get(id) as { doc: string }
      return JSON.parse(row.doc) as Any
    },
    async write(collection, document) {
      remove(collection, document.id)
      const sort = memberAt(document, collections[collection].sort)
      const sql = `INSERT INTO "${collection}" (id, account, rev, sort, doc) VALUES (?, ?, 1, ?, ?)`
      database.prepare(sql).run(document.id, document.account, sort, JSON.stringify(document))
    },
    async remove(collection, id) {
      remove(collection, id)
    },
    async rename(collection, id, to) {
      database.prepare(`UPDATE "${collection}" SET id = ? WHERE id = ?`).run(to, id)
    },
    async dump() {
      const rows = Object.keys(collections).map((name) => database.prepare(`SELECT * FROM "${name}"`).all())
      const bytes = [file, `${file}-wal`].map((one) => readFileSync(one, 'latin1'))
      return [JSON.stringify(rows), ...bytes].join('\n')
    },
    async close() {
      database.close()
    },
  }
}

async function rawMongo(uri: string): Promise<Raw> {
  const connection = await mongoose.createConnection(uri, { serverSelectionTimeoutMS: 2000 }).asPromise()
  const of = (name: string) => connection.collection(name) as unknown as mongoose.mongo.Collection<Stored>
  return {
    async read(collection, id) {
      return fromStored((await of(collection).findOne({ _id: { $eq: id } })) as Stored) as unknown as Any
    },
    async write(collection, document) {
      const stored = toStored(toRow(document.account, collection, document), 1)
      await of(collection).deleteOne({ _id: { $eq: document.id } })
      await of(collection).insertOne(stored)
    },
    async remove(collection, id) {
      await of(collection).deleteOne({ _id: { $eq: id } })
    },
    async rename(collection, id, to) {
      const stored = (await of(collection).findOne({ _id: { $eq: id } })) as Stored
      await of(collection).deleteOne({ _id: { $eq: id } })
      await of(collection).insertOne({ ...stored, _id: to })
    },
    async dump() {
      const all = await Promise.all(Object.keys(collections).map((name) => of(name).find({}).toArray()))
      return JSON.stringify(all)
    },
    close: () => connection.close(),
  }
}
