import type { Commit, Guarded, Kept, Store, Write } from '../store/store.ts'
import { Turns } from '../store/turns.ts'
import { DENIAL_GRACE_SECONDS, type StatusEntry, type StatusList, type StatusRef, type StatusValue } from './rules.ts'

export interface Statuses {
  /**
   * What a commit must hold so that the credentials at `refs` read `value` from now on: their entries, and their lists
   * with the next version. To be spread into the commit of the change that causes it.
   */
  flip(refs: readonly StatusRef[], value: StatusValue): Promise<Flipped>
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

export type Flipped = Required<Pick<Commit, 'insert' | 'replace'>>

const PATIENCE_MS = 5_000

export function createStatuses(store: Store): Statuses {
  const turns = new Turns(PATIENCE_MS)
  return {
    flip: (refs, value) => flip(store, refs, value),
    deny: (namespace, token, now) => deny(store, namespace, token, now),
    inTurn: (act) => turns.take('', act),
  }
}

async function flip(store: Store, refs: readonly StatusRef[], value: StatusValue): Promise<Flipped> {
  const insert: Write[] = []
  const replace: Guarded[] = []
  const lists = [...new Set(refs.map((ref) => ref.list))]
  const found = await store.getMany('', [
    ...lists.map((id) => ({ collection: 'statusLists', id }) as const),
    ...refs.map((ref) => ({ collection: 'statusEntries', id: entryId(ref) }) as const),
  ])
  const versions = new Map<string, number>()
  for (const [i, id] of lists.entries()) {
    const list = found[i] as Kept<StatusList> | null
    if (list === null || list === undefined) throw new Error(`status list ${id} is missing`)
    versions.set(id, list.version + 1)
    replace.push({ collection: 'statusLists', document: { ...list, version: list.version + 1 } })
  }
  for (const [i, ref] of refs.entries()) {
    const kept = found[lists.length + i] as Kept<StatusEntry> | null
    const entry = {
      id: entryId(ref),
      account: '' as const,
      list: ref.list,
      index: ref.index,
      value,
      version: versions.get(ref.list) as number,
    }
    if (kept) replace.push({ collection: 'statusEntries', document: { ...entry, rev: kept.rev } })
    else insert.push({ collection: 'statusEntries', document: entry })
  }
  return { insert, replace }
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
