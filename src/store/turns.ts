/** Lets work under one name go one at a time. */
export class Turns {
  readonly #tails = new Map<string, Promise<unknown>>()
  readonly #patienceMs: number

  /**
   * @param patienceMs After this long in the queue, work goes ahead out of turn: a turn saves conflicts, nothing rests
   * on it, and behind a database that hangs a queue must not add up the waits.
   */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name)
    const { promise: mine, resolve: done } = deferred()
    const tail = before === undefined ? mine : before.then(() => mine)
    this.#tails.set(name, tail)
    try {
      if (before !== undefined) await atMost(this.#patienceMs, before)
      return await work()
    } finally {
      done()
      if (this.#tails.get(name) === tail) this.#tails.delete(name)
    }
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, patience])
  clearTimeout(timer)
}
