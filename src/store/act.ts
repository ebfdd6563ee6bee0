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
const ATTEMPTS = 8

/**
 * Load, decide, commit. `decide` reads what it needs and answers a {@link Decision}, or throws a {@link Refusal}; it
 * must be free of effects, for it runs again when another commit came between.
 */
export async function act<T>(store: Store, decide: () => Promise<Decision<T>>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { account, commit, answer, refusals } = await decide()
    const result: CommitResult = await store.commit(account, commit)
    if (result.ok) return answer
    if (result.because !== 'changed')
      throw refusals?.[result.because]?.() ?? new Refusal('conflict', { retryAfterSeconds: 1 })
  }
  throw new Refusal('conflict', { retryAfterSeconds: 1 })
}
