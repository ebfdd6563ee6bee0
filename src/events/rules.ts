/** The event log: what an event is, and the chain that lets nobody rewrite it unseen. */
import { createHmac } from 'node:crypto'
import type { SecretRing } from '../secrets.ts'
import type { EventActor, EventDocument, EventSubject, NewEvent, Seal } from '../store/store.ts'

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

/** The first event, from `previous` on, that does not follow from the one before; null where all hold. */
export function firstBreak(
  ring: SecretRing,
  previous: { seq: number; mac: string },
  events: readonly EventDocument[],
): number | null {
  let { seq, mac } = previous
  for (const event of events) {
    const key = ring.all.get(event.macKey)
    if (event.seq !== seq + 1 || key === undefined || chainMac(key, mac, event) !== event.mac) return seq + 1
    seq = event.seq
    mac = event.mac
  }
  return null
}

function chainMac(key: Uint8Array, previous: string, event: Omit<EventDocument, 'mac' | 'macKey'>): string {
  const { id, account, seq, time, type, requestId, actor, subject, data } = event
  const chained = { id, account, seq, time, type, requestId, actor, subject, data }
  return createHmac('sha256', key).update(previous).update('\n').update(canonicalJson(chained)).digest('base64url')
}

/** RFC 8785: members sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v ?? null)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, v]) => v !== undefined)
    members.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`
  }
  return JSON.stringify(value)
}
