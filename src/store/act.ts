import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../errors.ts'
import type { Commit, CommitResult, Store } from './store.ts'

/** What an act has decided: what to write, and what to answer once it is written. */
export interface Decision<T> {
  account: string
  commit: Commit
  answer: T
  /** What a taken id or a full count means to the caller of this act. */
  refusals?: Partial<Record<'exists' | 'full', () => Refusal>>
}

/** Others may change the same things while an act decides; then it reads and decides again, this many times. */
const ATTEMPTS = 60
/** Between attempts, at most: rivals that lose together would otherwise meet again at once. */
const MAX_PAUSE_MS = 50

/**
 * Load, decide, commit. `decide` reads what it needs and answers a {@link Decision}, or throws a {@link Refusal}; it
 * runs again when another commit came between, so whatever it does beside reading must be harmless if done twice.
 */
export async function act<T>(store: Store, decide: () => Promise<Decision<T>>): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { account, commit, answer, refusals } = await decide()
    const result: CommitResult = await store.commit(account, commit)
    if (result.ok) return answer
    // Rivals may insert the same entry: where the act has nothing to say of it, it too is decided again.
    const refusal = result.because === 'changed' ? undefined : refusals?.[result.because]?.()
    if (refusal !== undefined) throw refusal
    if (result.because === 'full') break
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 2 * attempt))
  }
  throw new Refusal('conflict', { retryAfterSeconds: 1 })
}
