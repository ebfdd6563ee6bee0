/** A namespace's signing key. The private half is sealed under a master key. */
export interface SigningKey {
  /** `{namespace}.{generation}` */
  id: string
  account: ''
  namespace: string
  /** Counts up from 1 within the namespace. */
  generation: number
  /** RFC 7638 thumbprint. */
  kid: string
  alg: SigningAlg
  publicJwk: PublicJwk
  sealed: SealedBox
  publishedAt: number
  activatesAt: number
  /** From this instant on the key neither signs nor is published; null: its successor decides. */
  retiresAt: number | null
}

export const SIGNING_ALGS = ['ES256', 'EdDSA', 'RS256'] as const
export type SigningAlg = (typeof SIGNING_ALGS)[number]

/** Public members only (RFC 7517 §4, RFC 7518 §6). */
export interface PublicJwk {
  kty: string
  use: 'sig'
  alg: string
  kid: string
  [member: string]: string
}

/** AES-256-GCM under a master key; the AAD names kid, alg and namespace, so that a box cannot stand in for another. */
export interface SealedBox {
  masterKey: string
  iv: string
  tag: string
  ciphertext: string
}

/** A key signs for this long before its successor takes over. */
export const ROTATE_EVERY_MS = 90 * 86_400_000
/** Kept beyond the last token's life, for clocks that differ. */
const SKEW_MS = 60_000

export type SigningKeyState = 'next' | 'current' | 'previous' | 'retired'

export interface RotationPolicy {
  tokenTtlSeconds: number
  jwksMaxAgeSeconds: number
}

/**
 * The one that signs: of those that have come into force, the latest.
 *
 * @param ordered all of one namespace, by generation
 */
export function currentKey<K extends Pick<SigningKey, 'activatesAt' | 'retiresAt'>>(
  ordered: readonly K[],
  now: number,
): K | undefined {
  let earliest: K | undefined
  for (let i = ordered.length - 1; i >= 0; i--) {
    const key = ordered[i] as K
    if (key.retiresAt !== null && key.retiresAt <= now) continue
    if (key.activatesAt <= now) return key
    earliest = key
  }
  // With a clock behind that of the instance that made the first key, that key still has to sign.
  return earliest
}

/** The state of each key of one namespace; they come ordered by generation, and are answered so. */
export function keyStates<K extends Pick<SigningKey, 'generation' | 'activatesAt' | 'retiresAt'>>(
  ordered: readonly K[],
  policy: RotationPolicy,
  now: number,
): { key: K; state: SigningKeyState }[] {
  const current = currentKey(ordered, now)
  return ordered.map((key, i) => {
    if (key.retiresAt !== null && key.retiresAt <= now) return { key, state: 'retired' }
    if (key === current) return { key, state: 'current' }
    // One that was overtaken before its time never signs.
    if (key.activatesAt > now)
      return { key, state: current !== undefined && key.generation < current.generation ? 'retired' : 'next' }
    const successor = ordered[i + 1]
    return {
      key,
      state: successor !== undefined && now >= publishedUntil(successor.activatesAt, policy) ? 'retired' : 'previous',
    }
  })
}

/** Until when a key stays published whose successor took over at `supersededAt`: all it signed must stay verifiable. */
export function publishedUntil(supersededAt: number, policy: RotationPolicy): number {
  return supersededAt + (Math.max(policy.tokenTtlSeconds, 300) + policy.jwksMaxAgeSeconds) * 1000 + SKEW_MS
}

/** Keys that were taken away before their time, and that somebody who has cached them may still verify with. */
export function takenAway<K extends Pick<SigningKey, 'retiresAt'>>(
  keys: readonly K[],
  policy: RotationPolicy,
  now: number,
): K[] {
  return keys.filter(
    ({ retiresAt }) => retiresAt !== null && retiresAt <= now && now < publishedUntil(retiresAt, policy),
  )
}

/**
 * The key that ought to be made now, or null: the first one signs at once, for nobody can have cached anything; every
 * later one is published a long time before it may sign.
 */
export function dueKey(
  keys: readonly Pick<SigningKey, 'generation' | 'activatesAt' | 'retiresAt' | 'alg'>[],
  policy: RotationPolicy & { signingAlg: SigningAlg },
  now: number,
): { generation: number; activatesAt: number } | null {
  const generation = 1 + Math.max(0, ...keys.map((k) => k.generation))
  const states = keyStates(keys, policy, now)
  const current = states.find((s) => s.state === 'current')?.key
  if (current === undefined) return { generation, activatesAt: now }
  const soon = now + 2 * policy.jwksMaxAgeSeconds * 1000
  // The catalog names another algorithm: what comes next is made anew, and takes over as soon as it may.
  if (states.at(-1)?.key.alg !== policy.signingAlg) return { generation, activatesAt: soon }
  if (states.some((s) => s.state === 'next')) return null
  return {
    generation,
    activatesAt: Math.max(current.activatesAt + ROTATE_EVERY_MS, soon),
  }
}
