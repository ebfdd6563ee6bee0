/**
 * Requests to addresses that customers name (webhooks, JWK sets), made so that nobody is reached who should not be: every
 * address of the name is checked on each attempt, and only what was checked is connected to.
 */
import type { LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns/promises'
import { type IncomingHttpHeaders, type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { allowedNetworks, mayConnect, OutboundFault, parseTarget, type Target } from './rules.ts'

export interface OutboundRequest {
  method: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array
  /** For everything from the look-up of the name to the last byte. */
  timeoutMs: number
  /** Largest body that is read. */
  maxBytes: number
}

export interface OutboundAnswer {
  /** Any status: a redirect is an answer like another, and is not followed. */
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Outbound {
  /** Why this URL will never be asked, as a sentence about it; null where it may be. No I/O. */
  faultOf(url: string): string | null
  /** @throws OutboundFault */
  send(url: string, request: OutboundRequest): Promise<OutboundAnswer>
}

export interface OutboundDeps {
  /** CIDR blocks that may be reached beside the public internet. */
  allow: readonly string[]
  /** All addresses of a name. */
  lookup?: (name: string) => Promise<LookupAddress[]>
}

export function createOutbound({
  allow,
  lookup = (name) => systemLookup(name, { all: true }),
}: OutboundDeps): Outbound {
  const allowed = allowedNetworks(allow)

  async function addressesOf(target: Target): Promise<LookupAddress[]> {
    const { host, family } = target
    const found = family === 0 ? await lookup(host) : [{ address: host, family }]
    if (found.length === 0) throw new Error('the name has no address')
    const refused = found.find(({ address }) => !mayConnect(address, target, allowed))
    if (refused !== undefined) throw new Error(`${refused.address} may not be connected to`)
    return found
  }

  return {
    faultOf(url) {
      try {
        parseTarget(url, allowed)
        return null
      } catch (error) {
        return (error as OutboundFault).message
      }
    },
    async send(url, request) {
      const target = parseTarget(url, allowed)
      const signal = AbortSignal.timeout(request.timeoutMs)
      try {
        const addresses = await before(signal, addressesOf(target))
        const answer = await connect(target, addresses, request, signal)
        return { status: answer.statusCode as number, headers: answer.headers, body: await read(answer, request) }
      } catch (error) {
        if (error instanceof OutboundFault) throw error
        throw new OutboundFault(signal.aborted ? 'timeout' : 'unreachable', error)
      }
    },
  }
}

/** A look-up cannot be ended, but it need not be waited for. */
function before<T>(signal: AbortSignal, pending: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    pending.then(resolve, reject)
  })
}

function connect(
  { url }: Target,
  addresses: readonly LookupAddress[],
  { method, headers, body }: OutboundRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  // Node asks this instead of the name server, so that nothing can change between check and connection. TLS and the Host
  // header go by the name all the same. A literal is not asked for, and was checked as it stands.
  const checked: LookupFunction = (_name, options, answer) => {
    const [first] = addresses as [LookupAddress]
    if (options.all) answer(null, [...addresses])
    else answer(null, first.address, first.family)
  }
  const overNetwork = url.protocol === 'https:' ? overHttps : overHttp
  return new Promise((resolve, reject) => {
    const sent = overNetwork(url, {
      method,
      headers: { 'Accept-Encoding': 'identity', 'User-Agent': 'Latchkey', ...headers },
      // A connection of its own: one kept from before would not have been checked now.
      agent: false,
      lookup: checked,
      signal,
    })
    sent.once('response', resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

async function read(answer: IncomingMessage, { maxBytes }: OutboundRequest): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop early closes the connection.
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw new OutboundFault('too_large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
