/** A database of its own for each test, on the server that MONGODB_TEST_URI names. */
import { randomUUID } from 'node:crypto'
import mongoose from 'mongoose'

/** Why tests on MongoDB are pending, for their titles. */
export const NO_MONGO = 'pending: set MONGODB_TEST_URI, see scripts/mongo-test-server.sh'

/**
 * The URI of a database of that name; null where no server is given.
 *
 * @throws Error where none is given and REQUIRE_MONGO=1 says that there must be one, as in CI.
 */
export function mongoTestUri(dbName: string): string | null {
  const uri = process.env.MONGODB_TEST_URI ?? ''
  if (uri === '') {
    if (process.env.REQUIRE_MONGO === '1') throw new Error('REQUIRE_MONGO=1, but MONGODB_TEST_URI is not set')
    return null
  }
  const [, server, query = ''] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*(\?.*)?$/.exec(uri) ?? []
  if (server === undefined) throw new Error('MONGODB_TEST_URI is no MongoDB URI')
  return `${server}/${dbName}${query}`
}

const BOUNDED = { serverSelectionTimeoutMS: 2000 }

/** A name that no other test has. */
export function freshName(): string {
  return `latchkey_test_${randomUUID().slice(0, 13).replaceAll('-', '')}`
}

export async function dropDatabase(uri: string): Promise<void> {
  const connection = await mongoose.createConnection(uri, BOUNDED).asPromise()
  await connection.dropDatabase()
  await connection.close()
}

/** What stands in a collection, as the server has it. */
export async function readAll(uri: string, collection: string): Promise<{ _id: string; [member: string]: unknown }[]> {
  const connection = await mongoose.createConnection(uri, BOUNDED).asPromise()
  const found = await connection.collection<{ _id: string }>(collection).find().toArray()
  await connection.close()
  return found
}

/**
 * Ends the transactions of a killed client, which a server does by itself only after transactionLifetimeLimitSeconds
 * (60 unless set).
 */
export async function endSessions(uri: string, hexIds: readonly string[]): Promise<void> {
  const connection = await mongoose.createConnection(uri, BOUNDED).asPromise()
  const killSessions = hexIds.map((id) => ({ id: new mongoose.mongo.UUID(id) }))
  await connection.db?.admin().command({ killSessions })
  await connection.close()
}

let probed: Promise<string | null> | undefined

/** Why a test of giving up unique members cannot pass on this server; null on a real MongoDB. */
export function deviation(): Promise<string | null> {
  probed ??= probe()
  return probed
}

async function probe(): Promise<string | null> {
  const uri = mongoTestUri(freshName()) as string
  const connection = await mongoose.createConnection(uri, BOUNDED).asPromise()
  const collection = connection.collection('probe')
  await collection.createIndex({ member: 1 }, { unique: true })
  await collection.insertOne({ member: 1 })
  await collection.replaceOne({ member: { $eq: 1 } }, { member: 2 })
  const freed = await collection.insertOne({ member: 1 }).then(
    () => true,
    () => false,
  )
  await connection.dropDatabase()
  await connection.close()
  return freed ? null : 'this server, unlike MongoDB, holds a unique member after a replace gave it up'
}
