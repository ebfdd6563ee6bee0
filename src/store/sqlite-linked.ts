import type Database from 'better-sqlite3'
import type { CollectionName } from './collections.ts'
import type { Document, Kept } from './store.ts'

export interface Linked {
  document: Kept<Document>
  linked: Record<string, Kept<Document>[]>
}

/** Reads held before all are given up. */
const MAX_HELD = 10_000

/**
 * Linked reads, held for as long as the database file is known not to have changed: this connection forgets them when
 * it writes, and `data_version` tells of every commit by another (sqlite.org/pragma.html#pragma_data_version). It is
 * asked once in a turn of the event loop: whatever is served in one turn had arrived before it was asked, so what is
 * answered is what the file held then; only reading and parsing it again is saved.
 */
export class LinkedReads {
  readonly #held = new Map<string, Linked>()
  readonly #version: Database.Statement<[], number>
  #at = -1
  #askedInThisTurn = false

  constructor(database: Database.Database) {
    this.#version = database.prepare<[], number>('PRAGMA data_version').pluck()
  }

  get(collection: CollectionName, id: string): Linked | undefined {
    if (!this.#askedInThisTurn) this.#ask()
    return this.#held.get(`${collection}/${id}`)
  }

  /** Frozen, for it is handed out more than once. */
  put(collection: CollectionName, id: string, read: Linked | null): Linked | null {
    if (read === null) return null
    if (this.#held.size >= MAX_HELD) this.#held.clear()
    this.#held.set(`${collection}/${id}`, freeze(read))
    return read
  }

  forget(): void {
    this.#held.clear()
  }

  #ask(): void {
    this.#askedInThisTurn = true
    setImmediate(this.#turnOver)
    const version = this.#version.get() as number
    if (version === this.#at) return
    this.#held.clear()
    this.#at = version
  }

  readonly #turnOver = (): void => {
    this.#askedInThisTurn = false
  }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) freeze(member)
  return Object.freeze(value)
}
