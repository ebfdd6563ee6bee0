/** What the instances tell each other of what they count. */
import { createHash } from 'node:crypto'
import type { Merge } from '../store/store.ts'

/** Counted in one window of one limit. */
export interface Counted {
  purpose: string
  /** Whose: a key, an account, an address. */
  of: string
  /** Of the window, UTC ms. */
  endsAt: number
  count: number
}

/** What all instances have counted in one window. */
export interface Tally {
  /** {@link tallyId} */
  id: string
  account: ''
  endsAt: number
  count: number
}

/** A digest, so that no address stands in the store. */
export function tallyId({ purpose, of, endsAt }: Omit<Counted, 'count'>): string {
  return createHash('sha256')
    .update(JSON.stringify([purpose, of, endsAt]))
    .digest('base64url')
}

export function tallyMerge(counted: Counted): Merge {
  const { endsAt, count } = counted
  return { collection: 'tallies', id: tallyId(counted), account: '', initial: { endsAt, count: 0 }, add: { count } }
}
