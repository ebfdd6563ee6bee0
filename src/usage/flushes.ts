/** Flushes over all instances, for who must know what was never used (docs/decisions/0010). */
import { setTimeout as sleep } from 'node:timers/promises'
import { act } from '../store/act.ts'
import type { Ref, Store } from '../store/store.ts'
import type { Counters } from './counters.ts'
import { concerns, forgotten, GONE_AFTER_MS, type Instance, SEEN_EVERY_MS } from './flush.rules.ts'

export interface Flushes {
  /** Makes this instance known to the others: before its first exchange. */
  join(): Promise<void>
  /** Answers others that asked for a flush, and says now and then that this instance is there. To be called often. */
  attend(): Promise<void>
  /** The other instances that run, as far as can be known: one that was killed counts for a minute yet. */
  others(): Promise<Instance[]>
  /** After the last flush: nothing is left that the others would have to wait for. */
  leave(): Promise<void>
  /**
   * Has every instance write what it has counted: by a flush that begins after this call.
   *
   * @param since UTC ms, when the thing was made whose uses are asked about
   * @returns whether every use of it before this call can now be read in the store; false also in doubt, as after an
   *   instance was killed, or after three seconds without an answer
   */
  everywhere(since: number): Promise<boolean>
}

const MAX_INSTANCES = 1000
const LOOKS = 60
const BETWEEN_LOOKS_MS = 50

export function createFlushes(deps: { store: Store; counters: Counters; id: string; now: () => number }): Flushes {
  const { store, counters, id, now } = deps
  const refTo = (instance: string): Ref => ({ collection: 'instances', id: instance })

  /** Nothing is written for an instance that is not there any more. */
  const change = (instance: string, to: (present: Instance) => Partial<Instance>): Promise<Instance | null> =>
    act(store, async () => {
      const present = await store.get('', 'instances', instance)
      const document = present && { ...present, ...to(present) }
      return {
        account: '',
        commit: { replace: document === null ? [] : [{ collection: 'instances', document }] },
        answer: document,
      }
    })

  async function join(): Promise<void> {
    const document: Instance = { id, account: '', asked: 0, answered: 0, seenAt: now() }
    await store.commit('', { insert: [{ collection: 'instances', document }] })
  }

  async function answered(tickets: ReadonlyMap<string, number>): Promise<boolean> {
    const ids = [...tickets.keys()]
    const found = (await store.getMany('', ids.map(refTo))) as (Instance | null)[]
    // One that has left has flushed.
    return found.every((one, i) => one === null || one.answered >= (tickets.get(ids[i] as string) as number))
  }

  return {
    join,
    async attend() {
      const own = await store.get('', 'instances', id)
      if (own === null) return join()
      const isAsked = own.asked > own.answered
      if (isAsked) await counters.flush()
      if (isAsked && counters.isComplete())
        await change(id, ({ answered }) => ({ answered: Math.max(answered, own.asked), seenAt: now() }))
      else if (now() >= own.seenAt + SEEN_EVERY_MS) await change(id, () => ({ seenAt: now() }))
    },
    async others() {
      const { items } = await store.page('', 'instances', { limit: MAX_INSTANCES })
      return items.filter((one) => one.id !== id && one.seenAt + GONE_AFTER_MS >= now())
    },
    async leave() {
      const own = await store.get('', 'instances', id)
      if (own !== null && counters.isComplete())
        await store.commit('', { remove: [{ collection: 'instances', document: own }] })
    },
    async everywhere(since) {
      if (forgotten(since, now())) return false
      const { items } = await store.page('', 'instances', { limit: MAX_INSTANCES })
      const others = items.filter((one) => one.id !== id && concerns(one, since))
      if (others.some(({ seenAt }) => seenAt + GONE_AFTER_MS < now())) return false
      const asked = await Promise.all(others.map((one) => change(one.id, (present) => ({ asked: present.asked + 1 }))))
      const tickets = new Map(asked.flatMap((one) => (one === null ? [] : [[one.id, one.asked] as const])))
      await counters.flush()
      if (!counters.isComplete()) return false
      for (let look = 0; look < LOOKS; look++) {
        if (await answered(tickets)) return true
        await sleep(BETWEEN_LOOKS_MS)
      }
      return false
    },
  }
}
