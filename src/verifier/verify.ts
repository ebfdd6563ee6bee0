import type { AccessToken, Expectations } from './access.ts'
import { verifyToken } from './core.ts'
import type { ListFreshness, StatusRules } from './held-list.ts'
import { type RemoteKeys, remoteKeys } from './keys.ts'
import { createKnownTokens } from './known.ts'
import { createRemote } from './remote.ts'
import { createReplayGuard } from './replay.ts'
import { type RemoteStatus, remoteStatus } from './status.ts'
import { type Following, followStream, openQuietly, openWith } from './stream.ts'
import { readKeysEvent, readStatusEvent } from './tightening.ts'
import { checkUrlOption } from './url-option.ts'

export interface RevocationOptions {
  /**
   * How changes are learnt. `poll`: each status list is fetched again once its `ttl` is over. `stream`: the issuer also
   * tells of each change as it happens, so that a revoked token is refused within a second; while the stream is away it
   * is as with `poll`. Default `stream`.
   */
  mode?: 'stream' | 'poll'
  /** What becomes of a token whose status cannot be told: `closed` refuses, `open` accepts it. Default `closed`. */
  failure?: 'closed' | 'open'
  /**
   * How old the status list may be that tokens are accepted by, in seconds: so long the last good one stands in while the
   * issuer cannot be reached. It counts from the fetch, and from no later than the list's `ttl` after it was signed: an
   * issuer that is itself cut off from its store signs nothing new. Default 300; 0 or more.
   */
  maxStaleSeconds?: number
}

export interface VerifierOptions {
  /** The only issuer trusted, exactly as in the `iss` claim: `{PUBLIC_URL}/{ns}`. https, or http on loopback. */
  issuer: string
  /** This API, as in the `aud` claim: the audience of the namespace. */
  audience: string
  /** Token Status List checks; `false` turns them off, so that a revoked token is accepted until its `exp`. */
  revocation?: RevocationOptions | false
  /** Refuse tokens without a `status` claim with `missing_claim`. Default false. */
  requireStatus?: boolean
  /** Used for all requests. Default the global `fetch`. */
  fetch?: typeof fetch
  /** The clock, in ms since 1970. Default `Date.now`. */
  now?: () => number
}

interface Rules extends StatusRules {
  mode: 'stream' | 'poll'
}

/** How well a verifier knows what has been revoked, for health checks and metrics. */
export interface Freshness {
  /** As asked for in `revocation`; `off` where it is `false`. */
  mode: 'stream' | 'poll' | 'off'
  /** Whether changes come by the stream at this moment; each list is fetched again after its `ttl` either way. */
  connected: boolean
  /** The status lists that tokens have named. */
  lists: readonly ListFreshness[]
}

export interface Verifier {
  readonly issuer: string
  readonly audience: string
  /**
   * Verifies an access token offline: the network is used only to fetch keys and status lists that are not at hand.
   *
   * @throws VerifyError and nothing else; its `code` tells why
   */
  verify(token: string, expect?: Expectations): Promise<AccessToken>
  /** No I/O, and no effect. */
  freshness(): Freshness
  /** Ends running requests. Nothing keeps the process alive without it. */
  close(): void
}

/**
 * Creates the verifier of one API: it accepts the access tokens (RFC 9068) of one issuer for one audience.
 *
 * Signing keys come from `{issuer}/.well-known/jwks.json`, statuses from the list that a token names below
 * `{issuer}/status/` (draft-ietf-oauth-status-list-21). Keep one verifier for the life of the process: it caches both.
 *
 * @throws TypeError where an option is wrong
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, audience, revocation = {}, requireStatus = false, now = Date.now } = options
  checkUrlOption('issuer', issuer)
  if (typeof audience !== 'string' || audience === '') throw new TypeError('audience must be a non-empty string')
  const rules = revocation === false ? null : readRules(revocation)
  const remote = createRemote(options.fetch ?? ((...request) => fetch(...request)))
  const keys = remoteKeys(`${issuer}/.well-known/jwks.json`, remote, now)
  const status = rules === null ? null : remoteStatus({ issuer, remote, keys, now, random: Math.random }, rules)
  const following =
    status === null || rules?.mode === 'poll' ? null : follow(`${issuer}/revocations`, status, keys, options.fetch)
  const replay = createReplayGuard(now)
  const known = createKnownTokens()
  const trust = { issuer, audience, keys, status, requireStatus, replay, known, now }
  return {
    issuer,
    audience,
    verify(token, expect) {
      following?.start()
      return verifyToken(trust, token, expect)
    },
    freshness: () => ({
      mode: rules?.mode ?? 'off',
      connected: following?.connected ?? false,
      lists: status?.freshness() ?? [],
    }),
    close() {
      following?.close()
      remote.close()
    },
  }
}

function follow(url: string, status: RemoteStatus, keys: RemoteKeys, fetchImpl: typeof fetch | undefined): Following {
  const open = fetchImpl === undefined ? openQuietly : openWith(fetchImpl)
  return followStream(url, { open, random: Math.random }, ({ event, data, id }) => {
    const told = event === 'status' ? readStatusEvent(data) : null
    if (told !== null) status.tell(told)
    else if (event === 'reset') status.doubt()
    else if (event === 'keys') keys.drop(readKeysEvent(data))
    if (id !== '') status.follow(id)
  })
}

function readRules({ mode = 'stream', failure = 'closed', maxStaleSeconds = 300 }: RevocationOptions): Rules {
  if (mode !== 'stream' && mode !== 'poll') throw new TypeError('revocation.mode must be stream or poll')
  if (failure !== 'closed' && failure !== 'open') throw new TypeError('revocation.failure must be closed or open')
  if (!Number.isFinite(maxStaleSeconds) || maxStaleSeconds < 0) {
    throw new TypeError('revocation.maxStaleSeconds must be a number of seconds, 0 or more')
  }
  return { mode, failure, maxStaleSeconds }
}
