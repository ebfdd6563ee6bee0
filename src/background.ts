/** Runs again and again with a pause between; a failure is for the next run to mend, and stop waits for the one under way. */
export function every(ms: number, work: () => Promise<void>): { stop: () => Promise<void> } {
  let stopped = false
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  const again = (): void => {
    timer = setTimeout(() => {
      running = work()
        .catch(() => {})
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
