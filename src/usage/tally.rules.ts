/** What the instances tell each other of what they count. */
import { createHash } from 'node:crypto'
import type { Merge } from '../store/store.ts'

/** One window of one limit. */
export interface Counting {
  purpose: string
  /** Whose: a key, an account, an address. */
  of: string
  /** Of the window, UTC ms. */
  endsAt: number
}

/** What was counted in it here, and not told before. */
export interface Counted extends Counting {
  count: number
}

/** What all instances have counted in one window. */
export interface Tally {
  /** {@link tallyId} */
  id: string
  account: ''
  endsAt: number
  count: number
  /** 1 once an instance has used up its portion: from then on each tells a use before it counts. */
  asked?: number
  /** The instances that know so, and have told what they had used before. */
  answers?: Record<string, number>
}

/** A digest, so that no address stands in the store. */
export function tallyId({ purpose, of, endsAt }: Counting): string {
  return createHash('sha256')
    .update(JSON.stringify([purpose, of, endsAt]))
    .digest('base64url')
}

/** @param answering the instance, where it has been asked */
export function tallyMerge(
  { id, endsAt, count }: Pick<Tally, 'id' | 'endsAt' | 'count'>,
  answering: string | null,
): Merge {
  const merge = { collection: 'tallies', id, account: '', initial: { endsAt, count: 0 } } as const
  if (answering === null) return { ...merge, add: { count } }
  return { ...merge, add: { count, [`answers.${answering}`]: 1 }, max: { asked: 1 } }
}
