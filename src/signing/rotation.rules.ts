/** Rotation by command: which key takes over, and when it may. */
import { keyStates, publishedUntil, type RotationPolicy, type SigningKey } from './rules.ts'

export type Rotation<K> =
  /** The next key is not known to everybody yet. */
  | { ok: false; retryAfterSeconds: number }
  /** The next key signs from now on. */
  | { ok: true; activate: K }
  /** A key of that generation signs at once, and the others are gone. */
  | { ok: true; generation: number; retire: K[] }

/** How late another instance's clock may be: what is meant to hold at once is dated back by as much. */
export const LATE_CLOCKS_MS = 60_000

/** Instances read the keys twice a second: by then every one of them publishes a key that one of them has made. */
const SPREAD_MS = 2_000

/**
 * The next key may take over once everybody who caches the published keys must have fetched them since it was among
 * them, whichever instance they ask. In an emergency nothing is waited for, and nothing signed before can be verified any
 * more.
 *
 * @param alone whether no other instance publishes the keys
 */
export function rotationOf<K extends SigningKey>(
  keys: readonly K[],
  policy: RotationPolicy,
  now: number,
  { emergency, alone }: { emergency: boolean; alone: boolean },
): Rotation<K> {
  const states = keyStates(keys, policy, now)
  if (emergency) {
    const generation = 1 + Math.max(0, ...keys.map((key) => key.generation))
    return { ok: true, generation, retire: states.filter(({ state }) => state !== 'retired').map(({ key }) => key) }
  }
  const next = states.findLast(({ state }) => state === 'next')?.key
  const shownByAll = (next?.publishedAt ?? now) + (alone ? 0 : SPREAD_MS)
  const wait = shownByAll + policy.jwksMaxAgeSeconds * 1000 - now
  if (next === undefined || wait > 0) return { ok: false, retryAfterSeconds: Math.max(1, Math.ceil(wait / 1000)) }
  return { ok: true, activate: next }
}

/** As the management API shows it; times RFC 3339, null where open. */
export interface ShownSigningKey {
  kid: string
  alg: string
  namespace: string
  state: 'next' | 'current' | 'previous' | 'retired'
  publishedAt: string
  activatesAt: string
  /** When it is published no more. */
  retiresAt: string | null
}

export function showSigningKeys<K extends SigningKey>(
  keys: readonly K[],
  policy: RotationPolicy,
  now: number,
): ShownSigningKey[] {
  const states = keyStates(keys, policy, now)
  return states.map(({ key, state }, i) => {
    const successor = states.slice(i + 1).find((one) => one.state === 'current' || one.state === 'previous')?.key
    const until = key.retiresAt ?? (successor === undefined ? null : publishedUntil(successor.activatesAt, policy))
    return {
      kid: key.kid,
      alg: key.alg,
      namespace: key.namespace,
      state,
      publishedAt: new Date(key.publishedAt).toISOString(),
      activatesAt: new Date(key.activatesAt).toISOString(),
      retiresAt: until === null ? null : new Date(until).toISOString(),
    }
  })
}
