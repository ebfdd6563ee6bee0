import type { Document, Store } from './store.ts'

/** Who does a piece of work that one instance is enough for. Its id is the work's. */
export interface Lease extends Document {
  /** An instance. */
  holder: string
  /** UTC ms; from then on anybody may take it. */
  until: number
}

export interface Leases {
  /**
   * Does the work if this instance has the lease or can take it, and otherwise nothing. One that is alone needs none.
   *
   * @param ms how long the lease is good; the work of an instance that was killed stands still for that long
   */
  whileHeld(work: string, ms: number, run: () => Promise<void>): Promise<void>
  /** Gives back what this instance holds, so that another need not wait. */
  leave(): Promise<void>
}

/**
 * Leases save work, and nothing rests on them: where two instances hold one because their clocks differ, or because the
 * work took longer, the commits of the work itself let one of them through.
 *
 * @param deps.instance a name that no other instance has
 */
export function createLeases(deps: {
  store: Store
  instance: string
  isAlone: () => boolean
  now: () => number
}): Leases {
  const { store, instance, isAlone, now } = deps
  const held = new Set<string>()

  async function hold(id: string, ms: number): Promise<boolean> {
    const kept = await store.get('', 'leases', id)
    // One that ends too far ahead was written before the clock was set back.
    const left = kept === null || kept.until > now() + ms ? 0 : kept.until - now()
    if (kept !== null && left > 0 && kept.holder !== instance) return false
    if (left > ms / 2) return true
    const document: Lease = { id, account: '', holder: instance, until: now() + ms }
    const done = await store.commit(
      '',
      kept === null
        ? { insert: [{ collection: 'leases', document }] }
        : { replace: [{ collection: 'leases', document: { ...document, rev: kept.rev } }] },
    )
    return done.ok
  }

  return {
    async whileHeld(work, ms, run) {
      // Nothing is written for the sake of others that are not there.
      if (isAlone()) return run()
      if (!(await hold(work, ms))) return
      held.add(work)
      await run()
    },
    async leave() {
      for (const id of held) {
        const kept = await store.get('', 'leases', id)
        if (kept?.holder === instance) await store.commit('', { remove: [{ collection: 'leases', document: kept }] })
      }
    },
  }
}
