import { VerifyError } from './errors.ts'
import { importKeys, type KeySource, type VerificationKey } from './jwks.ts'
import { createRefresh, PAUSE_MS } from './refresh.ts'
import type { Remote } from './remote.ts'
import { isWithin, NEVER, type Span } from './span.ts'

const MAX_BYTES = 256 * 1024
const DEFAULT_MAX_AGE_SECONDS = 600
const MIN_MAX_AGE_SECONDS = 30
const MAX_MAX_AGE_SECONDS = 3600
/** An unknown `kid` asks the issuer again at most this often: anybody can make one up. */
const UNKNOWN_KID_PAUSE_MS = 30_000

/** Keys that the issuer says are gone are remembered, so many of them: a cache on the way may serve them still. */
const MAX_DROPPED = 1000

export interface RemoteKeys extends KeySource {
  /** The issuer's stream tells that keys are gone: nothing signed with them is taken any more. */
  drop(kids: readonly string[]): void
}

/**
 * The JWK Set at `url`, fetched when first needed, again after its `max-age` (30 s to 1 h, 10 min where there is none)
 * and for an unknown `kid`. The last good set stays in use for as long as the issuer cannot be reached.
 */
export function remoteKeys(url: string, remote: Remote, now: () => number): RemoteKeys {
  const dropped = new Set<string>()
  let held: ReadonlyMap<string, VerificationKey> | null = null
  let fresh: Span = NEVER
  let unknownKidAt = 0

  const refresh = createRefresh(
    async () => {
      const startedAt = now()
      const accept = 'application/jwk-set+json, application/json;q=0.9'
      const answer = await remote.get(url, { accept, maxBytes: MAX_BYTES })
      if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`)
      held = await importKeys(JSON.parse(answer.text))
      fresh = { from: startedAt, until: startedAt + maxAgeSeconds(answer.headers.get('cache-control')) * 1000 }
    },
    now,
    () => (held === null ? PAUSE_MS.withNothing : PAUSE_MS.withLastGood),
  )

  const unavailable = () =>
    new VerifyError('keys_unavailable', { cause: refresh.failure, retryAfterSeconds: refresh.waitSeconds })

  return {
    drop(kids) {
      const news = kids.filter((kid) => !dropped.has(kid)).slice(0, MAX_DROPPED)
      // Told again at each connection: the set is fetched anew only for what is new.
      if (news.length === 0) return
      for (const kid of news) dropped.add(kid)
      while (dropped.size > MAX_DROPPED) dropped.delete(dropped.values().next().value as string)
      fresh = NEVER
    },
    async find(kid) {
      if (dropped.has(kid)) return null
      const fetched = (held === null || !isWithin(fresh, now())) && (await refresh.run())
      if (held === null) throw unavailable()
      const key = held.get(kid)
      if (key !== undefined) return key
      if (fetched) return null
      if (refresh.failure === null && !refresh.running) {
        if (now() < unknownKidAt) return null
        unknownKidAt = now() + UNKNOWN_KID_PAUSE_MS
      }
      if (!(await refresh.run())) throw unavailable()
      return held.get(kid) ?? null
    },
  }
}

function maxAgeSeconds(cacheControl: string | null): number {
  const said = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl ?? '')
  const seconds = said === null ? DEFAULT_MAX_AGE_SECONDS : Number(said[1])
  return Math.min(Math.max(seconds, MIN_MAX_AGE_SECONDS), MAX_MAX_AGE_SECONDS)
}
