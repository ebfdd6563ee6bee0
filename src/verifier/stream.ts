/** Follows the issuer's stream of revocations for as long as the verifier lives. */
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
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
  /** What `Retry-After` asks for; 0 where it asks for nothing. */
  retryAfterSeconds: number
  chunks: AsyncIterable<Uint8Array>
}
export type OpenStream = (url: string, headers: Record<string, string>, signal: AbortSignal) => Promise<Opened>

/** The issuer says something every 15 s; after this much silence the connection is given up. */
const SILENCE_MS = 45_000
/** What a verifier does not hear meanwhile it takes from the lists: after an outage it must be back soon. */
const PAUSE_MS = { first: 500, longest: 3_000, longestAsked: 30_000 }

interface Means {
  /** How to connect. */
  open: OpenStream
  /** From 0 up to 1, so that not all come back at once. */
  random: () => number
  wait?: typeof pause
  /** For the beginning of an answer. */
  answerMs?: number
}

/** @param onEvent what the stream says, `status` and `reset` among it; an id that comes alone is of no event */
export function followStream(
  url: string,
  { open, random, wait = pause, answerMs = 5_000 }: Means,
  onEvent: (event: ServerEvent) => void,
): Following {
  const closing = new AbortController()
  let started = false
  let connected = false
  let lastId: string | undefined
  let failures = 0
  let askedMs = 0

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      await connect().catch(() => {})
      const ms = Math.max(Math.min(PAUSE_MS.first * 2 ** failures, PAUSE_MS.longest), askedMs)
      failures++
      await wait(closing.signal, ms * (0.5 + random()))
    }
  }

  async function connect(): Promise<void> {
    const attempt = new AbortController()
    askedMs = 0
    const give = (): void => attempt.abort()
    closing.signal.addEventListener('abort', give)
    let silence = setTimeout(give, answerMs).unref()
    const expectMore = (): void => {
      clearTimeout(silence)
      silence = setTimeout(give, SILENCE_MS).unref()
    }
    try {
      const resume: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
      const { status, retryAfterSeconds, chunks } = await open(
        url,
        { accept: 'text/event-stream', ...resume },
        attempt.signal,
      )
      askedMs = Math.min(retryAfterSeconds * 1000, PAUSE_MS.longestAsked)
      if (status !== 200) throw new Error(`${url} answered ${status}`)
      connected = true
      expectMore()
      const heard = (): void => {
        failures = 0
        expectMore()
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
      const retryAfterSeconds = retryAfter(response.headers['retry-after'])
      resolve({ status: response.statusCode ?? 0, retryAfterSeconds, chunks: response })
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
    const retryAfterSeconds = retryAfter(response.headers.get('retry-after'))
    return { status: response.status, retryAfterSeconds, chunks: (response.body ?? []) as AsyncIterable<Uint8Array> }
  }
}

/** At most `ms`, and leaves nothing behind at the signal. */
export async function pause(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {})
}

function retryAfter(header: string | null | undefined): number {
  return /^\d{1,9}$/.test(header ?? '') ? Number(header) : 0
}
