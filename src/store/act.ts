import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../errors.ts'
import type { Commit, CommitResult, Document, Kept, Store } from './store.ts'

/** What an act has decided: what to write, and what to answer once it is written. */
export interface Decision<T> {
  account: string
  commit: Commit
  answer: T
  /** What a taken id or a full count means to the caller of this act. */
  refusals?: Partial<Record<'exists' | 'full', () => Refusal>>
}

/** A call that may come twice and must happen once. */
export interface Once {
  /** Of caller, route and Idempotency-Key together. */
  id: string
  /** Of what is asked for. */
  fingerprint: string
  /** Members of the answer that are told once: the record has null in their place. */
  oneTime: readonly string[]
  /** UTC ms. */
  now: number
}

/** What an act answered, kept in the commit that it is the answer to. */
export interface KeptAnswer extends Document {
  fingerprint: string
  answer: Record<string, unknown>
  createdAt: number
}

/** An answer is given again for this long. */
export const KEEP_ANSWERS_MS = 86_400_000

/** Others may change the same things while an act decides; then it reads and decides again, this many times. */
const ATTEMPTS = 60
/** Between attempts, at most: rivals that lose together would otherwise meet again at once. */
const MAX_PAUSE_MS = 50

/**
 * Load, decide, commit. `decide` reads what it needs and answers a {@link Decision}, or throws a {@link Refusal}; it
 * runs again when another commit came between, so whatever it does beside reading must be harmless if done twice.
 *
 * @param once where given, and the same call was committed before: its answer, with null for what is told once
 */
export async function act<T>(store: Store, decide: () => Promise<Decision<T>>, once: Once | null = null): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const kept = once === null ? null : await store.get('', 'keptAnswers', once.id)
    if (once !== null && kept !== null && isGood(kept, once)) return answerAgain<T>(kept, once)
    const { account, commit, answer, refusals } = await decide()
    const result = await store.commit(
      account,
      once === null ? commit : withAnswer(commit, answer as object, once, kept),
    )
    if (result.ok) return answer
    // Rivals may insert the same entry: where the act has nothing to say of it, it too is decided again.
    const refusal = isRivals(result) ? undefined : refusals?.[result.because]?.()
    if (refusal !== undefined) throw refusal
    if (result.because === 'full') break
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 2 * attempt))
  }
  throw new Refusal('conflict', { retryAfterSeconds: 1 })
}

type Failed = Extract<CommitResult, { ok: false }>
type Rivals = Extract<Failed, { because: 'changed' }>

/** Whether somebody came between, be it with the very same call. */
function isRivals(result: Failed): result is Rivals {
  return result.because === 'changed' || (result.because === 'exists' && result.collection === 'keptAnswers')
}

function isGood(kept: KeptAnswer, once: Once): boolean {
  return kept.createdAt > once.now - KEEP_ANSWERS_MS
}

/** @throws Refusal `idempotency_key_reused` */
function answerAgain<T>(kept: KeptAnswer, once: Once): T {
  if (kept.fingerprint !== once.fingerprint) throw new Refusal('idempotency_key_reused')
  return kept.answer as T
}

function withAnswer(commit: Commit, answer: object, once: Once, outdated: Kept<KeptAnswer> | null): Commit {
  const told = Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [name, once.oneTime.includes(name) ? null : value]),
  )
  const { id, fingerprint, now } = once
  const document: KeptAnswer = { id, account: '', fingerprint, answer: told, createdAt: now }
  if (outdated === null)
    return { ...commit, insert: [...(commit.insert ?? []), { collection: 'keptAnswers', document }] }
  const replaced = { collection: 'keptAnswers', document: { ...document, rev: outdated.rev } } as const
  return { ...commit, replace: [...(commit.replace ?? []), replaced] }
}
