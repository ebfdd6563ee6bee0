/** What came in, against what the route declared. */
import type { z } from 'zod'
import { type FieldFault, Refusal, sayable } from '../errors.ts'
import type { Route } from './route.ts'

/** Longest any parameter of a path may be. */
const MAX_PARAMETER = 256

export function parseInput(
  route: Route,
  query: Record<string, string | string[] | undefined>,
  body: unknown,
): { query: unknown; body: unknown } {
  return { query: parseQuery(route, query), body: parseBody(route, body) }
}

/** An id of the wrong form names nothing: 404, like any other that is not there. */
export function parseParams(route: Route, params: Record<string, string>): unknown {
  if (route.params === undefined) return {}
  if (Object.values(params).some((value) => value.length > MAX_PARAMETER || value.includes('\0')))
    throw new Refusal('not_found')
  const parsed = route.params.safeParse(params)
  if (!parsed.success) throw new Refusal('not_found')
  return parsed.data
}

function parseQuery(route: Route, query: Record<string, string | string[] | undefined>): unknown {
  if (route.query === undefined) return {}
  const parsed = route.query.safeParse({ ...query })
  if (!parsed.success) throw invalid(parsed.error, (path) => `?${path.map(nameOf).join('.')}`)
  return parsed.data
}

function parseBody(route: Route, body: unknown): unknown {
  if (route.body === undefined) return undefined
  if (body === null && route.body.optional) return null
  const fault = unkeepable(body)
  if (fault !== null)
    throw new Refusal('invalid_request', { errors: [{ pointer: pointer(fault.path), detail: fault.detail }] })
  const parsed = route.body.schema.safeParse(body ?? {})
  if (!parsed.success) throw invalid(parsed.error, pointer)
  return parsed.data
}

const ENDLESS = 'is a number larger than can be kept (RFC 8259 §6); send a smaller one, or text.'

const NO_NAME = 'is a name that JavaScript keeps for itself; choose another.'

/**
 * What could not be said again as it came: 1e400 or its like, which is read as infinity, and a member that objects lose
 * when they are copied. The body's depth is bounded.
 */
function unkeepable(value: unknown): { path: PropertyKey[]; detail: string } | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : { path: [], detail: ENDLESS }
  if (typeof value !== 'object' || value === null) return null
  const list = Array.isArray(value)
  for (const [name, member] of Object.entries(value)) {
    const fault = name === '__proto__' ? { path: [], detail: NO_NAME } : unkeepable(member)
    if (fault !== null) return { ...fault, path: [list ? Number(name) : name, ...fault.path] }
  }
  return null
}

/** RFC 6901. */
function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${nameOf(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function nameOf(part: PropertyKey): string {
  return typeof part === 'number' ? String(part) : sayable(String(part))
}

/** One thing of many in a body, read by itself, so that one which is malformed refuses no other. */
export function parseOne<T>(schema: z.ZodType<T>, value: unknown): T | Refusal {
  const parsed = schema.safeParse(value)
  return parsed.success ? parsed.data : invalid(parsed.error, pointer)
}

function invalid(error: z.ZodError, where: (path: readonly PropertyKey[]) => string): Refusal {
  const errors: FieldFault[] = error.issues.slice(0, 20).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ pointer: where(issue.path), detail: issue.message }]
    return issue.keys.slice(0, 10).map((key) => ({
      pointer: where([...issue.path, key]),
      detail: 'is not a member of this request; leave it out.',
    }))
  })
  return new Refusal('invalid_request', { errors })
}
