/** Keys that others found in public. */
import { parseKey } from '../keys/grammar.rules.ts'
import type { ApiKey } from '../keys/rules.ts'
import type { ExchangeLimits } from '../usage/limits.ts'
import { rateLimited } from '../usage/refusals.rules.ts'
import { type AuthenticateDeps, authenticate } from './authenticate.ts'
import { type Feedback, type Find, feedbackOn, keepable } from './leaks.rules.ts'

export interface LeaksDeps {
  authentication: AuthenticateDeps
  limits: ExchangeLimits
  reportLeak: (key: ApiKey, leak: { url: string | null; source: string | null; requestId: string }) => Promise<void>
}

export interface Leaks {
  /**
   * Takes a report of anybody, to be worked off by the next flush: neither the answer nor its time says whether what was
   * found is a key.
   *
   * @throws Refusal `rate_limited`
   */
  note(finds: readonly Find[], request: { id: string; address: string }): Promise<void>
  /** Works a report off at once, for whoever may know what became of it. */
  judge(finds: readonly Find[], requestId: string): Promise<Feedback[]>
  /** Works off what was noted. What fails is tried again with the next flush, a few times. */
  flush(): Promise<void>
}

/** Finds that wait, before further ones are dropped. */
const MAX_WAITING = 10_000
const AT_ONCE = 100
const ATTEMPTS = 100

interface Waiting {
  find: Find
  requestId: string
  attempts: number
}

export function createLeaks(deps: LeaksDeps): Leaks {
  const waiting: Waiting[] = []
  return {
    async note(finds, { id: requestId, address }) {
      const share = await deps.limits.reported(address)
      if (!share.ok) throw rateLimited(share)
      // A text that is no key costs no place.
      for (const find of finds.filter(({ token }) => parseKey(token) !== null))
        if (waiting.length < MAX_WAITING) waiting.push({ find, requestId, attempts: 0 })
    },
    judge: (finds, requestId) =>
      Promise.all(finds.map(async (find) => feedbackOn(find, await workOff(deps, find, requestId)))),
    async flush() {
      const failed: Waiting[] = []
      let cause: unknown
      while (waiting.length > 0) {
        const due = waiting.splice(0, AT_ONCE)
        const outcomes = await Promise.allSettled(due.map(({ find, requestId }) => workOff(deps, find, requestId)))
        for (const [i, outcome] of outcomes.entries()) {
          if (outcome.status === 'fulfilled') continue
          cause = outcome.reason
          const one = due[i] as Waiting
          if (one.attempts < ATTEMPTS) failed.push({ ...one, attempts: one.attempts + 1 })
        }
      }
      waiting.push(...failed)
      if (cause !== undefined) throw cause
    },
  }
}

/** Whether it was a live key. */
async function workOff({ authentication, reportLeak }: LeaksDeps, find: Find, requestId: string): Promise<boolean> {
  const parsed = parseKey(find.token)
  const namespace = parsed === null ? undefined : authentication.catalog.namespaces.get(parsed.namespace)
  if (namespace === undefined) return false
  const credential = { apiKey: find.token }
  const found = await authenticate(authentication, { namespace, credential, asClient: false })
  if (found === null) return false
  await reportLeak(found.key, { ...keepable(find), requestId })
  return true
}
