/** A caller of the management API, with the headers that its changes need. */
import type { Answer, Bed } from '../bed.ts'

export interface Caller {
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, json?: unknown, headers?: Record<string, string>): Promise<Answer>
  put(path: string, json?: unknown, headers?: Record<string, string>): Promise<Answer>
  patch(path: string, json: unknown, version: number | null): Promise<Answer>
  delete(path: string): Promise<Answer>
}

/** @param name of a demo key of namespace manage */
export async function callerOf(b: Bed, name: string, wish: Record<string, unknown> = {}): Promise<Caller> {
  const authorization = `Bearer ${await b.token(name, wish)}`
  const send = async (method: string, path: string, json: unknown, headers: Record<string, string>) => {
    const body = json === undefined ? {} : { body: JSON.stringify(json) }
    const type = json === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(new URL(path, b.url), {
      method,
      headers: { authorization, ...type, ...headers },
      ...body,
    })
    const text = await response.text()
    const { status, headers: answered } = response
    return { status, headers: answered, text, json: () => JSON.parse(text) as Record<string, unknown> }
  }
  return {
    get: (path, headers = {}) => send('GET', path, undefined, headers),
    post: (path, json, headers = {}) => send('POST', path, json, headers),
    put: (path, json, headers = {}) => send('PUT', path, json, headers),
    patch: (path, json, version) => send('PATCH', path, json, version === null ? {} : { 'if-match': `"${version}"` }),
    delete: (path) => send('DELETE', path, undefined, {}),
  }
}

/** What the status lists, as this instance signs them, say of a token: 0 valid, 1 invalid, 2 suspended. */
export function statusOf(b: Bed, token: string): number | undefined {
  const payload = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString('utf8'))
  const { idx, uri } = payload.status.status_list as { idx: number; uri: string }
  const [, namespace, , list] = new URL(uri).pathname.split('/')
  return b.latchkey.publisher.look(namespace as string, list as string, idx, payload.jti)?.value
}

export interface Told {
  type: string
  seq: number
  requestId: string
  actor: { type: string; id: string; name: string; onBehalfOf?: string }
  subject: { type: string; id: string; name: string }
  data: Record<string, unknown>
}

/** The events of a subject, oldest first, as `type` and what they tell. */
export async function eventsOf(caller: Caller, account: string, subject: string): Promise<Told[]> {
  const answer = await caller.get(`/manage/accounts/${account}/events?subject=${subject}&limit=200`)
  return answer.json().items as Told[]
}
