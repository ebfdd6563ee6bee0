/** What the driver's errors mean to the store. */
import mongoose from 'mongoose'
import { StoreUnavailable } from './store.ts'

const { mongo } = mongoose

/** No connection, none in time, or none any more. */
const UNREACHABLE = [
  mongo.MongoNetworkError,
  mongo.MongoServerSelectionError,
  mongo.MongoNotConnectedError,
  mongo.MongoTopologyClosedError,
  mongo.MongoClientClosedError,
  mongo.MongoExpiredSessionError,
  mongo.MongoOperationTimeoutError,
  mongo.MongoWriteConcernError,
  mongoose.Error.MongooseServerSelectionError,
] as const

/**
 * Answers of a server that cannot serve now: host unreachable, not primary, shutting down, interrupted, out of time,
 * or in conflict for longer than we retry. See the server's error_codes.yml.
 */
const CODES = new Set([
  6, 7, 24, 43, 50, 64, 89, 91, 112, 133, 134, 189, 202, 234, 246, 251, 262, 317, 358, 9001, 10058, 10107, 11600, 11602,
  13435, 13436,
])
/** Of the socket itself: the driver passes on what happens between its own checks of a connection. */
const SOCKET_CODES = new Set([
  'EPIPE',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])
const LABELS = ['TransientTransactionError', 'UnknownTransactionCommitResult', 'RetryableWriteError']

export function hasLabel(error: unknown, label: string): boolean {
  return error instanceof mongo.MongoError && error.hasErrorLabel(label)
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && error.code === 11000
}

/** What the driver wraps as a failed bulk write although none of it reached the server. */
export function unwrapped(error: unknown): unknown {
  const within: unknown = error instanceof mongo.MongoBulkWriteError ? error.errorResponse : null
  return within instanceof Error ? within : error
}

export function isUnreachable(error: unknown): boolean {
  return (
    UNREACHABLE.some((type) => error instanceof type) ||
    (error instanceof Error && error.name === 'MongoWaitQueueTimeoutError') ||
    (error instanceof Error && SOCKET_CODES.has(String((error as NodeJS.ErrnoException).code)))
  )
}

/** The error to throw on: {@link StoreUnavailable} for what the world does, the error itself for what is our fault. */
export function unavailable(error: unknown): unknown {
  const answered = error instanceof mongo.MongoServerError && CODES.has(Number(error.code))
  const labelled = LABELS.some((label) => hasLabel(error, label))
  return answered || labelled || isUnreachable(error) ? new StoreUnavailable(error) : error
}
