/** The store on one SQLite file, which several processes may share. */
import Database from 'better-sqlite3'
import type { CollectionName, Collections } from './collections.ts'
import {
  type Advance,
  accountIn,
  advanceHead,
  type CommitPlan,
  declarationOf,
  type Guard,
  isBeforeAll,
  linkedIds,
  mergeInto,
  type Place,
  type Plain,
  planByMember,
  planCommit,
  planMerge,
  planPage,
  Refusal,
  type Row,
  requireId,
  requireScope,
  SWEEP_LIMIT,
  Sweeping,
  sweeps,
  toRow,
} from './rules.ts'
import { type Linked, LinkedReads } from './sqlite-linked.ts'
import { byMemberSql, names, pageSql, prepareDatabase } from './sqlite-schema.ts'
import {
  type ByMember,
  type Commit,
  type CommitResult,
  type Document,
  EVERY_ACCOUNT,
  type EventDocument,
  type Head,
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

const BUSY_TIMEOUT_MS = 5000

interface Found {
  id: string
  account: string
  rev: number
  sort: number
  doc: string
}

/**
 * Opens, and where it is new makes, the database in `file` (or ':memory:').
 *
 * @param busyTimeoutMs Milliseconds to wait for another process's commit. The whole process waits.
 * @throws Error where the file is of a later schema or its file system cannot do write-ahead logging.
 */
export function openSqlite(file: string, options: StoreOptions, busyTimeoutMs = BUSY_TIMEOUT_MS): Store {
  const database = new Database(file, { timeout: busyTimeoutMs })
  try {
    prepareDatabase(database, file, busyTimeoutMs)
    return new SqliteStore(database, options)
  } catch (error) {
    database.close()
    throw unavailable(error)
  }
}

class SqliteStore implements Store {
  readonly kind = 'sqlite'
  readonly #database: Database.Database
  readonly #options: StoreOptions
  readonly #statements = new Map<string, Database.Statement>()
  readonly #read: Record<CollectionName, Database.Statement<[string], Found>>
  readonly #transaction: <T>(work: () => T) => T
  readonly #sweeping = new Sweeping()
  readonly #linked: LinkedReads

  constructor(database: Database.Database, options: StoreOptions) {
    this.#database = database
    this.#options = options
    const transaction = database.transaction((work: () => unknown) => work()).immediate
    this.#transaction = <T>(work: () => T) => {
      this.#linked.forget()
      return transaction(work) as T
    }
    const reads = names().map((name) => [
      name,
      database.prepare(`SELECT id, account, rev, sort, doc FROM "${name}" WHERE id = ?`),
    ])
    this.#read = Object.fromEntries(reads)
    this.#linked = new LinkedReads(database)
  }

  async get<C extends CollectionName>(scope: Scope, collection: C, id: string): Promise<Kept<Collections[C]> | null> {
    requireScope(scope)
    return this.#guard(() => this.#find(scope, collection, id) as Kept<Collections[C]> | null)
  }

  async getMany(scope: Scope, refs: readonly Ref[]): Promise<(Kept<Document> | null)[]> {
    requireScope(scope)
    return this.#guard(() => refs.map(({ collection, id }) => this.#find(scope, collection, id)))
  }

  async getLinked<C extends CollectionName>(scope: Scope, collection: C, which: string | ByMember) {
    requireScope(scope)
    return this.#guard(() => {
      if (typeof which !== 'object') requireId(which)
      const id = typeof which === 'object' ? this.#idOf(collection, which) : which
      if (id === undefined) return null
      const held =
        this.#linked.get(collection, id) ?? this.#linked.put(collection, id, this.#findLinked(collection, id))
      if (held === null || (scope !== EVERY_ACCOUNT && held.document.account !== scope)) return null
      return held as { document: Kept<Collections[C]>; linked: Record<string, Kept<Document>[]> }
    })
  }

  #idOf(collection: CollectionName, by: ByMember): string | undefined {
    const values = JSON.stringify(planByMember(collection, by))
    return (this.#prepared(byMemberSql(collection, by.member)).get(values) as { id: string } | undefined)?.id
  }

  #findLinked(collection: CollectionName, id: string): Linked | null {
    const document = this.#find(EVERY_ACCOUNT, collection, id)
    if (document === null) return null
    const linked: Record<string, Kept<Document>[]> = {}
    const { links = {} } = declarationOf(collection)
    for (const name in links) {
      const { member, collection: target } = links[name]!
      const found = linkedIds(document, member).map((one) => this.#find(document.account, target, one))
      linked[name] = found.filter((one) => one !== null)
    }
    return { document, linked }
  }

  async page<C extends CollectionName>(scope: Scope, collection: C, query: PageQuery): Promise<Page<Collections[C]>> {
    requireScope(scope)
    const plan = planPage(collection, query)
    const { sql, values } = pageSql(collection, accountIn(scope, plan.declaration), plan)
    const rows = this.#guard(() => this.#prepared(sql).all(...values) as Found[])
    const kept = rows.slice(0, plan.limit)
    const last = kept.at(-1)
    const next = rows.length > plan.limit && last ? { at: last.sort, id: last.id } : null
    return { items: kept.map((row) => parse(collection, row) as Kept<Collections[C]>), next }
  }

  async commit(account: string, commit: Commit): Promise<CommitResult> {
    const plan = planCommit(account, commit)
    return this.#guard(() => {
      try {
        const events = this.#transaction(() => this.#write(account, commit, plan))
        return { ok: true, events }
      } catch (error) {
        if (error instanceof Refusal) return error.result
        throw error
      }
    })
  }

  async merge(batchId: string, merges: readonly Merge[]): Promise<(Kept<Document> | null)[]> {
    planMerge(batchId, merges)
    return this.#guard(() =>
      this.#transaction(() => {
        this.#merge(batchId, merges)
        return merges.map(({ collection, id }) => this.#find(EVERY_ACCOUNT, collection, id))
      }),
    )
  }

  async ping(): Promise<void> {
    this.#guard(() => this.#prepared('SELECT count(*) FROM sqlite_schema').get())
  }

  async close(): Promise<void> {
    this.#database.close()
  }

  #guard<T>(work: () => T): T {
    if (!this.#database.open) throw new StoreUnavailable(new Error('the store is closed'))
    try {
      return work()
    } catch (error) {
      throw unavailable(error)
    }
  }

  #prepared(sql: string): Database.Statement {
    const known = this.#statements.get(sql)
    if (known) return known
    const made = this.#database.prepare(sql)
    this.#statements.set(sql, made)
    return made
  }

  #find(scope: Scope, collection: CollectionName, id: string): Kept<Document> | null {
    const owner = accountIn(scope, declarationOf(collection))
    requireId(id)
    const row = this.#read[collection].get(id)
    return row === undefined || (owner !== null && row.account !== owner) ? null : parse(collection, row)
  }

  /** Removes and replaces before it inserts, so that one commit may free a unique member and take it. */
  #write(account: string, commit: Commit, plan: CommitPlan): EventDocument[] {
    const { head, events, rows, full } = plan.movesHead
      ? this.#advance(account, commit)
      : { head: null, events: [], rows: [], full: null }
    for (const row of plan.expect) this.#expect(row)
    for (const row of plan.remove) this.#remove(row)
    for (const row of plan.replace) this.#replace(row)
    for (const row of plan.insert) this.#insert(row)
    if (full !== null) throw new Refusal({ ok: false, because: 'full', count: full })
    for (const row of rows) this.#insert(row)
    if (head) this.#put(toRow(account, 'heads', head))
    return events
  }

  #advance(account: string, commit: Commit): Advance {
    const from = this.#find(account, 'heads', account) as Head | null
    const isLost = isBeforeAll(from) && this.#find(account, 'accounts', account) !== null
    return advanceHead(from, isLost, account, commit, this.#options)
  }

  #expect({ collection, id, account, rev }: Guard<Place>): void {
    const found = this.#prepared(`SELECT 1 FROM "${collection}" WHERE id = ? AND account = ? AND rev = ?`).get(
      id,
      account,
      rev,
    )
    if (found === undefined) throw new Refusal({ ok: false, because: 'changed' })
  }

  #remove({ collection, id, account, rev }: Guard<Place>): void {
    const { changes } = this.#prepared(`DELETE FROM "${collection}" WHERE id = ? AND account = ? AND rev = ?`).run(
      id,
      account,
      rev,
    )
    if (changes === 0) throw new Refusal({ ok: false, because: 'changed' })
  }

  #replace({ collection, id, account, rev, sort, text }: Guard<Row>): void {
    const sql = `UPDATE "${collection}" SET rev = rev + 1, sort = ?, doc = ? WHERE id = ? AND account = ? AND rev = ?`
    const { changes } = this.#unique(collection, () => this.#prepared(sql).run(sort, text, id, account, rev))
    if (changes === 0) throw new Refusal({ ok: false, because: 'changed' })
  }

  #insert({ collection, id, account, sort, text }: Row): void {
    const sql = `INSERT INTO "${collection}" (id, account, rev, sort, doc) VALUES (?, ?, 1, ?, ?)`
    this.#unique(collection, () => this.#prepared(sql).run(id, account, sort, text))
  }

  #put({ collection, id, account, sort, text }: Row): void {
    const sql = `INSERT INTO "${collection}" (id, account, rev, sort, doc) VALUES (?, ?, 1, ?, ?)
      ON CONFLICT (id) DO UPDATE SET rev = rev + 1, sort = excluded.sort, doc = excluded.doc`
    this.#prepared(sql).run(id, account, sort, text)
  }

  #unique<T>(collection: CollectionName, write: () => T): T {
    try {
      return write()
    } catch (error) {
      if (error instanceof Database.SqliteError && /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)$/.test(error.code)) {
        throw new Refusal({ ok: false, because: 'exists', collection })
      }
      throw error
    }
  }

  #merge(batchId: string, merges: readonly Merge[]): void {
    const now = this.#options.now()
    if (this.#sweeping.isDue(now, merges.length + 1))
      for (const { collection, before } of sweeps(now)) this.#sweep(collection, before)
    const id = `batch:${batchId}`
    if (this.#read.marks.get(id) !== undefined) return
    this.#insert(toRow('', 'marks', { id, account: '', createdAt: now } as Document))
    for (const merge of merges) {
      const row = this.#read[merge.collection].get(merge.id)
      const merged = mergeInto(row ? (JSON.parse(row.doc) as Plain) : null, merge)
      this.#put(toRow(merge.account, merge.collection, merged as unknown as Document))
    }
  }

  #sweep(collection: CollectionName, before: number): void {
    const old = `SELECT id FROM "${collection}" WHERE sort < ? ORDER BY sort LIMIT ${SWEEP_LIMIT}`
    const sql = `DELETE FROM "${collection}" WHERE id IN (${old})`
    this.#prepared(sql).run(before)
  }
}

function parse(collection: CollectionName, { id, account, rev, sort, doc }: Found): Kept<Document> {
  const document = JSON.parse(doc)
  // What stands beside an event's text is under no seal: where they differ, the event has a member that no seal covers.
  if (collection === 'events' && (document.id !== id || document.account !== account || document.seq !== sort))
    document.contradicts = { id, account, sort }
  document.rev = rev
  return document
}

/** Faults in the statement or its use are ours; every other fault is the world's. */
const OURS = new Set(['SQLITE_ERROR', 'SQLITE_MISUSE', 'SQLITE_RANGE', 'SQLITE_MISMATCH', 'SQLITE_TOOBIG'])

function unavailable(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError) || OURS.has(error.code) || error.code.startsWith('SQLITE_CONSTRAINT'))
    return error
  return new StoreUnavailable(error)
}
