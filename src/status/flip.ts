import type { Commit, Guarded, Kept, Store, Write } from '../store/store.ts'
import { Turns } from '../store/turns.ts'
import {
  DENIAL_GRACE_SECONDS,
  INVALID,
  type StatusEntry,
  type StatusList,
  type StatusRef,
  type StatusValue,
  VALID,
} from './rules.ts'

export interface Statuses {
  /**
   * What a commit must hold so that credentials read as they should from now on: their entries, and their lists with the
   * next version. To be spread into the commit of the change that causes it. What is invalid stays so, and what reads
   * that way already is left alone.
   */
  flip(changes: readonly StatusChange[]): Promise<Flipped>
  /**
   * What a commit must hold so that the token `jti` is denied, and with it those exchanged from it: an entry in every
   * list of the namespace, for a child may stand in another list than its parent.
   *
   * @param token.exp seconds; a minute later it is left out again
   * @param now UTC ms
   */
  deny(namespace: string, token: { jti: string; exp: number }, now: number): Promise<Flipped>
  /** Acts that flip go one at a time in this process: they all write the same lists, and would only undo each other. */
  inTurn<T>(act: () => Promise<T>): Promise<T>
}

export interface StatusChange {
  ref: StatusRef
  value: StatusValue
}

export type Flipped = Required<Pick<Commit, 'insert' | 'replace'>>

const PATIENCE_MS = 5_000

export function createStatuses(store: Store): Statuses {
  const turns = new Turns(PATIENCE_MS)
  return {
    flip: (changes) => flip(store, changes),
    deny: (namespace, token, now) => deny(store, namespace, token, now),
    inTurn: (act) => turns.take('', act),
  }
}

async function flip(store: Store, changes: readonly StatusChange[]): Promise<Flipped> {
  const entries = await store.getMany(
    '',
    changes.map(({ ref }) => ({ collection: 'statusEntries', id: entryId(ref) }) as const),
  )
  const due = changes
    .map((change, i) => ({ ...change, kept: entries[i] as Kept<StatusEntry> | null }))
    .filter(({ value, kept }) => kept?.value !== INVALID && (kept?.value ?? VALID) !== value)
  const lists = await nextLists(
    store,
    due.map(({ ref }) => ref.list),
  )
  const insert: Write[] = []
  const replace: Guarded[] = [...lists.values()].map((document) => ({ collection: 'statusLists', document }))
  for (const { ref, value, kept } of due) {
    const { version } = lists.get(ref.list) as StatusList
    const entry: StatusEntry = { id: entryId(ref), account: '', list: ref.list, index: ref.index, value, version }
    if (kept === null) insert.push({ collection: 'statusEntries', document: entry })
    else replace.push({ collection: 'statusEntries', document: { ...entry, rev: kept.rev } })
  }
  return { insert, replace }
}

/** The lists with their next versions. */
async function nextLists(store: Store, named: readonly string[]): Promise<Map<string, Kept<StatusList>>> {
  const ids = [...new Set(named)]
  const found = await store.getMany(
    '',
    ids.map((id) => ({ collection: 'statusLists', id }) as const),
  )
  return new Map(
    ids.map((id, i) => {
      const list = found[i] as Kept<StatusList> | null
      if (list === null) throw new Error(`status list ${id} is missing`)
      return [id, { ...list, version: list.version + 1 }]
    }),
  )
}

async function deny(
  store: Store,
  namespace: string,
  token: { jti: string; exp: number },
  now: number,
): Promise<Flipped> {
  const { items } = await store.page('', 'statusLists', { where: { namespace }, limit: 1000 })
  const replace = items.map((list): Guarded => {
    const live = list.denied.filter((one) => one.exp + DENIAL_GRACE_SECONDS > now / 1000 && one.jti !== token.jti)
    return {
      collection: 'statusLists',
      document: { ...list, version: list.version + 1, denied: [...live, token] },
    }
  })
  return { insert: [], replace }
}

function entryId(ref: StatusRef): string {
  return `${ref.list}/${ref.index}`
}
