/**
 * A key's secret gives way to a new one: for a while both are live, and never more than two. The old one ends by its
 * `expiresAt`, which only the rotation sets. Times are UTC ms.
 */
import { Refusal } from '../errors.ts'
import { type ApiKey, type KeyUse, keyStatus, type Secret } from './rules.ts'

/** Longest that two secrets stand side by side: 30 days. */
export const MAX_OVERLAP_SECONDS = 2_592_000
export const DEFAULT_OVERLAP_SECONDS = 86_400
/** The old secret counts as given up after so long without use, or after half the overlap where that is shorter. */
const QUIET_MS = 86_400_000

/** When the overlap of a key ends, for whoever sweeps. Its id is the key's. */
export interface RotationEnd {
  id: string
  account: string
  endsAt: number
}

export interface Rotation {
  old: Secret
  fresh: Secret
  endsAt: number
}

/** Oldest first. */
export function liveSecrets({ secrets }: Pick<ApiKey, 'secrets'>, now: number): Secret[] {
  return secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
}

/** Secrets whose overlap is over and that nobody has taken away yet. */
export function lapsedSecrets({ secrets }: Pick<ApiKey, 'secrets'>, now: number): Secret[] {
  return secrets.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now)
}

export function runningRotation(key: Pick<ApiKey, 'secrets' | 'revoked'>, now: number): Rotation | null {
  const [old, fresh] = liveSecrets(key, now)
  if (key.revoked !== null || fresh === undefined || old === undefined || old.expiresAt === null) return null
  return { old, fresh, endsAt: old.expiresAt }
}

/** Why no secret of the key can be made, whoever asks; null where one can. */
export function secretFault(key: ApiKey, now: number): Refusal | null {
  const status = keyStatus(key, now)
  if (status === 'revoked') return new Refusal('key_revoked')
  if (status === 'expired') return new Refusal('key_expired')
  return key.tokenEndpointAuthMethod === 'private_key_jwt' ? new Refusal('no_secret') : null
}

export interface RotationFacts {
  key: ApiKey
  overlapMs: number
  /** Id of the newest live secret when the request came in; null: there was none. */
  newestSeen: string | null
  /** Whether it is certain that this one was never used. */
  neverUsed: boolean
  now: number
}

/** What becomes of the secrets before the new one is put behind them. */
export interface Succession {
  keep: Secret[]
  ended: Secret[]
  /** When the kept one ends; null: none is kept. */
  endsAt: number | null
}

/**
 * Makes room for a new secret. While a rotation runs, its own secret gives way where it was certainly never used: that is
 * somebody who lost the answer and asks again, and the secret that works must not be ended for it.
 */
export function succession({ key, overlapMs, newestSeen, neverUsed, now }: RotationFacts): Succession | Refusal {
  const fault = secretFault(key, now)
  if (fault !== null) return fault
  const newest = liveSecrets(key, now).at(-1)
  // Somebody else has rotated since: their secret is on its way to where it is used.
  if ((newest?.id ?? null) !== newestSeen) return new Refusal('rotation_in_progress')
  const lapsed = lapsedSecrets(key, now)
  if (newest === undefined) return { keep: [], ended: lapsed, endsAt: null }
  const running = runningRotation(key, now)
  if (running !== null) {
    if (!neverUsed) return new Refusal('rotation_in_progress')
    return { keep: [running.old], ended: [...lapsed, running.fresh], endsAt: running.endsAt }
  }
  const endsAt = deadline(key, now + overlapMs)
  return endsAt <= now
    ? { keep: [], ended: [...lapsed, newest], endsAt: null }
    : { keep: [{ ...newest, expiresAt: endsAt }], ended: lapsed, endsAt }
}

/** A secret never outlives its key. */
export function deadline({ expiresAt }: Pick<ApiKey, 'expiresAt'>, wanted: number): number {
  return Math.min(wanted, expiresAt ?? Number.POSITIVE_INFINITY)
}

/** The secrets with another end of the overlap. */
export function withDeadline(secrets: readonly Secret[], { old }: Rotation, endsAt: number): Secret[] {
  return secrets.map((secret) => (secret.id === old.id ? { ...secret, expiresAt: endsAt } : secret))
}

/** The secrets of a key whose own end has moved: an overlap that would outlast it is cut. */
export function withinKey(key: ApiKey, now: number): Secret[] {
  const running = runningRotation(key, now)
  return running === null ? key.secrets : withDeadline(key.secrets, running, deadline(key, running.endsAt))
}

/** The secrets without some of them. */
export function without(secrets: readonly Secret[], gone: readonly Secret[]): Secret[] {
  return secrets.filter(({ id }) => !gone.some((one) => one.id === id))
}

/**
 * Whether the overlap can end without anybody noticing: the new secret was used, and the old one was not for 24 hours, or
 * for half the overlap where that is shorter. A hint: what is used once a week may still hold the old one.
 */
export function safeToEnd({ old, fresh, endsAt }: Rotation, use: Pick<KeyUse, 'secrets'> | null, now: number): boolean {
  if (use?.secrets[fresh.id] === undefined) return false
  const quiet = Math.min(QUIET_MS, (endsAt - fresh.createdAt) / 2)
  return now - Math.max(use.secrets[old.id] ?? 0, fresh.createdAt) >= quiet
}
