/** What a stream has told since the last signed list: it can make the list stricter, and nothing else. */
import { STATUS } from './status-list.ts'

export interface StatusEvent {
  uri: string
  /** What the list's version is with this change. */
  version: number
  /** The version that the change follows. */
  since: number
  changed: readonly { idx: number; value: number }[]
  denied: readonly { jti: string }[]
}

export interface Tightening {
  apply(event: StatusEvent): void
  /** The stricter of the list's value and what was told; null where there is neither. */
  value(idx: number, listed: number | null): number | null
  denies(jti: string): boolean
  /** Forgets what a signed list of this version says itself. */
  settle(version: number): void
  /** So much was told that some of it was not kept: there must be a list that says it. */
  readonly full: boolean
}

const MAX_TOLD = 20_000

export function createTightening(maxTold = MAX_TOLD): Tightening {
  const values = new Map<number, { value: number; version: number }>()
  const denied = new Map<string, number>()
  /** Version of the latest event that was not kept whole. */
  let lostAt = 0
  return {
    get full() {
      return lostAt > 0
    },
    apply({ version, changed, denied: jtis }) {
      for (const { idx, value } of changed) {
        if (value === STATUS.valid || values.get(idx)?.value === STATUS.invalid) continue
        if (values.size + denied.size < maxTold || values.has(idx)) values.set(idx, { value, version })
        else lostAt = version
      }
      for (const { jti } of jtis) {
        if (values.size + denied.size < maxTold || denied.has(jti)) denied.set(jti, version)
        else lostAt = version
      }
    },
    value(idx, listed) {
      const told = values.get(idx)
      return told === undefined || listed === STATUS.invalid ? listed : told.value
    },
    denies: (jti) => denied.has(jti),
    settle(listed) {
      for (const [idx, { version }] of values) if (version <= listed) values.delete(idx)
      for (const [jti, version] of denied) if (version <= listed) denied.delete(jti)
      if (lostAt <= listed) lostAt = 0
    },
  }
}

/** Null for what is no such event: a stream is not signed, and is trusted only to be stricter. */
export function readStatusEvent(data: string): StatusEvent | null {
  const { uri, version, since = version, changed = [], denied = [] } = parse<StatusEvent>(data)
  if (typeof uri !== 'string' || !isCount(version) || !isCount(since)) return null
  if (!Array.isArray(changed) || !changed.every((one) => isCount(one?.idx) && isCount(one?.value))) return null
  if (!Array.isArray(denied) || !denied.every((one) => typeof one?.jti === 'string')) return null
  return { uri, version, since, changed, denied }
}

/** Kids of the keys that are gone; none for what is no such event. */
export function readKeysEvent(data: string): string[] {
  const { removed } = parse<{ removed: unknown }>(data)
  return Array.isArray(removed) ? removed.filter((kid) => typeof kid === 'string') : []
}

function parse<T>(data: string): Partial<T> {
  try {
    return (JSON.parse(data) as Partial<T> | null) ?? {}
  } catch {
    return {}
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
