/**
 * A server that kills itself between two steps of a change. Begins with the first message, `{ start }`; `{ killAfter: n }`
 * lets n more steps happen. A step is the beginning of each
 * commit of a change, each write within it, the commit itself, and its answer.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import Database from 'better-sqlite3'
import mongoose from 'mongoose'
import type { Commit, Store } from '../../src/store/store.ts'
import { tellSessions } from '../contract/sessions.ts'
import { loadConfig, pooledRandom, start } from '../instances/built.ts'

/** A commit that writes one of these is of the change; the others are of what goes on beside it. */
const OF_CHANGES = new Set(['keys', 'holders', 'endings', 'leakReports'])

const within = new AsyncLocalStorage<true>()
let left = Number.POSITIVE_INFINITY

// Not at once: a transaction left open on MongoDB holds up whatever is created or dropped there.
let close = () => Promise.resolve()
process.on('disconnect', () => close().finally(() => process.exit(0)))
process.on('message', (message: { start: true } | { killAfter: number }) => {
  if ('start' in message) void begin()
  else {
    left = message.killAfter
    process.send?.({ armed: left })
  }
})

async function begin(): Promise<void> {
  tellSessions()
  const server = await start(loadConfig(process.env as Record<string, string>), {
    now: Date.now,
    random: pooledRandom(),
  })
  close = server.close
  watchCommits(server.store)
  const statement = new Database(':memory:').prepare('SELECT 1')
  stepBefore(Object.getPrototypeOf(statement), ['run'])
  const { Collection, ClientSession } = mongoose.mongo
  stepBefore(Collection.prototype, ['insertMany', 'replaceOne', 'bulkWrite'])
  stepBefore(ClientSession.prototype, ['commitTransaction'])
  process.send?.({ url: server.url })
}

function watchCommits(store: Store): void {
  const commit = store.commit.bind(store)
  const watched = async (account: string, changes: Commit) => {
    step()
    const done = await commit(account, changes)
    step()
    return done
  }
  Object.defineProperty(store, 'commit', {
    value: (account: string, changes: Commit) =>
      isOfChange(changes) ? within.run(true, () => watched(account, changes)) : commit(account, changes),
  })
}

function isOfChange({ insert = [], replace = [], remove = [] }: Commit): boolean {
  return [...insert, ...replace, ...remove].some(({ collection }) => OF_CHANGES.has(collection))
}

function stepBefore(prototype: object, names: readonly string[]): void {
  for (const name of names) {
    const original = Reflect.get(prototype, name) as (...given: unknown[]) => unknown
    Reflect.set(prototype, name, function (this: unknown, ...given: unknown[]) {
      step()
      return original.apply(this, given)
    })
  }
}

function step(): void {
  if (within.getStore() === true && left-- <= 0) process.kill(process.pid, 'SIGKILL')
}
