/** A person at a browser: signs in, keeps the cookie, and says as browsers do where a request comes from. */
import type { Bed } from '../bed.ts'

export interface Reply {
  status: number
  headers: Headers
  text: string
  json: () => Record<string, unknown>
}

export interface Browser {
  cookie: string
  get(path: string): Promise<Reply>
  post(path: string, json?: unknown, headers?: Record<string, string>): Promise<Reply>
  put(path: string, json: unknown): Promise<Reply>
  /** @param version that is to be changed, null to name none; the one that stands unless said */
  patch(path: string, json: unknown, version?: number | null): Promise<Reply>
  delete(path: string): Promise<Reply>
}

export const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }

export type DemoPerson = 'operator' | 'support' | 'owner' | 'manager' | 'viewer' | 'holder'

export async function send(
  bed: Bed,
  method: string,
  path: string,
  { json, headers = {} }: { json?: unknown; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(new URL(path, bed.url), {
    method,
    headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    redirect: 'manual',
  })
  const text = await response.text()
  const { status } = response
  return { status, headers: response.headers, text, json: () => JSON.parse(text) as Record<string, unknown> }
}

/** The cookie that an answer sets, as a Cookie header has it. */
export function cookieOf({ headers }: Reply): string {
  return (headers.getSetCookie()[0] ?? '').split(';')[0] as string
}

export function browser(bed: Bed, cookie: string): Browser {
  const call = (method: string, path: string, json?: unknown, more: Record<string, string> = {}) =>
    send(bed, method, path, { json, headers: { cookie, ...OWN_PAGE, ...more } })
  const as = (method: string) => (path: string, json?: unknown) => call(method, path, json)
  return {
    cookie,
    get: as('GET'),
    post: (path, json, headers = {}) => call('POST', path, json, headers),
    put: as('PUT'),
    async patch(path, json, version) {
      const tag = version === undefined ? ((await call('GET', path)).headers.get('etag') ?? '"0"') : `"${version}"`
      return call('PATCH', path, json, version === null ? {} : { 'if-match': tag })
    },
    delete: as('DELETE'),
  }
}

export function trySignIn(bed: Bed, wish: object, headers: Record<string, string> = OWN_PAGE) {
  return send(bed, 'POST', '/manage/session', { json: wish, headers })
}

export async function signIn(bed: Bed, who: DemoPerson | { email: string; password: string }, account?: string) {
  const { email, password } = typeof who === 'string' ? bed.demo[who] : who
  const answer = await trySignIn(bed, { email, password, ...(account === undefined ? {} : { account }) })
  if (answer.status !== 200) throw new Error(`no session: ${answer.text}`)
  return browser(bed, cookieOf(answer))
}

/** Invites and accepts: a new person with a password, in an account. */
export async function join(
  bed: Bed,
  by: Browser,
  account: string,
  wish: { email: string; role: string; name?: string; holderId?: string },
  password = 'correct horse battery',
): Promise<{ id: string; email: string; password: string }> {
  const invited = await by.post(`/manage/accounts/${account}/members`, { name: 'Somebody', ...wish })
  if (invited.status !== 201) throw new Error(`not invited: ${invited.text}`)
  const { member, invitationUrl } = invited.json() as { member: { id: string }; invitationUrl: string }
  const accepted = await send(bed, 'POST', invitationUrl, { json: { password } })
  if (accepted.status !== 200) throw new Error(`not accepted: ${accepted.text}`)
  return { id: member.id, email: wish.email, password }
}
