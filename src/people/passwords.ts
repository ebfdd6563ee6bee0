import { type Algorithm, hash, verify } from '@node-rs/argon2'
import { Refusal } from '../errors.ts'

/** OWASP's minimum for argon2id (2 in the library's enum): 19 MiB, two passes, one lane. */
const PARAMETERS = { algorithm: 2 as Algorithm, memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const PHC_PREFIX = `$argon2id$v=19$m=${PARAMETERS.memoryCost},t=${PARAMETERS.timeCost},p=${PARAMETERS.parallelism}$`
/** Hashes under way at once: each takes 19 MiB. */
const MAX_PARALLEL = 4
/** Hashes that wait for their turn, at most; about two seconds' worth. */
const MAX_WAITING = 100

export interface Passwords {
  /** An argon2id PHC string. @throws Refusal `busy` */
  hash(password: string): Promise<string>
  /** Null stands for a password that nobody has: it takes the same work, and is never right. @throws Refusal `busy` */
  verify(phc: string | null, password: string): Promise<boolean>
  /** Whether it was hashed with other parameters than are in use now. */
  isStale(phc: string): boolean
}

/** Of no password anybody knows; as much work to check as any. */
const NOBODYS = `${PHC_PREFIX}${'A'.repeat(22)}$${'A'.repeat(43)}`

export const passwords: Passwords = {
  hash: (password) => inTurn(() => hash(password.normalize('NFC'), PARAMETERS)),
  verify: (phc, password) =>
    inTurn(async () => (await verify(phc ?? NOBODYS, password.normalize('NFC'))) && phc !== null),
  isStale: (phc) => !phc.startsWith(PHC_PREFIX),
}

let running = 0
const waiting: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_PARALLEL) {
    if (waiting.length >= MAX_WAITING) throw new Refusal('busy', { retryAfterSeconds: 2 })
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}
