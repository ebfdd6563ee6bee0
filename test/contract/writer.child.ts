/**
 * Commits in a loop until it is killed or done. Prints `commit {number}` once one is acknowledged, and `session {id}`
 * for the MongoDB sessions it leaves behind when killed.
 */
import { writeSync } from 'node:fs'
import { openMongo } from '../../src/store/mongo.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { aHolder, anEvent, land, seal, write } from './harness.ts'
import { tellSessions } from './sessions.ts'

const [kind, at, account, name, count] = process.argv.slice(2) as [string, string, string, string, string]
tellSessions()
const options = { now: Date.now, seal }
const store = kind === 'sqlite' ? openSqlite(at, options) : await openMongo(at, options)
for (let n = 1; n <= Number(count); n += 1) {
  const holders = ['a', 'b'].map((part) => write('holders', aHolder(`${name}-${n}-${part}`, { account })))
  await land(store, { insert: holders, events: [anEvent({ n })] }, account)
  tell('commit', n)
}
await store.close()
process.disconnect?.()

/** Synchronous: what is told has happened, and what has happened is told. */
function tell(what: string, value: unknown): void {
  writeSync(1, `${what} ${value}\n`)
}
