/** When the end of a key is told: seven days before, one day before, and when it has come. */
import type { ApiKey } from './rules.ts'

/** What is still to be told of a key's end. Its id is the key's. */
export interface KeyExpiry {
  id: string
  account: string
  /** When the next is due, UTC ms. */
  dueAt: number
}

const DAY_MS = 86_400_000
const DAYS_BEFORE = [7, 1]

/** The next instant after `now` at which there is something to tell; null: none. */
export function nextDue(expiresAt: number, now: number): number | null {
  const dues = [...DAYS_BEFORE, 0].map((days) => expiresAt - days * DAY_MS)
  return dues.find((due) => due > now) ?? null
}

/** What is to be told at `now`: where several were missed, the last of them. */
export function noticeAt(
  expiresAt: number,
  now: number,
): { type: 'key.expiring'; daysLeft: number } | { type: 'key.expired' } {
  const daysLeft = DAYS_BEFORE.findLast((days) => expiresAt - days * DAY_MS <= now)
  return expiresAt <= now || daysLeft === undefined ? { type: 'key.expired' } : { type: 'key.expiring', daysLeft }
}

/** What is to be kept for a key with this end; null: nothing. */
export function expiryOf({ id, account, expiresAt }: Pick<ApiKey, 'id' | 'account' | 'expiresAt'>, now: number) {
  const dueAt = expiresAt === null ? null : nextDue(expiresAt, now)
  return dueAt === null ? null : ({ id, account, dueAt } satisfies KeyExpiry)
}
