/** One who follows a stream: what is pushed waits for them, within bounds. */
export interface Follower extends AsyncIterable<string> {
  push(texts: readonly string[]): void
  end(): void
}

/** Texts that may wait; who is further behind is let go, and comes back for what was missed. */
const MAX_WAITING = 1_000

/**
 * @param first what is said before anything that is pushed
 * @param left called once, when the stream has ended from either side
 */
export function createFollower(first: () => Promise<readonly string[]>, left: () => void): Follower {
  const waiting: string[] = []
  let greeted = false
  let ended = false
  let wake = (): void => {}

  function end(): void {
    if (ended) return
    ended = true
    left()
    wake()
  }

  async function next(): Promise<IteratorResult<string>> {
    if (!greeted) {
      greeted = true
      return { value: (await first()).join(''), done: false }
    }
    while (waiting.length === 0 && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    if (ended) return { value: undefined, done: true }
    return { value: waiting.splice(0).join(''), done: false }
  }

  return {
    push(texts) {
      waiting.push(...texts)
      if (waiting.length > MAX_WAITING) end()
      else wake()
    },
    end,
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        end()
        return { value: undefined, done: true }
      },
    }),
  }
}
