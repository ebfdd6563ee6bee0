/** How documents stand in MongoDB: their encoding, models and indexes, all from the declarations. */
import mongoose, { type Connection, type Model } from 'mongoose'
import { type CollectionName, collections, type Declaration } from './collections.ts'
import type { PagePlan, Plain, Row } from './rules.ts'
import type { Document, Kept } from './store.ts'

/** `_id` is the document's id; every member but these three stands under its encoded name. */
export interface Stored {
  _id: string
  account: string
  rev: number
  [member: string]: unknown
}
export type Models = Record<CollectionName, Model<Stored>>

/**
 * A member's name as a field name, reversibly. MongoDB reads `$` and `.` as its own, BSON cannot hold NUL, and names
 * with a leading `_` are the store's (`_id`, `_lock`, `_links`) or the driver's (`_bsontype`).
 */
export function encodeName(name: string): string {
  if (name === '') return '%'
  if (!/[$_.%\0]/.test(name)) return name
  return name.replace(/^[$_]|[.%\0]/g, (found) => `%${found.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function decodeName(name: string): string {
  if (name === '%') return ''
  return name.replace(/%(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function encode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(encode)
  const encoded: Plain = {}
  // No encoded name is `__proto__`.
  for (const [name, member] of Object.entries(value)) encoded[encodeName(name)] = encode(member)
  return encoded
}

function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(decode)
  // fromEntries defines members, so that not even `__proto__` sets a prototype.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [decodeName(name), decode(member)]))
}

export function toStored(row: Row, rev: number): Stored {
  // By way of its JSON, so that both stores keep the same document.
  const { id, ...members } = JSON.parse(row.text) as Plain
  return { _id: row.id, ...(encode(members) as Plain), account: row.account, rev }
}

export function fromStored(stored: Stored): Kept<Document> {
  const members = Object.entries(stored).filter(([name]) => !name.startsWith('_'))
  return { id: stored._id, ...(decode(Object.fromEntries(members)) as { account: string; rev: number }) }
}

/** Members that queries name. Everything else is kept as it is, and a query that names it throws. */
function schemaOf(declaration: Declaration) {
  const { Mixed } = mongoose.Schema.Types
  const filters = (declaration.filter ?? []).map((member) => [member, Mixed])
  const members = {
    _id: String,
    account: String,
    rev: Number,
    [declaration.sort]: Number,
    ...Object.fromEntries(filters),
  }
  const asIs = { strict: false, strictQuery: 'throw', versionKey: false, minimize: false, id: false } as const
  return new mongoose.Schema<Stored>(members, { ...asIs, autoIndex: false, autoCreate: false })
}

export function makeModels(connection: Connection): Models {
  const models = Object.entries(collections).map(([name, declaration]) => {
    return [name, connection.model<Stored>(name, schemaOf(declaration), name)]
  })
  return Object.fromEntries(models)
}

/** Creates what is missing of collections and indexes; on what is there already it does nothing. */
export async function makeIndexes(models: Models): Promise<void> {
  const names = Object.keys(models) as CollectionName[]
  await Promise.all(names.map((name) => models[name].collection.createIndexes(indexesOf(collections[name]))))
}

function indexesOf({ sort, filter = [], unique = [] }: Declaration) {
  const walks = [{ account: 1, [sort]: 1, _id: 1 } as const, { [sort]: 1, _id: 1 } as const]
  const filters = filter.map((member) => ({ [member]: 1, account: 1, [sort]: 1, _id: 1 }) as const)
  return [
    ...[...walks, ...filters].map((key) => ({ key })),
    ...unique.map((members) => ({
      key: Object.fromEntries(members.map((member) => [member, 1 as const])),
      name: `one ${members.join(' ')}`,
      unique: true,
      // `$exists` would hold null unique.
      partialFilterExpression: Object.fromEntries(members.map((member) => [member, { $type: ['string', 'number'] }])),
    })),
  ]
}

/** The filter of a page. `sanitizeFilter` lets through what is trusted, and nothing else but `$eq`. */
export function pageFilter(account: string | null, plan: PagePlan): Plain {
  const { sort } = plan.declaration
  const filter: Plain = {}
  if (account !== null) filter.account = { $eq: account }
  for (const one of plan.filters) {
    if (one.by === 'list') filter[one.member] = mongoose.trusted({ $in: [...one.values] })
    else filter[one.member] = { $eq: one.by === 'null' ? null : one.value }
  }
  if (plan.after) {
    const { at, id } = plan.after
    // The bound lets an index start there; `$or` alone would be read from the account's first document on.
    filter[sort] = mongoose.trusted(plan.descending ? { $lte: at } : { $gte: at })
    const behind = (value: unknown) => mongoose.trusted(plan.descending ? { $lt: value } : { $gt: value })
    filter.$or = [{ [sort]: behind(at) }, { [sort]: { $eq: at }, _id: behind(id) }]
  }
  return filter
}
