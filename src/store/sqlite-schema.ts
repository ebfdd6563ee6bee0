/** Tables, indexes and the SQL of a page, all from the declarations. */
import Database from 'better-sqlite3'
import { type CollectionName, collections } from './collections.ts'
import type { PagePlan } from './rules.ts'

const SCHEMA_VERSION = 2
export function names(): CollectionName[] {
  return Object.keys(collections) as CollectionName[]
}

/** The SQL of a member; the same text stands in its index, or the index would not be used. */
function expression(member: string): string {
  if (member === 'account') return 'account'
  const path = member.split('.').map((name) => `."${name}"`)
  return `json_extract(doc, '$${path.join('')}')`
}

/** A page and one row more, which says whether another page follows. */
export function pageSql(
  collection: CollectionName,
  account: string | null,
  plan: PagePlan,
): { sql: string; values: unknown[] } {
  const conditions: string[] = []
  const values: unknown[] = []
  if (account !== null) {
    conditions.push('account = ?')
    values.push(account)
  }
  for (const filter of plan.filters) {
    const member = expression(filter.member)
    if (filter.by === 'null') conditions.push(`${member} IS NULL`)
    else if (filter.by === 'list') {
      conditions.push(`${member} IN (SELECT value FROM json_each(?))`)
      values.push(JSON.stringify(filter.values))
    } else {
      conditions.push(`${member} = ?`)
      // SQLite reads JSON's true as 1.
      values.push(typeof filter.value === 'boolean' ? Number(filter.value) : filter.value)
    }
  }
  if (plan.after) {
    conditions.push(`(sort, id) ${plan.descending ? '<' : '>'} (?, ?)`)
    values.push(plan.after.at, plan.after.id)
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  const order = plan.descending ? 'sort DESC, id DESC' : 'sort, id'
  return {
    sql: `SELECT * FROM "${collection}" ${where} ORDER BY ${order} LIMIT ?`,
    values: [...values, plan.limit + 1],
  }
}

/** Finds the document whose unique member is one of a JSON list. */
export function byMemberSql(collection: CollectionName, member: string): string {
  return `SELECT id FROM "${collection}" WHERE ${expression(member)} IN (SELECT value FROM json_each(?))`
}

/** Sets the file up for durable, shared use and makes what tables it does not have. */
export function prepareDatabase(database: Database.Database, file: string, busyTimeoutMs: number): void {
  const mode = retryBusy(busyTimeoutMs, () => database.pragma('journal_mode = WAL', { simple: true }))
  if (mode !== 'wal' && mode !== 'memory')
    throw new Error(`${file}: its file system cannot do write-ahead logging; keep it on a local disk`)
  database.pragma('synchronous = FULL')
  const version = () => database.pragma('user_version', { simple: true }) as number
  if (version() > SCHEMA_VERSION)
    throw new Error(`${file} was written by a later release (schema ${version()}); start that one`)
  // A file of an earlier release of the same schema may lack a collection.
  const make = database.transaction(() => {
    for (const name of names()) for (const sql of schemaSql(name)) database.exec(sql)
    database.pragma(`user_version = ${SCHEMA_VERSION}`)
  })
  make.immediate()
}

/** The switch to WAL does not honour the busy timeout when two processes open a new file at once. */
function retryBusy<T>(forMs: number, work: () => T): T {
  const deadline = performance.now() + forMs
  for (;;) {
    try {
      return work()
    } catch (error) {
      const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
      if (!busy || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

function schemaSql(name: CollectionName): string[] {
  const { filter = [], unique = [] } = collections[name]
  const columns =
    'id TEXT PRIMARY KEY, account TEXT NOT NULL, rev INTEGER NOT NULL, sort REAL NOT NULL, doc TEXT NOT NULL'
  const filters = filter.map((member) => [member, `${expression(member)}, account, sort, id`] as const)
  const walks = [['account', 'account, sort, id'] as const, ['sort', 'sort, id'] as const]
  return [
    `CREATE TABLE IF NOT EXISTS "${name}" (${columns}) STRICT`,
    ...[...walks, ...filters].map(([by, on]) => `CREATE INDEX IF NOT EXISTS "${name} by ${by}" ON "${name}" (${on})`),
    ...unique.map((members) => {
      const parts = members.map(expression)
      const held = parts.map((part) => `${part} IS NOT NULL`).join(' AND ')
      return `CREATE UNIQUE INDEX IF NOT EXISTS "${name} one ${members.join(' ')}" ON "${name}" (${parts.join(', ')}) WHERE ${held}`
    }),
  ]
}
