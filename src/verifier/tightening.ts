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
  readonly version: number
  apply(event: StatusEvent): void
  /** The stricter of the list's value and what was told. */
  value(idx: number, listed: number): number
  denies(jti: string): boolean
  readonly size: number
}

export function createTightening(): Tightening {
  const values = new Map<number, number>()
  const denied = new Set<string>()
  let version = 0
  return {
    get version() {
      return version
    },
    get size() {
      return values.size + denied.size
    },
    apply(event) {
      for (const { idx, value } of event.changed) if (value !== STATUS.valid) values.set(idx, value)
      for (const { jti } of event.denied) denied.add(jti)
      version = Math.max(version, event.version)
    },
    value(idx, listed) {
      const told = values.get(idx)
      return told === undefined || listed === STATUS.invalid ? listed : told
    },
    denies: (jti) => denied.has(jti),
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
