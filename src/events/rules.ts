/** The event log: what an event is, and how it is sealed so that nobody rewrites it unseen. */
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

/** Keys of the events' MACs, of the heads' seals and of the anchors' seals: no one of them passes for another. */
export interface EventRings {
  chain: SecretRing
  heads: SecretRing
  anchors: SecretRing
}

/** A place in an account's history: behind the event that has this `seq` and this MAC. */
export interface Place {
  seq: number
  mac: string
}
/** Before the first event. */
export const START: Place = { seq: 0, mac: '' }

/**
 * Seals events and heads under the current master key. An event is chained to the seal of the place before it, which
 * stands in the head alone and in no event: so nothing that follows a forged head ever holds.
 */
export function sealer({ chain, heads }: Pick<EventRings, 'chain' | 'heads'>): Seal {
  const { id: macKey, bytes } = chain.current
  const headKey = heads.current.bytes
  return (previous, event) => {
    const { account, seq } = event
    const mac = chainMac(bytes, seq === 1 ? headSeal(headKey, account, START) : previous, event)
    return { mac, macKey, seal: headSeal(headKey, account, { seq, mac }) }
  }
}

/** HMAC-SHA-256 over where the history of that account stands, in canonical form. */
export function headSeal(key: Uint8Array, account: string, { seq, mac }: Place): string {
  return createHmac('sha256', key).update(canonicalJson({ account, seq, mac })).digest('base64url')
}

/** HMAC-SHA-256 over what stands before the event, and all that is kept of the event, in canonical form. */
export function chainMac(
  key: Uint8Array,
  previous: string,
  event: Omit<EventDocument, 'mac' | 'macKey'> & { mac?: string; macKey?: string; rev?: number },
): string {
  const { mac, macKey, rev, ...chained } = event
  return createHmac('sha256', key)
    .update(`${previous}\n${canonicalJson(chained)}`)
    .digest('base64url')
}

/**
 * RFC 8785: members sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes them. The same
 * for a value as for what is read back of its JSON.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
    return canonicalJson(JSON.parse(JSON.stringify(value)))
  if (Array.isArray(value)) return `[${value.map((one) => canonicalJson(one ?? null)).join()}]`
  let members = ''
  for (const name of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[name]
    if (member !== undefined) members += `${members === '' ? '' : ','}${quoted(name)}:${canonicalJson(member)}`
  }
  return `{${members}}`
}

/** Most text is plain ASCII, and is not worth a call of JSON.stringify. */
function quoted(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text)
}
