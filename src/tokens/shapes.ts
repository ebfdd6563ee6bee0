/** What the issuer routes take and answer, declared once for both doors to a token. */
import { z } from 'zod'
import { type Code, Refusal } from '../errors.ts'
import { limitHeaders } from '../usage/refusals.rules.ts'
import type { RequestFacts } from '../web/request.ts'
import type { ProofPresented } from './binding.ts'
import type { Issued } from './exchange.ts'

export const scope = z
  .string()
  .max(4000)
  .meta({ description: 'Space-separated scopes to narrow the token to. None: all that the key has.' })
export const subAccount = z.string().min(1).max(64).meta({ description: 'Sub-account to narrow the token to.' })
export const ttlSeconds = z
  .union(
    [
      z.number().refine(Number.isInteger),
      z
        .string()
        .regex(/^\d{1,9}$/)
        .transform(Number),
    ],
    { error: 'must be a positive whole number of seconds' },
  )
  .refine((n) => n > 0, { error: 'must be a positive whole number of seconds' })
  .meta({ description: 'A shorter life for this token, in seconds.', type: 'integer', minimum: 1 })

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** RFC 6749 §3.3: order and repetition mean nothing; an empty parameter is as good as none (§3.1). */
export function scopeParameter(text: string | undefined, malformed: Code): string[] | undefined {
  if (text === undefined || text === '') return undefined
  const scopes = [...new Set(text.split(' ').filter(Boolean))]
  if (scopes.some((s) => !SCOPE.test(s))) {
    throw new Refusal(malformed, {
      errors: [{ pointer: '/scope', detail: 'must be scopes separated by single spaces, of printable characters.' }],
    })
  }
  return scopes.length === 0 ? undefined : scopes
}

const detail = z.object({ type: z.literal('sub_account'), identifier: z.string(), actions: z.array(z.string()) })

export const tokenResponse = z
  .object({
    access_token: z.string(),
    token_type: z.enum(['Bearer', 'DPoP']),
    expires_in: z.int().meta({ description: 'Seconds.' }),
    scope: z.string().meta({ description: 'Scopes for the whole account; empty if none.' }),
    authorization_details: z
      .array(detail)
      .optional()
      .meta({ description: 'Scopes on single sub-accounts (RFC 9396).' }),
    issued_token_type: z.string().optional().meta({ description: 'With token exchange (RFC 8693).' }),
  })
  .meta({ id: 'TokenResponse' })

export function tokenBody(issued: Issued): z.output<typeof tokenResponse> {
  return {
    access_token: issued.token,
    token_type: issued.type,
    expires_in: issued.expiresIn,
    scope: issued.scope,
    ...(issued.authorizationDetails.length === 0 ? {} : { authorization_details: issued.authorizationDetails }),
  }
}

export const NO_STORE = { 'Cache-Control': 'no-store', Vary: 'Accept' }

export function issuedHeaders({ limits, nonce }: Issued): Record<string, string> {
  return { ...NO_STORE, ...limitHeaders(limits), ...(nonce === null ? {} : { 'DPoP-Nonce': nonce }) }
}

/** @param path of the route: a proof is made for its address, whatever Host says */
export function proofOf(request: RequestFacts, publicUrl: string, path: string): ProofPresented {
  return { proofs: request.headers('dpop'), method: 'POST', url: publicUrl + path }
}
