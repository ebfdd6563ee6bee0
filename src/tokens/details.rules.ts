/** `authorization_details` as asked for (RFC 9396 §2): one type, `sub_account`, and nothing that is not known of it. */
import { Refusal, sayable } from '../errors.ts'

export interface AskedDetail {
  /** Of a sub-account. */
  identifier: string
  /** Scopes. */
  actions: string[]
}

export const DETAIL_TYPE = 'sub_account'
const MEMBERS = ['type', 'identifier', 'actions']
const MAX_CHARS = 16 * 1024
const MAX_DETAILS = 50
const MAX_ACTIONS = 100

/** @throws Refusal `invalid_authorization_details` for whatever is not wholly understood (RFC 9396 §5) */
export function parseDetails(text: string): AskedDetail[] {
  if (text.length > MAX_CHARS) throw refused(`is longer than ${MAX_CHARS} characters`)
  const value = parse(text)
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_DETAILS) {
    throw refused(`must be a JSON array of 1 to ${MAX_DETAILS} objects`)
  }
  const details = value.map(readDetail)
  const members = value.reduce((sum: number, one: object) => sum + Object.keys(one).length, 0)
  if (members !== countWritten(text)) throw refused('names a member twice')
  return details
}

function readDetail(value: unknown): AskedDetail {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('must hold objects only')
  const detail = value as Record<string, unknown>
  if (detail.type !== DETAIL_TYPE) throw refused(`must be of type ${DETAIL_TYPE}`)
  const unknown = Object.keys(detail).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw refused(`holds ${sayable(unknown)}, which type ${DETAIL_TYPE} does not have`)
  const { identifier, actions } = detail
  if (typeof identifier !== 'string' || identifier === '' || identifier.length > 64) {
    throw refused('needs identifier, the id of a sub-account')
  }
  const texts = Array.isArray(actions) && actions.every((action) => typeof action === 'string')
  if (!texts || actions.length === 0 || actions.length > MAX_ACTIONS) {
    throw refused('needs actions, a list of scopes')
  }
  return { identifier, actions }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refused('is not JSON')
  }
}

/** In well-formed JSON, a string before a colon is the name of a member, and nothing else is. */
function countWritten(text: string): number {
  const strings = text.match(/"(?:[^"\\]|\\.)*"\s*:?/g) ?? []
  return strings.filter((one) => one.endsWith(':')).length
}

function refused(what: string): Refusal {
  return new Refusal('invalid_authorization_details', { detail: `authorization_details ${what}.` })
}
