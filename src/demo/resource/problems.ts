/** What this API refuses by itself, beside what the verifier's middleware refuses; in the same shape (RFC 9457). */
import { STATUS_CODES } from 'node:http'
import { z } from 'zod'

const STATUS = {
  invalid_request: 400,
  insufficient_scope: 403,
  wrong_account: 403,
  wrong_holder: 403,
  quota_reached: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  full: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  internal: 500,
} as const

export type ResourceCode = keyof typeof STATUS

export interface Fault {
  /** JSON pointer into the body (RFC 6901), or `?name` of a query parameter. */
  pointer: string
  detail: string
}

export class ResourceRefusal extends Error {
  override readonly name = 'ResourceRefusal'
  readonly code: ResourceCode
  readonly headers: Readonly<Record<string, string>>
  readonly faults: readonly Fault[] | undefined

  /** @param detail a public sentence that says what to do next */
  constructor(code: ResourceCode, detail: string, more: { headers?: Record<string, string>; faults?: Fault[] } = {}) {
    super(detail)
    this.code = code
    this.headers = more.headers ?? {}
    this.faults = more.faults
  }

  get status(): number {
    return STATUS[this.code]
  }

  get body(): object {
    const { status, code, message: detail, faults: errors } = this
    return { type: 'about:blank', title: STATUS_CODES[status], status, detail, code, ...(errors && { errors }) }
  }
}

/** @param challenge its start (RFC 6750 §3.1): scheme and realm, as the verifier's middleware says them */
export function insufficientScope(scope: string, challenge: string): ResourceRefusal {
  const detail = `The access token does not allow this: it needs the scope ${scope}, for the account or a sub-account.`
  const error = `error="insufficient_scope", error_description="${detail}", scope="${scope}"`
  return new ResourceRefusal('insufficient_scope', detail, {
    headers: { 'WWW-Authenticate': `${challenge}, ${error}` },
  })
}

export function notFound(): ResourceRefusal {
  return new ResourceRefusal('not_found', 'There is no such thing here. Check the path and the id.')
}

export function full(what: string, most: number): ResourceRefusal {
  return new ResourceRefusal('full', `This demo keeps at most ${most} ${what} per account. Delete some first.`)
}

export const problemShape = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong and what to do next.' }),
    code: z.string().meta({ description: 'Stable; for programs.' }),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'ResourceProblem' })
