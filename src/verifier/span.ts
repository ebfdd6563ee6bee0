/** A time, in ms, in which something need not be looked at again; whoever gave it ends it sooner where that changes. */
export interface Span {
  readonly from: number
  /** No longer within it. */
  readonly until: number
}

export const ALWAYS: Span = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }
export const NEVER: Span = { from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY }

/** A clock that was set back ends each span: none may last for as long as the clock was wrong. */
export function isWithin({ from, until }: Span, now: number): boolean {
  return from <= now && now < until
}
