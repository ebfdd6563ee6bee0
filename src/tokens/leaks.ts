/** Keys that others found in public. */
import type { ApiKey } from '../keys/rules.ts'
import { act } from '../store/act.ts'
import type { Kept, Page, Position } from '../store/store.ts'
import type { ExchangeLimits } from '../usage/limits.ts'
import { rateLimited } from '../usage/refusals.rules.ts'
import { type AuthenticateDeps, findLiveKey } from './authenticate.ts'
import { type Feedback, type Find, feedbackOn, type LeakReport, type NotedFind, noted } from './leaks.rules.ts'

export interface LeaksDeps extends Pick<AuthenticateDeps, 'store' | 'peppers' | 'now'> {
  limits: ExchangeLimits
  newId: (prefix: string) => string
  reportLeak: (key: ApiKey, leak: { url: string | null; source: string | null; requestId: string }) => Promise<void>
}

export interface Leaks {
  /**
   * Keeps a report of anybody, to be worked off by the next flush: neither the answer, nor its time, nor what is written
   * before it says whether what was found is a key.
   *
   * @throws Refusal `rate_limited`
   */
  note(finds: readonly Find[], request: { id: string; address: string }): Promise<void>
  /** Works a report off at once, for whoever may know what became of it. */
  judge(finds: readonly Find[], requestId: string): Promise<Feedback[]>
  /** Works off what was noted, by whichever instance. What fails is tried again with each flush, for a day. */
  flush(): Promise<void>
}

const REPORTS_AT_ONCE = 10

export function createLeaks(deps: LeaksDeps): Leaks {
  const { store, peppers, now } = deps
  return {
    async note(finds, { id: requestId, address }) {
      const share = await deps.limits.reported(address)
      if (!share.ok) throw rateLimited(share)
      const kept = finds.map((find) => noted(find, peppers.all))
      await act(store, async () => {
        const document = { id: deps.newId('lrp'), account: '', requestId, finds: kept, createdAt: now() }
        return { account: '', commit: { insert: [{ collection: 'leakReports', document }] }, answer: null }
      })
    },
    judge: (finds, requestId) =>
      Promise.all(
        finds.map(async (find) => feedbackOn(find, await workOff(deps, noted(find, peppers.all), requestId))),
      ),
    async flush() {
      let cause: unknown
      let after: Position | null = null
      do {
        const page: Page<LeakReport> = await store.page('', 'leakReports', {
          limit: REPORTS_AT_ONCE,
          ...(after === null ? {} : { after }),
        })
        const outcomes = await Promise.allSettled(page.items.map((report) => finish(deps, report)))
        // One that fails must not hold up the others.
        for (const outcome of outcomes) if (outcome.status === 'rejected') cause = outcome.reason
        after = page.next
      } while (after !== null)
      if (cause !== undefined) throw cause
    },
  }
}

async function finish(deps: LeaksDeps, report: Kept<LeakReport>): Promise<void> {
  for (const find of report.finds) await workOff(deps, find, report.requestId)
  // Another instance may have removed it meanwhile.
  await deps.store.commit('', { remove: [{ collection: 'leakReports', document: report }] })
}

/** Whether it was a live key. */
async function workOff(deps: LeaksDeps, find: NotedFind, requestId: string): Promise<boolean> {
  const key = await findLiveKey(deps, find)
  if (key === null) return false
  await deps.reportLeak(key, { url: find.url, source: find.source, requestId })
  return true
}
