/** Who shares a limit, and what each may use of it without asking the others (docs/decisions/0003). */
import { GONE_AFTER_MS, type Instance, SEEN_EVERY_MS } from './flush.rules.ts'
import { WINDOW_SECONDS } from './rules.ts'

/** How often an instance looks who else is there, by the machine's clock. */
const LOOK_EVERY_MS = 1000
/** After this long every other instance knows of one that has joined. */
const KNOWN_AFTER_MS = 3 * LOOK_EVERY_MS
/** Whoever could not look for so long may be gone to the others, and joins anew. */
const ABSENT_AFTER_MS = GONE_AFTER_MS - SEEN_EVERY_MS

export interface Crowd {
  /** Looks who is there: if it is time, or in any case. */
  look(anyway: boolean): Promise<void>
  /** Whether this instance is the only one. */
  isAlone(): boolean
  /** The other instances, but for those that gave no answer and have not been heard of since. */
  awaited(): string[]
  gaveNoAnswer(ids: Iterable<string>): void
  gaveAnswer(id: string): void
  /** What of `points` may be used here, unasked, in a window that began at `startsAt` (UTC ms). */
  portion(points: number, startsAt: number): number
}

export function createCrowd(deps: {
  others: () => Promise<readonly Pick<Instance, 'id' | 'seenAt'>[]>
  now: () => number
}): Crowd {
  /** Null before the first look. */
  let others: readonly Pick<Instance, 'id' | 'seenAt'>[] | null = null
  let lookedAt = { machine: Number.NEGATIVE_INFINITY, now: Number.NEGATIVE_INFINITY }
  let joinedAt = 0
  /** Those that shared windows which had begun then: what they used of these may not be known here. */
  let before = { sharing: 0, until: Number.NEGATIVE_INFINITY }
  /** What was last seen of those that gave no answer. */
  const silent = new Map<string, number>()
  return {
    async look(anyway) {
      if (!anyway && performance.now() < lookedAt.machine + LOOK_EVERY_MS) return
      const [machine, now] = [performance.now(), deps.now()]
      const found = await deps.others()
      if (now > lookedAt.now + ABSENT_AFTER_MS) joinedAt = now
      lookedAt = { machine, now }
      if (others !== null && found.length < others.length) {
        const earlier = now < before.until + WINDOW_SECONDS * 1000 ? before.sharing : 0
        before = { sharing: Math.max(1 + others.length, earlier), until: now }
      }
      others = found
      for (const id of silent.keys()) if (!found.some((one) => one.id === id)) silent.delete(id)
    },
    isAlone: () => others?.length === 0,
    awaited: () => (others ?? []).filter(({ id, seenAt }) => silent.get(id) !== seenAt).map(({ id }) => id),
    gaveNoAnswer(ids) {
      for (const id of ids) {
        const seenAt = others?.find((one) => one.id === id)?.seenAt
        if (seenAt !== undefined) silent.set(id, seenAt)
      }
    },
    gaveAnswer: (id) => void silent.delete(id),
    portion(points, startsAt) {
      // What was used of it before, perhaps by an instance that has gone, is not known here.
      if (others === null || startsAt < joinedAt) return 0
      const sharing = Math.max(1 + others.length, startsAt <= before.until ? before.sharing : 0)
      if (sharing === 1) return points
      // The others count on having more of a window in which this one was not known.
      return startsAt < joinedAt + KNOWN_AFTER_MS ? 0 : Math.floor(points / sharing)
    },
  }
}
