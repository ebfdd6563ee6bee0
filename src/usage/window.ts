/** A limit counted in fixed windows: in memory, with what other instances have told of theirs. */
import { RateLimiterRes } from 'rate-limiter-flexible'
import RateLimiterStoreAbstract from 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js'
import { type Counted, tallyId } from './tally.rules.ts'

/** Windows kept per limit before the oldest are given up. */
const MAX_WINDOWS = 100_000

export type LimitName = 'key' | 'account' | 'address'

/** Where one limit stands: `limit` per window, `remaining` of it, and the seconds until the window ends. */
export interface LimitState {
  name: LimitName
  limit: number
  remaining: number
  resetSeconds: number
}

export function settle(state: LimitState): LimitState {
  return { ...state, remaining: Math.max(0, state.remaining) }
}

export interface Window {
  /** Of the tally over all instances; made when it is first wanted. */
  id?: string
  /** Counted here. */
  own: number
  /** Of that, what the others were told, or will have been by the tally under way. */
  told: number
  /** Counted by the others, as far as is known. */
  elsewhere: number
  endsAt: number
}

/** What was counted, by what is limited. Limiters of one purpose share it: how much is allowed may change in a window. */
export interface Counts {
  windows: Map<string, Window>
  /** Counted in since others were told of it. */
  untold: Set<string>
}

/** rate-limiter-flexible over a bounded map and the injected clock. Windows begin at the same instants everywhere. */
export class WindowLimiter extends RateLimiterStoreAbstract {
  readonly #windows: Map<string, Window>
  readonly #untold: Set<string>
  protected readonly now: () => number
  /** What is limited; the same in every instance. */
  readonly purpose: string

  /** @param what.duration of a window, in seconds */
  constructor(what: { purpose: string; points: number; duration: number; counts?: Counts }, now: () => number) {
    const { purpose, points, duration, counts = { windows: new Map(), untold: new Set() } } = what
    super({ storeClient: null, points, duration, keyPrefix: '' })
    this.purpose = purpose
    this.#windows = counts.windows
    this.#untold = counts.untold
    this.now = now
  }

  /** Whether uses wait until they have been told. */
  get waits(): boolean {
    return false
  }

  /** Whether some of them can be told now. */
  get canTell(): boolean {
    return false
  }

  /** What waits cannot be told. */
  giveUp(_error: unknown): void {}

  /** Counts one; `remaining` is -1 where it is over the limit. */
  async take(name: LimitName, of: string): Promise<LimitState> {
    await this.consume(of).catch((res: unknown) => {
      if (!(res instanceof RateLimiterRes)) throw res
    })
    return this.look(name, of)
  }

  /** Where the limit stands, without counting. */
  look(name: LimitName, of: string): LimitState {
    const now = this.now()
    const { own, elsewhere, endsAt } = this.window(of)
    const remaining = Math.max(-1, this.points - own - elsewhere)
    return { name, limit: this.points, remaining, resetSeconds: Math.max(1, Math.ceil((endsAt - now) / 1000)) }
  }

  /**
   * What the others have not been told of: all windows whose ids are `asked`, of the rest at most `limit`. From now on it
   * counts as told.
   */
  tell(limit: number, asked: ReadonlySet<string>): Counted[] {
    const counted: Counted[] = []
    for (const of of this.#untold) {
      const window = this.#windows.get(of)
      const isOver = window === undefined || window.endsAt <= this.now()
      if (isOver || counted.length < limit || (asked.size > 0 && asked.has(this.idOf(of, window))))
        this.#untold.delete(of)
      else continue
      if (isOver) continue
      counted.push({ purpose: this.purpose, of, endsAt: window.endsAt, count: window.own - window.told })
      window.told = window.own
    }
    return counted
  }

  /** @param total of all instances, what was told from here included */
  learn({ of, endsAt }: Counted, total: number): void {
    const window = this.#windows.get(of)
    if (window?.endsAt === endsAt) window.elsewhere = Math.max(0, total - window.told)
  }

  protected addUntold(of: string, window: Window): void {
    window.own += 1
    this.#untold.add(of)
  }

  /** @param count of what has been told already, or will have been by the tally under way */
  protected addTold(window: Window, count: number): void {
    window.own += count
    window.told += count
  }

  protected idOf(of: string, window: Window): string {
    window.id ??= tallyId({ purpose: this.purpose, of, endsAt: window.endsAt })
    return window.id
  }

  /** The one of this moment. */
  protected window(of: string): Window {
    return this.#current(of, this.duration * 1000)
  }

  async _upsert(key: string, points: number, msDuration: number): Promise<Window> {
    const window = this.#current(key, msDuration)
    window.own += points
    this.#untold.add(key)
    return window
  }

  async _get(key: string): Promise<Window | null> {
    return this.#windows.get(key) ?? null
  }

  async _delete(key: string): Promise<boolean> {
    return this.#windows.delete(key)
  }

  _getRateLimiterRes(_key: string, changed: number, { own, elsewhere, endsAt }: Window): RateLimiterRes {
    const remaining = Math.max(this.points - own - elsewhere, 0)
    return new RateLimiterRes(remaining, endsAt - this.now(), own + elsewhere, own === changed)
  }

  #current(key: string, msDuration: number): Window {
    const now = this.now()
    const endsAt = (Math.floor(now / msDuration) + 1) * msDuration
    const known = this.#windows.get(key)
    if (known?.endsAt === endsAt) return known
    if (this.#windows.size >= MAX_WINDOWS) this.#makeRoom(now)
    const fresh = { own: 0, told: 0, elsewhere: 0, endsAt }
    this.#windows.delete(key)
    this.#windows.set(key, fresh)
    return fresh
  }

  #makeRoom(now: number): void {
    // Insertion order is the order in which they end.
    for (const [key, window] of this.#windows) {
      if (window.endsAt > now && this.#windows.size < MAX_WINDOWS) break
      this.#windows.delete(key)
      this.#untold.delete(key)
    }
  }
}
