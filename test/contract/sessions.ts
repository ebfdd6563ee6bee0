/** For processes that are killed: what they leave open on MongoDB, which otherwise waits for its time to be over. */
import { writeSync } from 'node:fs'
import mongoose from 'mongoose'

/** Prints `session {id}` for each MongoDB session, before it is used. Synchronous: what is used has been told. */
export function tellSessions(): void {
  const { prototype } = mongoose.mongo.MongoClient
  const { startSession } = prototype
  prototype.startSession = function (...options) {
    const session = startSession.apply(this, options)
    writeSync(1, `session ${session.id?.id.toString('hex')}\n`)
    return session
  }
}
