/** One transaction, retried within bounds. */
import mongoose, { type ClientSession, type Connection } from 'mongoose'
import { hasLabel, isUnreachable, unwrapped } from './mongo-errors.ts'
import { StoreUnavailable } from './store.ts'

/** No attempt starts later than this many milliseconds after the first. */
const RETRY_FOR_MS = 5000
const LONGEST_PAUSE_MS = 200

/** Thrown in a transaction to have it run again from the start. */
export class RunAgain extends Error {}

/**
 * Runs `work` in a transaction and commits it. Runs it again where MongoDB says that nothing of it happened, most often
 * because another one wrote the same document first.
 */
export async function inTransaction<T>(
  connection: Connection,
  work: (session: ClientSession) => Promise<T>,
): Promise<T> {
  const until = performance.now() + RETRY_FOR_MS
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await runOnce(connection, work, until)
    } catch (error) {
      // Server selection has waited its time already.
      const transient =
        hasLabel(error, 'TransientTransactionError') && !(error instanceof mongoose.mongo.MongoServerSelectionError)
      const again = transient || error instanceof RunAgain
      if (!again) throw error
      if (performance.now() > until) throw new StoreUnavailable(error)
    }
    await pause(attempt)
  }
}

async function runOnce<T>(
  connection: Connection,
  work: (session: ClientSession) => Promise<T>,
  until: number,
): Promise<T> {
  const session = await connection.startSession()
  session.startTransaction({
    readConcern: { level: 'snapshot' },
    writeConcern: { w: 'majority', journal: true },
    readPreference: 'primary',
  })
  try {
    const result = await work(session)
    await commitTransaction(session, until)
    await session.endSession()
    return result
  } catch (wrapped) {
    const error = unwrapped(wrapped)
    // Ending the session aborts the transaction; towards a server that is gone, that is not worth waiting for.
    const ended = session.endSession().catch(() => {})
    if (!isUnreachable(error)) await ended
    throw error
  }
}

async function commitTransaction(session: ClientSession, until: number): Promise<void> {
  for (;;) {
    try {
      await session.commitTransaction()
      return
    } catch (error) {
      if (!hasLabel(error, 'UnknownTransactionCommitResult') || performance.now() > until) throw error
      if (error instanceof mongoose.mongo.MongoServerSelectionError) throw error
    }
    await pause(0)
  }
}

/** Random, so that two writers in conflict do not meet again. */
function pause(attempt: number): Promise<void> {
  const ms = Math.random() * Math.min(5 * 1.5 ** attempt, LONGEST_PAUSE_MS)
  return new Promise((resolve) => setTimeout(resolve, ms))
}
