/** `Idempotency-Key` on what must happen once although it is asked for twice. */
import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { canonicalJson } from '../events/rules.ts'
import type { Once } from '../store/act.ts'
import type { Principal } from './principal.ts'
import type { RequestFacts } from './request.ts'
import type { Route } from './route.ts'

export const MAX_KEY = 255

/** @param path as it was called */
export function onceOf(
  route: Route,
  caller: Principal,
  call: { request: RequestFacts; path: string; body: unknown; now: number },
): Once | null {
  const key = readKey(call.request)
  if (route.idempotent === undefined || key === null) return null
  const { type, id } = caller
  return {
    id: digest([type, id, route.method, call.path, key]),
    fingerprint: digest(call.body ?? null),
    oneTime: route.idempotent.oneTime,
    now: call.now,
  }
}

/** Bare, or quoted as a structured field has it. */
function readKey(request: RequestFacts): string | null {
  const sent = request.headers('idempotency-key')
  if (sent.length === 0) return null
  const key = sent[0]?.replace(/^"(.*)"$/, '$1') ?? ''
  if (sent.length === 1 && new RegExp(`^[\\x20-\\x7e]{1,${MAX_KEY}}$`).test(key)) return key
  throw new Refusal('invalid_request', {
    detail: `Idempotency-Key must be given once, with 1 to ${MAX_KEY} printable ASCII characters.`,
  })
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url')
}

/**
 * Refuses a second call with one key while the first is under way here. Between instances nothing rests on it: the
 * record of the call that commits first stops the other.
 */
export function createFlights(): <T>(once: Once, work: () => Promise<T>) => Promise<T> {
  const flying = new Set<string>()
  return async (once, work) => {
    if (flying.has(once.id)) throw new Refusal('idempotency_key_in_flight', { retryAfterSeconds: 1 })
    flying.add(once.id)
    try {
      return await work()
    } finally {
      flying.delete(once.id)
    }
  }
}
