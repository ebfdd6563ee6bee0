/** What the event log proves: which events follow from those before, and whether the head stands where they end. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SecretRing } from '../secrets.ts'
import type { Document, EventDocument, Head } from '../store/store.ts'
import { canonicalJson, chainMac, type EventRings, headSeal, type Place, START } from './rules.ts'

/** Where a walk along the chain stands. */
export interface Link extends Place {
  /** Id of the master key of that event; null where it is not known. */
  macKey: string | null
  /** The first event seen that is chained to a head's seal; those of earlier releases are not. */
  sealedFrom: number | null
}

const BEFORE_ALL: Link = { ...START, macKey: null, sealedFrom: null }

/** The first seq that does not hold, and the key without which nobody can tell, where that is why. */
export interface Break {
  seq: number
  missingKey: string | null
}

/** Goes along the chain as far as it holds. */
export function follow(
  rings: EventRings,
  from: Link,
  events: readonly EventDocument[],
): { last: Link; broken: Break | null } {
  let last = from
  for (const event of events) {
    const next = nextLink(rings, last, event)
    if ('missingKey' in next) return { last, broken: next }
    last = next
  }
  return { last, broken: null }
}

function nextLink({ chain, heads }: EventRings, before: Link, event: EventDocument): Link | Break {
  const { seq, mac, macKey, account } = event
  const broken = (missingKey: string | null = null): Break => ({ seq: before.seq + 1, missingKey })
  if (seq !== before.seq + 1) return broken()
  const key = chain.all.get(macKey)
  if (key === undefined) return broken(macKey)
  const sealedBy = before.macKey ?? macKey
  const headKey = heads.all.get(sealedBy)
  if (headKey === undefined) return broken(sealedBy)
  const link = { seq, mac, macKey, sealedFrom: before.sealedFrom }
  if (chainMac(key, headSeal(headKey, account, before), event) === mac)
    return { ...link, sealedFrom: before.sealedFrom ?? seq }
  return before.sealedFrom === null && chainMac(key, before.mac, event) === mac ? link : broken()
}

/**
 * Where the account's head contradicts the last page of its log, or is not as this server sealed it: a tail was cut or
 * changed; null where they agree.
 *
 * @param head as it stood before that page was read; events behind it have come since
 * @param before the link that the page follows
 * @param last the link that the page ends with
 */
export function headBreak(
  rings: EventRings,
  head: Head | null,
  { before, page, last }: { before: Link; page: readonly EventDocument[]; last: Link },
): Break | null {
  // An account begins with an event, and so with a head.
  if (head === null || head.seq === 0) return { seq: 1, missingKey: null }
  const stood = page.findLast(({ seq }) => seq <= head.seq) ?? before
  if (stood.seq !== head.seq) return { seq: Math.min(stood.seq, head.seq) + 1, missingKey: null }
  if (stood.mac !== head.mac) return { seq: head.seq, missingKey: null }
  const { account, seal, macKey } = head
  const behind = (missingKey: string | null = null): Break => ({ seq: head.seq + 1, missingKey })
  if (seal === undefined || macKey === undefined) {
    const isOfEarlierRelease = last.sealedFrom === null || last.sealedFrom > head.seq
    return isOfEarlierRelease ? null : behind()
  }
  const key = rings.heads.all.get(macKey)
  if (key === undefined) return behind(macKey)
  return headSeal(key, account, head) === seal ? null : behind()
}

/** One per account whose old events were removed: the last of them, sealed, which those that are kept follow from. */
export interface Anchor extends Document, Place {
  /** Of the link; anchors of earlier releases have neither. */
  macKey?: string | null
  sealedFrom?: number | null
  seal: string
  /** Id of the master key the seal was made with. */
  sealKey: string
}

export function sealAnchor(ring: SecretRing, account: string, { seq, mac, macKey, sealedFrom }: Link): Anchor {
  const { id: sealKey, bytes } = ring.current
  const anchor = { id: account, account, seq, mac, macKey, sealedFrom }
  return { ...anchor, seal: anchorMac(bytes, anchor).toString('base64url'), sealKey }
}

/** Where the log of an account begins: behind its anchor. A forged one counts for nothing, so the gap shows. */
export function beginning(ring: SecretRing, anchor: Anchor | null): Link {
  const key = anchor === null ? undefined : ring.all.get(anchor.sealKey)
  if (anchor === null || key === undefined) return BEFORE_ALL
  const [given, wanted] = [Buffer.from(anchor.seal, 'base64url'), anchorMac(key, anchor)]
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return BEFORE_ALL
  const { seq, mac, macKey = null, sealedFrom = null } = anchor
  return { seq, mac, macKey, sealedFrom }
}

function anchorMac(
  key: Uint8Array,
  { account, seq, mac, macKey, sealedFrom }: Omit<Anchor, 'id' | 'seal' | 'sealKey'>,
): Buffer {
  return createHmac('sha256', key).update(canonicalJson({ account, seq, mac, macKey, sealedFrom })).digest()
}
