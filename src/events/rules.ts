/** The event log: what an event is, and the chain that lets nobody rewrite it unseen. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SecretRing } from '../secrets.ts'
import type { Document, EventActor, EventDocument, EventSubject, Head, NewEvent, Seal } from '../store/store.ts'

export interface EventFacts {
  type: string
  actor: EventActor
  subject: EventSubject
  requestId?: string | null
  data?: Record<string, unknown>
}

export function newEvent(id: string, facts: EventFacts): NewEvent {
  const { type, actor, subject, requestId = null, data = {} } = facts
  return { id, type, requestId, actor, subject, data }
}

/** The chain's MAC: HMAC-SHA-256 over the previous MAC and the event in canonical form, under the current master key. */
export function sealer(ring: SecretRing): Seal {
  return (previous, event) => ({ mac: chainMac(ring.current.bytes, previous, event), macKey: ring.current.id })
}

/** A place in an account's chain: an event, or what stands for those before it. */
export interface Link {
  seq: number
  mac: string
}
/** Before the first event. */
export const START: Link = { seq: 0, mac: '' }

/** The first event, from `previous` on, that does not follow from the one before; null where all hold. */
export function firstBreak(ring: SecretRing, previous: Link, events: readonly EventDocument[]): number | null {
  let { seq, mac } = previous
  for (const event of events) {
    const key = ring.all.get(event.macKey)
    if (event.seq !== seq + 1 || key === undefined || chainMac(key, mac, event) !== event.mac) return seq + 1
    seq = event.seq
    mac = event.mac
  }
  return null
}

/**
 * Where the account's head contradicts the last page of its log: a tail was cut or changed; null where they agree.
 *
 * @param head as it stood before that page was read; events behind it have come since
 * @param previous the link that the page follows
 */
export function headBreak(
  head: Pick<Head, 'seq' | 'mac'>,
  previous: Link,
  page: readonly EventDocument[],
): number | null {
  const stood = page.findLast(({ seq }) => seq <= head.seq) ?? previous
  if (stood.seq !== head.seq) return Math.min(stood.seq, head.seq) + 1
  return stood.mac === head.mac ? null : head.seq
}

/** One per account whose old events were removed: the last of them, sealed, which those that are kept follow from. */
export interface Anchor extends Document, Link {
  seal: string
  /** Id of the master key the seal was made with. */
  sealKey: string
}

/** @param ring of a purpose of its own, so that no event's MAC can pass for a seal */
export function sealAnchor(ring: SecretRing, account: string, { seq, mac }: Link): Anchor {
  const { id: sealKey, bytes } = ring.current
  return {
    id: account,
    account,
    seq,
    mac,
    seal: anchorMac(bytes, account, { seq, mac }).toString('base64url'),
    sealKey,
  }
}

/** Where the log of an account begins: behind its anchor. A forged one counts for nothing, so the gap shows. */
export function beginning(ring: SecretRing, anchor: Anchor | null): Link {
  const key = anchor === null ? undefined : ring.all.get(anchor.sealKey)
  if (anchor === null || key === undefined) return START
  const [given, wanted] = [Buffer.from(anchor.seal, 'base64url'), anchorMac(key, anchor.account, anchor)]
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? anchor : START
}

function anchorMac(key: Uint8Array, account: string, { seq, mac }: Link): Buffer {
  return createHmac('sha256', key).update(canonicalJson({ account, seq, mac })).digest()
}

function chainMac(key: Uint8Array, previous: string, event: Omit<EventDocument, 'mac' | 'macKey'>): string {
  const { id, account, seq, time, type, requestId, actor, subject, data } = event
  const chained = { id, account, seq, time, type, requestId, actor, subject, data }
  return createHmac('sha256', key).update(previous).update('\n').update(canonicalJson(chained)).digest('base64url')
}

/** RFC 8785: members sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes them. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((one) => canonicalJson(one ?? null)).join()}]`
  const members: string[] = []
  for (const name of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[name]
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`)
  }
  return `{${members.join()}}`
}
