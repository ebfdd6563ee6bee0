import { VerifyError } from './errors.ts'
import type { KeySource } from './jwks.ts'
import { createRefresh, isWithin, PAUSE_MS, type Refresh } from './refresh.ts'
import type { Remote } from './remote.ts'
import { statusAt } from './status-list.ts'
import { fetchStatusList, type StatusList } from './status-token.ts'

/** Values of a status (Token Status List §7.1); every other one is taken as invalid. */
export const STATUS = { valid: 0, invalid: 1, suspended: 2 } as const

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

interface Entry {
  list: StatusList | null
  /** The issuer says there is no such list: not an outage, so no failure rule helps. */
  gone: boolean
  /** Highest version ever seen; 0 before. */
  version: number
  refresh: Refresh
}

const MAX_LISTS = 256

/** Status lists by polling: each is fetched when first needed, and again once its `ttl` is over. */
export function remoteStatus(remote: Remote, keys: KeySource, issuer: string, now: () => number, rules: StatusRules) {
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
    const entry: Entry = { list: null, gone: false, version: 0, refresh: createRefresh(fetchInto, now, pauseMs) }

    async function fetchInto(): Promise<void> {
      const answer = await fetchStatusList({ uri, issuer, remote, keys, now, last: entry.list })
      entry.gone = answer === 'gone'
      if (answer === 'gone') entry.list = null
      if (answer === 'gone') throw new Error(`${uri} does not exist`)
      if (answer.version < entry.version) throw new Error(`${uri} went back from version ${entry.version}`)
      entry.version = answer.version
      entry.list = answer
    }
    return entry
  }

  const source: StatusSource = {
    async read({ uri, idx, jtis }) {
      const entry = entryOf(uri)
      if (entry.list === null || !isFresh(entry.list, now())) await entry.refresh.run()
      const { list, refresh } = entry
      const unavailable = (cause: unknown) =>
        new VerifyError('status_unavailable', { cause, retryAfterSeconds: refresh.waitSeconds })
      if (list === null || !isUsable(list, now(), rules.maxStaleSeconds)) {
        if (rules.failure === 'open' && !entry.gone) return STATUS.valid
        throw unavailable(refresh.failure)
      }
      if (jtis.some((jti) => list.denied.has(jti))) return STATUS.invalid
      const value = statusAt(list.statuses, idx)
      if (value === null) throw unavailable(new RangeError(`index ${idx} is outside of ${uri}`))
      return value
    },
  }
  return source
}

function isUsable(list: StatusList, now: number, maxStaleSeconds: number): boolean {
  return now < list.expiresAt && (isFresh(list, now) || now <= list.fetchedAt + maxStaleSeconds * 1000)
}

function isFresh({ fetchedAt, freshUntil }: StatusList, now: number): boolean {
  return isWithin(fetchedAt, freshUntil, now)
}
