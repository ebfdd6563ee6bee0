/** Requests that an OAuth client makes, and what they need. */
import { type Client, createClient, prove } from '../../verifier/proofs.ts'
import type { Answer, Bed } from '../bed.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
export const CC = { grant_type: 'client_credentials' }

/** HTTP Basic for a demo key (RFC 6749 §2.3.1). */
export function basic(bed: Bed, name: string): { authorization: string } {
  const pair = `${encodeURIComponent(bed.keyId(name))}:${encodeURIComponent(bed.secret(name))}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** `POST /{ns}/oauth/{endpoint}` as the client that a demo key is. */
export function ask(
  bed: Bed,
  name: string,
  endpoint: string,
  form: Record<string, string> | [string, string][],
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { namespace } = bed.demo.keys[name] as { namespace: string }
  return bed.post(`/${namespace}/oauth/${endpoint}`, { form, headers: { ...basic(bed, name), ...headers } })
}

/** Token exchange of `subject`. */
export function narrow(
  bed: Bed,
  name: string,
  subject: string,
  wish: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const grant = { grant_type: TOKEN_EXCHANGE, subject_token: subject, subject_token_type: ACCESS_TOKEN }
  return ask(bed, name, 'token', { ...grant, ...wish }, headers)
}

export async function aToken(answer: Promise<Answer>): Promise<string> {
  const { status, text, json } = await answer
  if (status !== 200) throw new Error(`no token: ${status} ${text}`)
  return json().access_token as string
}

/** A proof for a POST to `path`, at the bed's time. */
export function proofFor(
  bed: Bed,
  client: Client,
  path: string,
  claims: Record<string, unknown> = {},
): Promise<string> {
  return prove(client, { htm: 'POST', htu: bed.url + path, iat: Math.floor(bed.now() / 1000), ...claims })
}

export { type Client, createClient }
