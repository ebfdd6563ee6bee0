import { inflateSync } from 'node:zlib'

/** Values of a status (Token Status List §7.1); every other one is taken as invalid. */
export const STATUS = { valid: 0, invalid: 1, suspended: 2 } as const

/** The statuses of one list, by index (Token Status List §4). */
export interface StatusArray {
  bits: 1 | 2 | 4 | 8
  bytes: Uint8Array
}

const MAX_BYTES = 4 * 1024 * 1024

/**
 * Reads the `status_list` claim (Token Status List §4.2). At most 4 MiB once inflated.
 *
 * @throws TypeError, RangeError or a zlib error where it is none
 */
export function decodeStatusArray(claim: unknown): StatusArray {
  const { bits, lst } = (claim ?? {}) as Record<string, unknown>
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) throw new TypeError('bits is none of 1, 2, 4, 8')
  if (typeof lst !== 'string' || !/^[A-Za-z0-9_-]+$/.test(lst)) throw new TypeError('lst is not base64url')
  return { bits, bytes: inflateSync(Buffer.from(lst, 'base64url'), { maxOutputLength: MAX_BYTES }) }
}

/** The status at an index, packed from the least significant bit (Token Status List §4.1); null past the end. */
export function statusAt({ bits, bytes }: StatusArray, index: number): number | null {
  const position = index * bits
  const byte = bytes[Math.floor(position / 8)]
  return byte === undefined ? null : (byte >> (position % 8)) & ((1 << bits) - 1)
}
