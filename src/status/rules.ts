import { createHmac } from 'node:crypto'

/** One Token Status List (draft-ietf-oauth-status-list-21). */
export interface StatusList {
  /** `{namespace}/{number}` */
  id: string
  account: ''
  namespace: string
  number: number
  /** Entries in the list. */
  size: number
  /** Fixes the order in which indexes are handed out. */
  seed: string
  /** Bumped in the commit of every change that it reports. */
  version: number
  /** Tokens denied one by one, until they expire of themselves. */
  denied: { jti: string; exp: number }[]
}

/** Hands out blocks of never-used indexes of a namespace. Its id is the namespace's. */
export interface StatusAllocator {
  id: string
  account: ''
  /** Count of indexes handed out over all lists of the namespace. */
  next: number
}

/** An entry that is not VALID. */
export interface StatusEntry {
  /** `{list}/{index}` */
  id: string
  account: ''
  /** Id of its list. */
  list: string
  index: number
  value: StatusValue
  /** The list's version that told it last. */
  version: number
}

/** Where a credential's status stands. */
export interface StatusRef {
  list: string
  index: number
}

export const VALID = 0
export const INVALID = 1
export const SUSPENDED = 2
export type StatusValue = typeof VALID | typeof INVALID | typeof SUSPENDED

/** Entries per list: 2^20, two bits each, is 256 KiB before compression. */
export const LIST_SIZE = 2 ** 20
/** Indexes that a process takes at first; then twice as many each time, so that many keys seldom write the allocator. */
export const FIRST_BLOCK_SIZE = 64
export const MAX_BLOCK_SIZE = 4096
/** Verifiers with another clock take a token for a while after its `exp`: so long it is denied. */
export const DENIAL_GRACE_SECONDS = 60
/** A signed list is good for this long. */
export const LIST_LIFETIME_SECONDS = 300
const BITS = 2

export function listId(namespace: string, number: number): string {
  return `${namespace}/${number}`
}

export function newList(namespace: string, number: number, seed: string): StatusList {
  return {
    id: listId(namespace, number),
    account: '',
    namespace,
    number,
    size: LIST_SIZE,
    seed,
    version: 1,
    denied: [],
  }
}

/** The list and position of the `n`th index ever handed out in a namespace, and how many more that list has from there. */
export function placeOf(n: number): { number: number; counter: number; room: number } {
  const counter = n % LIST_SIZE
  return { number: Math.floor(n / LIST_SIZE), counter, room: LIST_SIZE - counter }
}

/**
 * A permutation of the list's indexes, so that they look random, are never handed out twice and need no memory: a
 * four-round Feistel network over the index's two halves (draft-ietf-oauth-status-list-21 §13.2 on linkability).
 */
export function permutation(seed: string): (counter: number) => number {
  const half = Math.log2(LIST_SIZE) / 2
  const mask = 2 ** half - 1
  // A half has few values, and a MAC costs more than all else: each is made once.
  const mixed = Array.from({ length: ROUNDS }, () => new Int32Array(mask + 1).fill(-1))
  const mix = (round: number, right: number): number => {
    const known = mixed[round]?.[right] as number
    if (known >= 0) return known
    const made = createHmac('sha256', seed).update(`${round}:${right}`).digest().readUInt32BE(0) & mask
    ;(mixed[round] as Int32Array)[right] = made
    return made
  }
  return (counter) => {
    let left = counter >> half
    let right = counter & mask
    for (let round = 0; round < ROUNDS; round++) [left, right] = [right, left ^ mix(round, right)]
    return (left << half) | right
  }
}
const ROUNDS = 4

/** Sets entry `index` in a packed list, least significant bits first (§4.1). */
export function setEntry(packed: Uint8Array, index: number, value: StatusValue): void {
  const byte = (index * BITS) >> 3
  const shift = (index * BITS) & 7
  packed[byte] = ((packed[byte] as number) & ~(3 << shift)) | (value << shift)
}

export function emptyList(size: number): Uint8Array {
  return new Uint8Array((size * BITS) / 8)
}

export interface StatusClaims {
  iss: string
  sub: string
  iat: number
  exp: number
  ttl: number
  version: number
  status_list: { bits: 1 | 2 | 4 | 8; lst: string; aggregation_uri: string }
  denied_jti: { jti: string; exp: number }[]
}

/** The claims of a Status List Token (§5.1), with Latchkey's `version` and `denied_jti`. Seconds. */
export function statusClaims(list: {
  issuer: string
  number: number
  version: number
  denied: readonly { jti: string; exp: number }[]
  lst: string
  ttlSeconds: number
  iat: number
}): StatusClaims {
  return {
    iss: list.issuer,
    sub: statusUri(list.issuer, list.number),
    iat: list.iat,
    exp: list.iat + LIST_LIFETIME_SECONDS,
    ttl: list.ttlSeconds,
    version: list.version,
    status_list: { bits: BITS, lst: list.lst, aggregation_uri: `${list.issuer}/status` },
    denied_jti: list.denied.filter((d) => d.exp + DENIAL_GRACE_SECONDS > list.iat),
  }
}

export function statusUri(issuer: string, number: number | string): string {
  return `${issuer}/status/${number}`
}

/** The status claim of a token whose credential stands at `ref` (§6.1). */
export function statusClaim(issuer: string, ref: StatusRef): { status_list: { idx: number; uri: string } } {
  return { status_list: { idx: ref.index, uri: statusUri(issuer, ref.list.slice(ref.list.indexOf('/') + 1)) } }
}
