/** Which client calls an OAuth endpoint, and by what it says so (RFC 6749 §2.3, RFC 7521 §4.2). */
import { Refusal } from '../errors.ts'
import { parseKey } from '../keys/grammar.rules.ts'
import type { RequestFacts } from '../web/request.ts'

/** What a client shows of itself: the API key, or an assertion that it signed; and whose id it says it has. */
export type Credential = { apiKey: string; clientId?: string } | { assertion: string; clientId: string | undefined }

export interface ClientParameters {
  client_id?: string | undefined
  client_secret?: string | undefined
  client_assertion?: string | undefined
  client_assertion_type?: string | undefined
}

/** One that is nobody's: refused, and counted, like any other that is wrong. */
const NOBODY: Credential = { apiKey: '' }

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * The one way in which the client authenticates; null where it does not. A client id that is not the key's own is no
 * client.
 *
 * @throws Refusal `invalid_request` where it does so twice, or by halves
 */
export function readClient(body: ClientParameters, request: RequestFacts): Credential | null {
  const header = request.header('authorization')
  const id = body.client_id || undefined
  const secret = body.client_secret || undefined
  const assertion = body.client_assertion || undefined
  if ([header, secret, assertion].filter((way) => way !== undefined).length > 1) {
    throw new Refusal('invalid_request', {
      detail: 'The client authenticates in more than one way. Use HTTP Basic, client_secret or client_assertion.',
    })
  }
  if (header !== undefined) return fromBasic(header, id, request)
  if (secret !== undefined) return matched(id, secret)
  if (assertion === undefined && !body.client_assertion_type) return null
  if (assertion === undefined || body.client_assertion_type !== ASSERTION_TYPE) {
    throw new Refusal('invalid_request', {
      detail: `Send client_assertion together with client_assertion_type=${ASSERTION_TYPE}.`,
    })
  }
  return { assertion, clientId: id }
}

function fromBasic(header: string, id: string | undefined, request: RequestFacts): Credential {
  if (request.headers('authorization').length > 1) {
    throw new Refusal('invalid_request', { detail: 'There are two Authorization headers. Send one.' })
  }
  const basic = decodeBasic(header)
  if (basic === null) return NOBODY
  if (id !== undefined && id !== basic.id) {
    throw new Refusal('invalid_request', { detail: 'client_id differs from the one in the Authorization header.' })
  }
  return matched(basic.id, basic.secret)
}

function matched(id: string | undefined, secret: string): Credential {
  const parsed = parseKey(secret)
  return id === undefined || (parsed !== null && parsed.id !== id) ? NOBODY : { apiKey: secret, clientId: id }
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
