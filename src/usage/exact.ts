/**
 * A limit that holds over all instances together (docs/decisions/0003). Each may use its portion of a window as it likes
 * and tells the others afterwards. An instance that wants more asks: once all have told what they used, every further use
 * is told first, and counts where the total is within the limit.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Tallies } from './tallies.ts'
import type { Counted } from './tally.rules.ts'
import { type LimitName, type LimitState, type Window, WindowLimiter } from './window.ts'

const BETWEEN_LOOKS_MS = 25

interface Claim {
  /** Of all uses in the window, from 1; null until it is told. */
  place: number | null
}

export class ExactLimiter extends WindowLimiter {
  readonly #tallies: Tallies
  readonly #waiting = new Map<Window, { of: string; claims: Claim[] }>()
  readonly #judged = new Map<Counted, Claim[]>()

  /** @param duration of a window, in seconds */
  constructor(purpose: string, points: number, duration: number, now: () => number, tallies: Tallies) {
    super(purpose, points, duration, now)
    this.#tallies = tallies
  }

  /** Counts one; `remaining` is -1, and nothing counted, where it is over the limit. @throws StoreUnavailable */
  override async take(name: LimitName, of: string): Promise<LimitState> {
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
    const place = await this.#claim(of, window)
    return { ...state, remaining: Math.max(-1, this.points - place) }
  }

  override tell(limit: number, due: ReadonlySet<string>): Counted[] {
    const counted = super.tell(limit, due)
    for (const [window, { of, claims }] of this.#waiting) {
      const isOver = window.endsAt <= this.now()
      if (!isOver && !this.#tallies.isSettled(this.idOf(of, window))) continue
      this.#waiting.delete(window)
      const told = { purpose: this.purpose, of, endsAt: window.endsAt, count: claims.length }
      this.addTold(window, claims.length)
      this.#judged.set(told, claims)
      counted.push(told)
    }
    return counted
  }

  override learn(counted: Counted, total: number): void {
    super.learn(counted, total)
    const claims = this.#judged.get(counted)
    if (claims === undefined) return
    this.#judged.delete(counted)
    for (const [i, claim] of claims.entries()) claim.place = total - claims.length + i + 1
  }

  /** Size is looked at first: as long as nobody asks, no id is wanted. */
  #isAsked(of: string, window: Window): boolean {
    return this.#tallies.anyAsked() && this.#tallies.isAsked(this.idOf(of, window))
  }

  async #claim(of: string, window: Window): Promise<number> {
    const claim: Claim = { place: null }
    const waiting = this.#waiting.get(window) ?? { of, claims: [] }
    waiting.claims.push(claim)
    this.#waiting.set(window, waiting)
    this.#tallies.ask(this.idOf(of, window), window.endsAt)
    try {
      for (;;) {
        await this.#tallies.flush()
        if (claim.place !== null) return claim.place
        await sleep(BETWEEN_LOOKS_MS)
      }
    } catch (error) {
      // Nobody will use it any more; one that is being told has its place already.
      if (this.#waiting.get(window) === waiting) waiting.claims = waiting.claims.filter((one) => one !== claim)
      throw error
    }
  }
}
