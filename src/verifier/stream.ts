/** Follows the issuer's stream of revocations for as long as the verifier lives. */
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { readEvents, type ServerEvent } from './events.ts'

export interface Following {
  /** Connects, the first time that it is called. */
  start(): void
  /** Whether the issuer's stream is open at this moment. */
  readonly connected: boolean
  close(): void
}

interface Opened {
  status: number
  chunks: AsyncIterable<Uint8Array>
}
export type OpenStream = (url: string, headers: Record<string, string>, signal: AbortSignal) => Promise<Opened>

/** The issuer says something every 15 s; after this much silence the connection is given up. */
const SILENCE_MS = 45_000
const PAUSE_MS = { first: 1_000, longest: 30_000 }

/**
 * @param onEvent what the stream says, `status` and `reset` among it; an id that comes alone is of no event
 * @param open how to connect
 */
export function followStream(url: string, open: OpenStream, onEvent: (event: ServerEvent) => void): Following {
  const closing = new AbortController()
  let started = false
  let connected = false
  let lastId: string | undefined
  let failures = 0

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      await connect().catch(() => {})
      await pause(closing.signal, Math.min(PAUSE_MS.first * 2 ** failures, PAUSE_MS.longest) * (0.5 + Math.random()))
      failures++
    }
  }

  async function connect(): Promise<void> {
    const attempt = new AbortController()
    const give = (): void => attempt.abort()
    closing.signal.addEventListener('abort', give)
    let silence = setTimeout(give, SILENCE_MS).unref()
    try {
      const resume: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
      const { status, chunks } = await open(url, { accept: 'text/event-stream', ...resume }, attempt.signal)
      if (status !== 200) throw new Error(`${url} answered ${status}`)
      connected = true
      const heard = (): void => {
        failures = 0
        clearTimeout(silence)
        silence = setTimeout(give, SILENCE_MS).unref()
      }
      for await (const event of readEvents(chunks, heard)) {
        onEvent(event)
        if (event.id !== '') lastId = event.id
      }
    } finally {
      connected = false
      clearTimeout(silence)
      closing.signal.removeEventListener('abort', give)
      attempt.abort()
    }
  }

  return {
    start() {
      if (started) return
      started = true
      void follow()
    },
    get connected() {
      return connected
    },
    close: () => closing.abort(),
  }
}

/** Without Node's own fetch, whose sockets would keep the process alive for as long as the stream is open. */
export const openQuietly: OpenStream = (url, headers, signal) =>
  new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage): void => {
      if (response.statusCode !== 200) response.resume()
      resolve({ status: response.statusCode ?? 0, chunks: response })
    }
    const options = { headers, signal, agent: false }
    const request = url.startsWith('https:') ? httpsGet(url, options, answered) : httpGet(url, options, answered)
    request.on('socket', (socket) => socket.unref())
    request.on('error', reject)
  })

/** With a fetch that was given, for what it knows of proxies and certificates. */
export function openWith(fetchImpl: typeof fetch): OpenStream {
  return async (url, headers, signal) => {
    const response = await fetchImpl(url, { headers, redirect: 'manual', signal })
    if (response.status !== 200) await response.body?.cancel()
    return { status: response.status, chunks: (response.body ?? []) as AsyncIterable<Uint8Array> }
  }
}

function pause(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(resolve, ms).unref()
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
