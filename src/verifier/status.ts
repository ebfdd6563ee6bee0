import { VerifyError } from './errors.ts'
import type { KeySource } from './jwks.ts'
import { createRefresh, isWithin, PAUSE_MS, type Refresh } from './refresh.ts'
import type { Remote } from './remote.ts'
import { STATUS, statusAt } from './status-list.ts'
import { fetchStatusList, type StatusList } from './status-token.ts'
import { createTightening, type StatusEvent, type Tightening } from './tightening.ts'

export interface StatusReference {
  /** The list, already known to be one of the issuer's. */
  uri: string
  idx: number
  /** Ids of the token and of those it was exchanged from: the list also denies single tokens, with their children. */
  jtis: readonly string[]
}

/** Where the statuses of tokens come from. */
export interface StatusSource {
  /**
   * @returns one of `STATUS`, or another value of the list
   * @throws VerifyError `status_unavailable` where that cannot be told
   */
  read(reference: StatusReference): Promise<number>
}

export interface StatusRules {
  /** What becomes of tokens whose status cannot be told: `closed` refuses them, `open` accepts them. */
  failure: 'closed' | 'open'
  /** How long the last good list stands in while it cannot be fetched, since it last was. */
  maxStaleSeconds: number
}

/** How well one status list is known. */
export interface ListFreshness {
  uri: string
  /** The highest version seen, be it fetched or told by the stream; 0 where there is none. */
  version: number
  /** When it was last fetched, or found unchanged; null where it never was. */
  checkedAt: Date | null
  /** Seconds since then. */
  ageSeconds: number | null
  /**
   * `fresh` within its `ttl`; `stale` beyond it, which ends when a token next names the list, or the last good list
   * stands in; `unavailable` where it cannot: tokens are refused, or with `failure: 'open'` accepted.
   */
  state: 'fresh' | 'stale' | 'unavailable'
}

interface Entry {
  list: StatusList | null
  /** What a stream told that no fetched list has said yet. */
  tightening: Tightening
  /** The issuer says there is no such list: not an outage, so no failure rule helps. */
  gone: boolean
  /** Highest version ever seen; 0 before. */
  version: number
  refresh: Refresh
}

const MAX_LISTS = 256
/** Changes told for one list before it is fetched instead of remembering more. */
const MAX_TOLD = 20_000

export interface RemoteStatus extends StatusSource {
  /** The issuer's stream tells of a change: stricter at once, and fetched anew where something was missed. */
  tell(event: StatusEvent): void
  /** The stream cannot say what was missed: every list is fetched anew when it is next needed. */
  doubt(): void
  /** Every list at hand, the longest unused first. */
  freshness(): ListFreshness[]
}

/** Status lists: each is fetched when first needed, and again once its `ttl` is over. */
export function remoteStatus(
  remote: Remote,
  keys: KeySource,
  issuer: string,
  now: () => number,
  rules: StatusRules,
): RemoteStatus {
  const entries = new Map<string, Entry>()

  function entryOf(uri: string): Entry {
    const known = entries.get(uri)
    const entry = known ?? createEntry(uri)
    // Most recently used last, so that the first is the one to forget.
    if (known !== undefined) entries.delete(uri)
    entries.set(uri, entry)
    if (entries.size > MAX_LISTS) entries.delete(entries.keys().next().value as string)
    return entry
  }

  function createEntry(uri: string): Entry {
    const pauseMs = () => (entry.list === null ? PAUSE_MS.withNothing : PAUSE_MS.withLastGood)
    const refresh = createRefresh(fetchInto, now, pauseMs)
    const entry: Entry = { list: null, tightening: createTightening(), gone: false, version: 0, refresh }

    async function fetchInto(): Promise<void> {
      const answer = await fetchStatusList({ uri, issuer, remote, keys, now, last: entry.list })
      entry.gone = answer === 'gone'
      if (answer === 'gone') entry.list = null
      if (answer === 'gone') throw new Error(`${uri} does not exist`)
      if (answer.version < entry.version) throw new Error(`${uri} went back from version ${entry.version}`)
      entry.version = answer.version
      entry.list = answer
      if (answer.version >= entry.tightening.version) entry.tightening = createTightening()
    }
    return entry
  }

  /** Not fresh any more, but still good while it cannot be fetched. */
  function stale(entry: Entry): void {
    if (entry.list !== null) entry.list = { ...entry.list, freshUntil: entry.list.fetchedAt, etag: undefined }
  }

  return {
    async read({ uri, idx, jtis }) {
      const entry = entryOf(uri)
      if (entry.list === null || !isFresh(entry.list, now())) await entry.refresh.run()
      const { list, refresh, tightening } = entry
      const unavailable = (cause: unknown) =>
        new VerifyError('status_unavailable', { cause, retryAfterSeconds: refresh.waitSeconds })
      if (list === null || !isUsable(list, now(), rules.maxStaleSeconds)) {
        if (rules.failure === 'open' && !entry.gone) return STATUS.valid
        throw unavailable(refresh.failure)
      }
      if (jtis.some((jti) => list.denied.has(jti) || tightening.denies(jti))) return STATUS.invalid
      const value = statusAt(list.statuses, idx)
      if (value === null) throw unavailable(new RangeError(`index ${idx} is outside of ${uri}`))
      return tightening.value(idx, value)
    },
    tell(event) {
      if (!event.uri.startsWith(`${issuer}/status/`)) return
      const entry = entryOf(event.uri)
      if (event.version <= entry.version) return
      const known = Math.max(entry.version, entry.tightening.version)
      entry.tightening.apply(event)
      if (event.since > known) stale(entry)
      if (entry.tightening.size > MAX_TOLD) entry.list = null
    },
    doubt() {
      for (const entry of entries.values()) stale(entry)
    },
    freshness: () => [...entries].map(([uri, entry]) => freshnessOf(uri, entry, now(), rules.maxStaleSeconds)),
  }
}

function freshnessOf(uri: string, { list, ...entry }: Entry, now: number, maxStaleSeconds: number): ListFreshness {
  const version = Math.max(entry.version, entry.tightening.version)
  if (list === null) return { uri, version, checkedAt: null, ageSeconds: null, state: 'unavailable' }
  const usable = isUsable(list, now, maxStaleSeconds) ? 'stale' : 'unavailable'
  return {
    uri,
    version,
    checkedAt: new Date(list.fetchedAt),
    ageSeconds: (now - list.fetchedAt) / 1000,
    state: isFresh(list, now) ? 'fresh' : usable,
  }
}

function isUsable(list: StatusList, now: number, maxStaleSeconds: number): boolean {
  return now < list.expiresAt && (isFresh(list, now) || now <= list.fetchedAt + maxStaleSeconds * 1000)
}

function isFresh({ fetchedAt, freshUntil }: StatusList, now: number): boolean {
  return isWithin(fetchedAt, freshUntil, now)
}
