/** What happens on the exchange path, gathered in memory and written once a second: counts and last use. */
import type { Merge, Store } from '../store/store.ts'
import type { Counter } from './rules.ts'

/** What usage is counted by. */
export interface Counted {
  keyId: string
  account: string
  namespace: string
  holderId: string | null
  /** Space-separated, sorted. */
  scopes: string
}

export interface Occurrence extends Counted {
  outcome: Counter
  /** Of the secret shown. */
  secretId: string
}

export interface Counters {
  count(occurrence: Occurrence): void
  /** Notes that a secret was shown where no token is asked for. */
  use(shown: Pick<Occurrence, 'keyId' | 'account' | 'secretId'>): void
  /** Writes what has gathered. On failure it is kept for the next flush, up to 50,000 keys. */
  flush(): Promise<void>
  /** False once a last use had to be dropped: nobody can tell any more what was never used. */
  isComplete(): boolean
}

/** Keys held between flushes while the store is away, before the rest is dropped. */
const MAX_HELD = 50_000

export function createCounters(deps: { store: Store; now: () => number; batchId: () => string }): Counters {
  const { store, now } = deps
  let merges = new Map<string, Merge>()
  /** A batch that may or may not have been written keeps its id until the store has said so. */
  let pending: { id: string; merges: Merge[] } | null = null
  let flushing: Promise<void> | null = null
  let complete = true

  async function flushAll(): Promise<void> {
    pending ??= takeBatch()
    while (pending !== null) {
      await store.merge(pending.id, pending.merges)
      pending = takeBatch()
    }
  }

  function takeBatch(): { id: string; merges: Merge[] } | null {
    if (merges.size === 0) return null
    const batch = { id: deps.batchId(), merges: [...merges.values()] }
    merges = new Map()
    return batch
  }

  function noteUse(shown: Pick<Occurrence, 'keyId' | 'account' | 'secretId'>): Merge['max'] {
    const use = held(merges, shown.keyId, () => lastUseMerge(shown))
    if (use?.max === undefined) complete = false
    else use.max[`secrets.${shown.secretId}`] = now()
    return use?.max
  }

  return {
    count(occurrence) {
      const at = now()
      const { keyId, outcome, scopes } = occurrence
      const usageId = usageIdOf({ keyId, scopes }, at)
      const usage = held(merges, usageId, () => usageMerge(occurrence, usageId, at))
      if (usage?.add !== undefined) usage.add[outcome] = (usage.add[outcome] ?? 0) + 1
      // Who is refused has the secret all the same, and would miss it.
      const use = noteUse(occurrence)
      if (use !== undefined && outcome === 'exchanges') use.lastUsedAt = at
    },
    use(shown) {
      const use = noteUse(shown)
      if (use !== undefined) use.lastUsedAt = now()
    },
    async flush() {
      if (flushing !== null) await flushing.catch(() => {})
      flushing ??= flushAll().finally(() => {
        flushing = null
      })
      await flushing
    },
    isComplete: () => complete,
  }
}

/** The merge that gathers under `id`; none where too many gather already. Ids of the two collections never meet. */
function held(merges: Map<string, Merge>, id: string, make: () => Merge): Merge | undefined {
  const known = merges.get(id)
  if (known !== undefined || merges.size >= MAX_HELD) return known
  const fresh = make()
  merges.set(id, fresh)
  return fresh
}

let lastDay = { second: -1, month: '', day: 0 }

/** The UTC month and day of an instant. */
function dayOf(at: number): { month: string; day: number } {
  const second = Math.floor(at / 1000)
  if (lastDay.second !== second) {
    const date = new Date(at).toISOString()
    lastDay = { second, month: date.slice(0, 7), day: Number(date.slice(0, 10).replaceAll('-', '')) }
  }
  return lastDay
}

export function usageIdOf({ keyId, scopes }: Pick<Occurrence, 'keyId' | 'scopes'>, at: number): string {
  return `${dayOf(at).day}/${keyId}/${scopes}`
}

/** A share in the count of a key's day, to be added to. */
export function usageMerge(o: Counted, id: string, at: number): Merge & { add: Record<string, number> } {
  const { month, day } = dayOf(at)
  const none = { exchanges: 0, refused: 0, rateLimited: 0, verified: 0, denied: 0 }
  return {
    collection: 'usage',
    id,
    account: o.account,
    initial: {
      month,
      day,
      keyId: o.keyId,
      namespace: o.namespace,
      holderId: o.holderId,
      scopes: o.scopes,
      ...none,
    },
    add: {},
  }
}

function lastUseMerge(o: Pick<Occurrence, 'keyId' | 'account'>): Merge {
  return { collection: 'keyUse', id: o.keyId, account: o.account, initial: { lastUsedAt: 0, secrets: {} }, max: {} }
}
