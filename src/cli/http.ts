/** A call to a running server: problem details become faults, and nobody is followed elsewhere with a key in hand. */
import { CliFault, EXIT, type ExitCode } from './exit.ts'

const TIMEOUT_MS = 15_000
const DEFAULT_URL = 'http://localhost:3000'

/** LATCHKEY_URL without a trailing slash. */
export function serverUrl(env: NodeJS.ProcessEnv = process.env): string {
  const text = env.LATCHKEY_URL || DEFAULT_URL
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password) {
    throw new CliFault(EXIT.config, 'bad_config', 'LATCHKEY_URL: must be an http(s) URL without query and credentials.')
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

export interface CallInit {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The version that is to be changed. */
  ifMatch?: number
  /** Access token of the management API. */
  token?: string
  json?: unknown
  /** Milliseconds to wait for the answer; 15,000 unless said. */
  timeoutMs?: number
}

/**
 * @returns the parsed JSON of a 2xx answer; undefined where it has no body
 * @throws CliFault
 */
export async function call<T>(url: string, init: CallInit = {}): Promise<T> {
  const { method = 'GET', token, json, ifMatch, timeoutMs = TIMEOUT_MS } = init
  const { response, text } = await send(url, timeoutMs, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  if (response.status === 204) return undefined as T
  const body = parse(text)
  if (response.ok && body !== undefined) return body as T
  throw faultOf(url, response, body)
}

async function send(url: string, timeoutMs: number, init: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(url, init)
    return { response, text: await response.text() }
  } catch (error) {
    throw unreachable(url, timeoutMs, error)
  }
}

function unreachable(url: string, timeoutMs: number, error: unknown): CliFault {
  const { origin } = new URL(url)
  if ((error as Error).name === 'TimeoutError') {
    return new CliFault(EXIT.unavailable, 'unavailable', `${origin} did not answer within ${timeoutMs / 1000} s.`)
  }
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
  const how = 'Start it with "latchkey serve", or set LATCHKEY_URL to where it runs.'
  const why = code === undefined ? '' : ` (${code})`
  return new CliFault(EXIT.unavailable, 'unavailable', `No server answers at ${origin}${why}. ${how}`)
}

const DOWNLOAD_TIMEOUT_MS = 10 * 60_000

/**
 * The body of an answer as it comes in.
 *
 * @throws CliFault, also where it breaks off: then what came is not the whole
 */
export async function* download(
  url: string,
  { token, accept }: { token: string; accept: string },
): AsyncGenerator<Uint8Array> {
  const init = {
    redirect: 'manual',
    signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS),
    headers: { accept, authorization: `Bearer ${token}` },
  } as const
  const response = await fetch(url, init).catch((error) => {
    throw unreachable(url, DOWNLOAD_TIMEOUT_MS, error)
  })
  if (!response.ok || response.body === null) throw faultOf(url, response, parse(await response.text()))
  const chunks = response.body[Symbol.asyncIterator]()
  for (;;) {
    const next = await chunks.next().catch(() => {
      throw new CliFault(EXIT.unavailable, 'broken_off', 'The answer broke off before its end. Try again.')
    })
    if (next.done) return
    yield next.value
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

interface Problem {
  code: string
  detail: string
  requestId: string
  errors?: { pointer: string; detail: string }[]
}

function faultOf(url: string, { status }: Response, body: unknown): CliFault {
  if (isProblem(body)) {
    const { code, detail, requestId, errors } = body
    const facts = errors === undefined ? { requestId } : { requestId, errors }
    return new CliFault(exitOf(status), code, detail, facts)
  }
  const { origin } = new URL(url)
  const what = status >= 300 && status < 400 ? 'sent us elsewhere' : 'did not answer as Latchkey does'
  const detail = `${origin} ${what} (status ${status}). Set LATCHKEY_URL to the address that Latchkey itself answers at.`
  return new CliFault(EXIT.unavailable, 'unexpected_answer', detail)
}

function exitOf(status: number): ExitCode {
  if (status < 500) return EXIT.refused
  return status === 500 ? EXIT.failed : EXIT.unavailable
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false
  const { code, detail, requestId } = body as Partial<Problem>
  return typeof code === 'string' && typeof detail === 'string' && typeof requestId === 'string'
}
