/**
 * A limit that holds over all instances together (docs/decisions/0003). Each may use its portion of a window as it likes
 * and tells the others afterwards. An instance that wants more asks: once all have told what they used, every further use
 * is told first, and is given where the total is within the limit.
 */
import type { Tallies } from './tallies.ts'
import type { Counted } from './tally.rules.ts'
import { type Counts, type LimitName, type LimitState, type Window, WindowLimiter } from './window.ts'

/** A use that is told before it is given. */
interface Wait {
  /** @param place of all uses in the window, from 1; null where the window ended before it was told */
  end(place: number | null): void
  fail(error: unknown): void
}

export class ExactLimiter extends WindowLimiter {
  readonly #tallies: Tallies
  readonly #waiting = new Map<Window, { of: string; waits: Wait[] }>()
  readonly #told = new Map<Counted, Wait[]>()

  /** @param duration of a window, in seconds */
  constructor(
    what: { purpose: string; points: number; duration: number; counts?: Counts },
    deps: { now: () => number; tallies: Tallies },
  ) {
    super(what, deps.now)
    this.#tallies = deps.tallies
  }

  override get waits(): boolean {
    return this.#waiting.size > 0
  }

  override get canTell(): boolean {
    return [...this.#waiting].some(([window, { of }]) => this.#isOver(window) || this.#isSettled(of, window))
  }

  /** Counts one; `remaining` is -1 where it is over the limit. @throws StoreUnavailable */
  override async take(name: LimitName, of: string): Promise<LimitState> {
    for (;;) {
      const window = this.window(of)
      const portion = this.#tallies.portion(this.points, window.endsAt - this.duration * 1000)
      if (window.own < portion && !this.#isAsked(of, window)) {
        if (portion === this.points) return super.take(name, of)
        // Before anything is awaited: a question that is answered meanwhile must tell of it.
        this.addUntold(of, window)
        return this.look(name, of)
      }
      const state = this.look(name, of)
      if (state.remaining <= 0) return { ...state, remaining: -1 }
      const place = await this.#place(of, window)
      // Null: it is a use of the next window.
      if (place !== null) return { ...state, remaining: Math.max(-1, this.points - place) }
    }
  }

  override tell(limit: number, asked: ReadonlySet<string>): Counted[] {
    const counted = super.tell(limit, asked)
    for (const [window, { of, waits }] of this.#waiting) {
      const isOver = this.#isOver(window)
      if (!isOver && !this.#isSettled(of, window)) continue
      this.#waiting.delete(window)
      if (isOver) {
        for (const wait of waits) wait.end(null)
        continue
      }
      const told = { purpose: this.purpose, of, endsAt: window.endsAt, count: waits.length }
      this.addTold(window, waits.length)
      this.#told.set(told, waits)
      counted.push(told)
    }
    return counted
  }

  override learn(counted: Counted, total: number): void {
    super.learn(counted, total)
    const waits = this.#told.get(counted) ?? []
    this.#told.delete(counted)
    for (const [i, wait] of waits.entries()) wait.end(total - waits.length + i + 1)
  }

  /** What was being told keeps its places: it may have been written. */
  override giveUp(error: unknown): void {
    const waits = [...[...this.#waiting.values()].map((one) => one.waits), ...this.#told.values()]
    this.#waiting.clear()
    for (const wait of waits.flat()) wait.fail(error)
  }

  /** The number is looked at first: as long as nobody asks, no id is wanted. */
  #isAsked(of: string, window: Window): boolean {
    return this.#tallies.anyAsked() && this.#tallies.isAsked(this.idOf(of, window))
  }

  #isSettled(of: string, window: Window): boolean {
    return this.#tallies.isSettled(this.idOf(of, window))
  }

  #isOver(window: Window): boolean {
    return window.endsAt <= this.now()
  }

  #place(of: string, window: Window): Promise<number | null> {
    return new Promise((end, fail) => {
      const waiting = this.#waiting.get(window) ?? { of, waits: [] }
      waiting.waits.push({ end, fail })
      this.#waiting.set(window, waiting)
      this.#tallies.ask(this.idOf(of, window), window.endsAt)
      this.#tallies.hurry()
    })
  }
}
