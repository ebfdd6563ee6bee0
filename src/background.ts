/** Work that goes on beside the requests. */

/**
 * Runs again and again with a pause between; a failure is for the next run to mend, and stop waits for the one under
 * way.
 *
 * @param tell called with the error when work begins to fail, and with null when it does not any more
 */
export function every(
  ms: number,
  work: () => Promise<void>,
  tell: (error: Error | null) => void,
): { stop: () => Promise<void> } {
  let stopped = false
  let failing = false
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  const turn = (error: Error | null): void => {
    if (failing !== (error !== null)) tell(error)
    failing = error !== null
  }
  const again = (): void => {
    timer = setTimeout(() => {
      running = work()
        .then(() => turn(null), turn)
        .finally(() => {
          if (!stopped) again()
        })
    }, ms)
  }
  again()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/** However often it is asked for, it happens once. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | null = null
  return () => {
    done ??= work()
    return done
  }
}

/** A wait that begins now, and is awaited only if it comes to that. */
export function delay(ms: number): { over: () => Promise<void>; cancel: () => void } {
  let done = false
  let tell = (): void => {}
  const timer = setTimeout(() => {
    done = true
    tell()
  }, ms)
  return {
    over: () =>
      new Promise((resolve) => {
        if (done) resolve()
        else tell = resolve
      }),
    cancel: () => clearTimeout(timer),
  }
}
