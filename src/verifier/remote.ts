/** The one way in which the verifier reaches the network: small GETs to its issuer. */
export interface Remote {
  /** @throws Error on network errors, timeouts, bodies above the cap, and after `close` */
  get(url: string, request: RemoteRequest): Promise<RemoteAnswer>
  /** Ends running requests and refuses further ones. */
  close(): void
}

export interface RemoteRequest {
  accept: string
  maxBytes: number
  /** Entity tag of the copy at hand, for a conditional request. */
  etag?: string | undefined
}

export interface RemoteAnswer {
  status: number
  headers: Headers
  /** Empty unless the status is 200. */
  text: string
}

/** @param timeoutMs for a whole answer with its body */
export function createRemote(fetchImpl: typeof fetch, timeoutMs = 5000): Remote {
  const running = new Set<AbortController>()
  let closed = false

  async function exchange(url: string, request: RemoteRequest, signal: AbortSignal): Promise<RemoteAnswer> {
    const headers: Record<string, string> = { accept: request.accept }
    if (request.etag !== undefined) headers['if-none-match'] = request.etag
    // A redirect is an answer like any other that is not 200: the issuer's routes are fixed, nothing is to be followed.
    const response = await fetchImpl(url, { headers, redirect: 'manual', signal })
    if (response.status === 200) {
      return { status: 200, headers: response.headers, text: await readCapped(response, request.maxBytes) }
    }
    await response.body?.cancel()
    return { status: response.status, headers: response.headers, text: '' }
  }

  return {
    async get(url, request) {
      if (closed) throw new Error('the verifier has been closed')
      const controller = new AbortController()
      const timer = setTimeout(() => controller.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
      timer.unref()
      running.add(controller)
      try {
        return await exchange(url, request, controller.signal)
      } finally {
        clearTimeout(timer)
        running.delete(controller)
      }
    },
    close() {
      closed = true
      for (const controller of running) controller.abort(new Error('the verifier has been closed'))
    },
  }
}

/** Counts decoded bytes, so that a small compressed body cannot grow without bound. */
async function readCapped(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
