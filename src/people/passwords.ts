import { type Algorithm, hash, verify } from '@node-rs/argon2'

/** OWASP's minimum for argon2id (2 in the library's enum): 19 MiB, two passes, one lane. */
const PARAMETERS = { algorithm: 2 as Algorithm, memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** Longest password, in characters; hashing more would only serve who wants to keep us busy. */
export const MAX_PASSWORD = 1000
/** Hashes under way at once: each takes 19 MiB. */
const MAX_PARALLEL = 4

let running = 0
const waiting: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_PARALLEL) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

/** An argon2id PHC string. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, PARAMETERS))
}

export function verifyPassword(phc: string, password: string): Promise<boolean> {
  return inTurn(() => verify(phc, password))
}
