import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 16 * 1024

/**
 * Random bytes of cryptographic quality from a pool that is filled at once: asking the system for 16 bytes costs as
 * much as asking for thousands. No byte is handed out twice.
 */
export function pooledRandom(): (bytes: number) => Buffer {
  let pool = Buffer.alloc(0)
  let used = 0
  return (bytes) => {
    if (used + bytes > pool.length) {
      pool = randomFillSync(Buffer.allocUnsafeSlow(Math.max(POOL_BYTES, bytes)))
      used = 0
    }
    const taken = Buffer.from(pool.subarray(used, used + bytes))
    pool.fill(0, used, used + bytes)
    used += bytes
    return taken
  }
}
