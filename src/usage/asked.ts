/** Windows that an instance has used up its portion of: in these each use is told before it counts. */
import type { Page, Position, Store } from '../store/store.ts'
import type { Crowd } from './crowd.ts'
import type { Tally } from './tally.rules.ts'

/** An instance that gives no answer for this long is not waited for. */
const PATIENCE_MS = 2000
const LOOK_AGAIN_MS = 20
const PAGE = 1000

interface Asked {
  endsAt: number
  /** By this instance, in a batch that may be under way. */
  isAnswered: boolean
  answers: Set<string>
  /** Who has to answer: those that ran at some time since; null before that was looked up. */
  awaited: readonly string[] | null
  /** By the machine's clock. */
  since: number
}

interface Deps {
  store: Store
  crowd: Crowd
  /** The id of this instance. */
  instance: string
  now: () => number
}

export class AskedWindows {
  readonly #asked = new Map<string, Asked>()
  readonly #deps: Deps
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#asked.size
  }

  has(id: string): boolean {
    return this.#asked.has(id)
  }

  ask(id: string, endsAt: number): void {
    if (this.#asked.has(id)) return
    const nobody = { isAnswered: false, answers: new Set<string>(), awaited: null }
    this.#asked.set(id, { endsAt, ...nobody, since: performance.now() })
  }

  /** Looks who is there, and what they ask about. Forgets what is over. */
  async look(): Promise<void> {
    const { crowd, instance, now } = this.#deps
    const uncounted = [...this.#asked.values()].filter(({ awaited }) => awaited === null)
    await crowd.look(uncounted.length > 0)
    // Whoever joins later asks, for it has no portion of a window that had begun.
    for (const asked of uncounted) asked.awaited = [instance, ...crowd.awaited()]
    for (const [id, { endsAt }] of this.#asked) if (endsAt <= now()) this.#asked.delete(id)
    if (!(crowd.isAlone() && this.size === 0) && performance.now() >= this.#lookedAt + LOOK_AGAIN_MS) {
      this.#lookedAt = performance.now()
      await this.#hearAll()
    }
    this.#loseNoMoreTime()
  }

  hear({ id, endsAt, asked: isAsked, answers = {} }: Tally): void {
    if (isAsked !== undefined && endsAt > this.#deps.now()) this.ask(id, endsAt)
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    for (const one of Object.keys(answers)) {
      if (asked.answers.has(one)) continue
      asked.answers.add(one)
      this.#deps.crowd.gaveAnswer(one)
    }
  }

  /** Those that this instance has not answered; from now on they count as answered. */
  answer(): Map<string, { endsAt: number }> {
    const due = [...this.#asked].filter(([, { isAnswered }]) => !isAnswered)
    for (const [, asked] of due) asked.isAnswered = true
    return new Map(due)
  }

  /** Whether every use of before has been told, so that the total is what all have used. */
  isSettled(id: string): boolean {
    const asked = this.#asked.get(id)
    return asked?.awaited?.every((one) => asked.answers.has(one)) ?? false
  }

  async #hearAll(): Promise<void> {
    const { store, now } = this.#deps
    let after: Position | null = null
    do {
      const query = { where: { asked: 1 }, order: 'desc', limit: PAGE } as const
      const page: Page<Tally> = await store.page('', 'tallies', after === null ? query : { ...query, after })
      for (const tally of page.items) this.hear(tally)
      after = (page.items.at(-1)?.endsAt ?? 0) > now() ? page.next : null
    } while (after !== null)
  }

  #loseNoMoreTime(): void {
    const { crowd } = this.#deps
    for (const asked of this.#asked.values()) {
      if (asked.awaited === null || performance.now() < asked.since + PATIENCE_MS) continue
      crowd.gaveNoAnswer(asked.awaited.filter((one) => !asked.answers.has(one)))
      asked.awaited = []
    }
  }
}
