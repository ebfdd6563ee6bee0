/** Where the public keys of a client come from: its record, or the address that it names. */
import type { KeyObject } from 'node:crypto'
import { Refusal } from '../errors.ts'
import type { Outbound, OutboundAnswer } from '../outbound/request.ts'
import { type ClientKey, candidates, clientKeys } from './jwks.rules.ts'
import type { ApiKey } from './rules.ts'

export interface ClientKeys {
  /**
   * Public keys of the client that could have signed with this `kid` and `alg`: none to a few, to be tried each with
   * `alg` as the only algorithm.
   *
   * @throws Refusal `client_keys_unavailable` where that cannot be told because the client's `jwksUri` fails
   */
  find(key: Pick<ApiKey, 'jwks' | 'jwksUri'>, kid: string | undefined, alg: string): Promise<KeyObject[]>
}

export interface ClientKeysDeps {
  outbound: Outbound
  now: () => number
}

const MAX_URIS = 1_000
const MAX_KEYS = 20
const REQUEST = {
  method: 'GET',
  headers: { Accept: 'application/jwk-set+json, application/json' },
  timeoutMs: 3_000,
  maxBytes: 64 * 1024,
} as const
const DEFAULT_MAX_AGE_SECONDS = 300
const MIN_MAX_AGE_SECONDS = 30
const MAX_MAX_AGE_SECONDS = 3_600
/** Between two requests for one set, whatever asks for it: anybody can make up a `kid`. */
const PAUSE_MS = 30_000
/** The same, where there is no set yet. */
const FIRST_PAUSE_MS = 5_000
/** How long the last good set is used while its address fails: who stops the address must not keep old keys alive. */
const MAX_STALE_MS = 86_400_000

interface Held {
  keys: readonly ClientKey[] | null
  fetchedAt: number
  /** From then on it is fetched anew. */
  staleAt: number
  askedAt: number
  /** Why the last request failed. */
  failure: unknown
  flight: Promise<void> | null
}

export function createClientKeys({ outbound, now }: ClientKeysDeps): ClientKeys {
  const held = new Map<string, Held>()

  function entryOf(uri: string): Held {
    const entry: Held = held.get(uri) ?? {
      keys: null,
      fetchedAt: 0,
      staleAt: 0,
      askedAt: Number.NEGATIVE_INFINITY,
      failure: null,
      flight: null,
    }
    // Last used stands last, so that the first is the one to let go.
    held.delete(uri)
    held.set(uri, entry)
    const [oldest] = held.keys()
    if (held.size > MAX_URIS && oldest !== undefined) held.delete(oldest)
    return entry
  }

  async function fetchInto(entry: Held, uri: string): Promise<void> {
    entry.askedAt = now()
    try {
      const answer = await outbound.send(uri, REQUEST)
      entry.keys = clientKeys(membersOf(answer))
      entry.fetchedAt = entry.askedAt
      entry.staleAt = entry.askedAt + maxAgeSeconds(answer.headers['cache-control']) * 1000
      entry.failure = null
    } catch (error) {
      entry.failure = error
    }
  }

  async function atUri(uri: string, kid: string | undefined): Promise<readonly ClientKey[]> {
    const entry = entryOf(uri)
    const isKnown = () => entry.keys !== null && (kid === undefined || entry.keys.some((key) => key.kid === kid))
    if (!isKnown() || now() >= entry.staleAt) {
      const pause = entry.keys === null ? FIRST_PAUSE_MS : PAUSE_MS
      if (entry.flight === null && now() >= entry.askedAt + pause) {
        entry.flight = fetchInto(entry, uri).finally(() => {
          entry.flight = null
        })
      }
      await entry.flight
    }
    if (entry.keys !== null && now() >= entry.fetchedAt + MAX_STALE_MS) entry.keys = null
    // What the client may have published since cannot be told from what it never had.
    if (entry.keys === null || (entry.failure !== null && !isKnown())) throw unavailable(entry.failure)
    return entry.keys
  }

  return {
    async find({ jwks, jwksUri }, kid, alg) {
      const keys = jwksUri === null ? clientKeys(jwks?.keys ?? []) : await atUri(jwksUri, kid)
      return candidates(keys, kid, alg)
    },
  }
}

function unavailable(cause: unknown): Refusal {
  return new Refusal('client_keys_unavailable', { retryAfterSeconds: FIRST_PAUSE_MS / 1000, cause })
}

/** @throws Error where the answer is no JWK Set (RFC 7517 §5) */
function membersOf({ status, headers, body }: OutboundAnswer): unknown[] {
  if (status !== 200) throw new Error(`answered ${status}`)
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/jwk-set+json' && type !== 'application/json') throw new Error('is not of type JSON')
  const set = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as { keys?: unknown } | null
  if (!Array.isArray(set?.keys)) throw new Error('is no JWK Set')
  if (set.keys.length > MAX_KEYS) throw new Error(`holds more than ${MAX_KEYS} keys`)
  return set.keys
}

function maxAgeSeconds(cacheControl: string | undefined): number {
  const said = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl ?? '')
  const seconds = said === null ? DEFAULT_MAX_AGE_SECONDS : Number(said[1])
  return Math.min(Math.max(seconds, MIN_MAX_AGE_SECONDS), MAX_MAX_AGE_SECONDS)
}
