/** Who shares a limit, and what each may use of it without asking the others (docs/decisions/0003). */

/** How often an instance looks who else is there, by the machine's clock. */
const LOOK_EVERY_MS = 1000
/** After this long every other instance knows of one that has joined. */
const KNOWN_AFTER_MS = 3 * LOOK_EVERY_MS

/** An instance, as last seen by the others. */
interface Seen {
  id: string
  seenAt: number
}

export interface Crowd {
  /** Looks who is there: if it is time, or in any case. */
  look(anyway: boolean): Promise<void>
  /** Whether this instance is the only one. */
  isAlone(): boolean
  /** The others, but for those that gave no answer since they were last seen. */
  awaited(): string[]
  /** They gave no answer: they were killed, or cannot reach the store. */
  gaveNoAnswer(ids: Iterable<string>): void
  /** What of `points` may be used here in a window that began at `startsAt` (UTC ms). */
  portion(points: number, startsAt: number): number
}

export function createCrowd(deps: { others: () => Promise<readonly Seen[]>; now: () => number }): Crowd {
  /** Null before the first look. */
  let others: readonly Seen[] | null = null
  let lookedAt = Number.NEGATIVE_INFINITY
  let joinedAt = 0
  /** Those that shared windows which had begun then: what they used of these may not be known here. */
  let before = { sharing: 0, until: 0 }
  const silent = new Map<string, number>()
  return {
    async look(anyway) {
      if (!anyway && performance.now() < lookedAt + LOOK_EVERY_MS) return
      lookedAt = performance.now()
      const found = await deps.others()
      if (others === null) joinedAt = deps.now()
      else if (found.length < others.length)
        before = { sharing: Math.max(1 + others.length, before.sharing), until: deps.now() }
      others = found
    },
    isAlone: () => others?.length === 0,
    awaited: () => (others ?? []).filter(({ id, seenAt }) => silent.get(id) !== seenAt).map(({ id }) => id),
    gaveNoAnswer(ids) {
      for (const id of ids) {
        const seenAt = others?.find((one) => one.id === id)?.seenAt
        if (seenAt !== undefined) silent.set(id, seenAt)
      }
    },
    portion(points, startsAt) {
      if (others === null) return 0
      const sharing = Math.max(1 + others.length, startsAt <= before.until ? before.sharing : 0)
      if (sharing === 1) return points
      // The others count on having more of a window in which this one was not known.
      return startsAt < joinedAt + KNOWN_AFTER_MS ? 0 : Math.floor(points / sharing)
    },
  }
}
