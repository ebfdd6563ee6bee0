/** Client authentication at the OAuth endpoints (RFC 6749 §2.3.1). */
import { Refusal } from '../errors.ts'
import { parseKey } from '../keys/grammar.rules.ts'
import type { RequestFacts } from '../web/request.ts'

export interface Client {
  /** The API key. */
  secret: string
}

/** Basic or post, one of them only. A client id that is not the key's own is no client. */
export function readClient(
  body: { client_id?: string | undefined; client_secret?: string | undefined },
  request: RequestFacts,
): Client {
  const header = request.header('authorization')
  const id = body.client_id || undefined
  const secret = body.client_secret || undefined
  if (header === undefined) {
    if (secret === undefined) throw new Refusal('invalid_client')
    return matched(id, secret)
  }
  if (secret !== undefined) {
    throw new Refusal('invalid_request', {
      detail: 'The client authenticates twice. Use HTTP Basic or the body, not both.',
    })
  }
  if (request.headers('authorization').length > 1) {
    throw new Refusal('invalid_request', { detail: 'There are two Authorization headers. Send one.' })
  }
  const basic = decodeBasic(header)
  if (basic === null) throw new Refusal('invalid_client')
  if (id !== undefined && id !== basic.id) {
    throw new Refusal('invalid_request', { detail: 'client_id differs from the one in the Authorization header.' })
  }
  return matched(basic.id, basic.secret)
}

function matched(id: string | undefined, secret: string): Client {
  const parsed = parseKey(secret)
  if (id === undefined || (parsed !== null && parsed.id !== id)) throw new Refusal('invalid_client')
  return { secret }
}

/** Both parts are form-urlencoded before base64 (RFC 6749 appendix B): `+` is a space, `%xx` a byte. */
function decodeBasic(header: string): { id: string; secret: string } | null {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(header)?.[1]
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return null
  try {
    const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' ')),
    ) as [string, string]
    return { id, secret }
  } catch {
    return null
  }
}

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** RFC 6749 §3.3: order and repetition mean nothing; an empty parameter is as good as none (§3.1). */
export function scopeParameter(text: string | undefined): string[] | undefined {
  if (text === undefined || text === '') return undefined
  const scopes = [...new Set(text.split(' ').filter(Boolean))]
  if (scopes.some((s) => !SCOPE.test(s))) {
    throw new Refusal('invalid_request', {
      errors: [{ pointer: '/scope', detail: 'must be scopes separated by single spaces, of printable characters.' }],
    })
  }
  return scopes.length === 0 ? undefined : scopes
}
