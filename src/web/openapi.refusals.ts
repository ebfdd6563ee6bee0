/** What a route may refuse with, as the document shows it: a sentence and a true example for each code. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { type Code, Refusal, SENTENCES } from '../errors.ts'
import { oauthError, problem, STATUS } from './problems.ts'
import type { Route } from './route.ts'

const problemShape = z
  .object({
    type: z.string().meta({ description: 'Where the code is explained.', format: 'uri' }),
    title: z.string().meta({ description: 'The status in words.' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong and what to do next.' }),
    code: z.string().meta({ description: 'Stable; for programs.' }),
    requestId: z.string().meta({ description: 'Quote it to support.' }),
    limit: z.enum(['key', 'account', 'address']).optional().meta({ description: 'Which limit was met, with 429.' }),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'What to mend, by RFC 6901 pointer into the body, or `?name`.' }),
  })
  .meta({ id: 'Problem' })
const oauthErrorShape = z
  .object({
    error: z.string().meta({ description: 'As RFC 6749 §5.2 has it.' }),
    error_description: z.string(),
    code: z.string().optional().meta({ description: 'Finer than `error`, where that is coarse.' }),
    limit: z.string().optional(),
  })
  .meta({ id: 'OAuthError' })

/** Every route can answer these, whatever it declares. */
const ALWAYS: readonly Code[] = ['internal']
const WITH_BODY: readonly Code[] = ['payload_too_large', 'unsupported_media_type']
const GUARDED: readonly Code[] = ['unauthenticated', 'invalid_token', 'forbidden', 'not_found', 'store_unavailable']
const IDEMPOTENT: readonly Code[] = ['idempotency_key_reused', 'idempotency_key_in_flight', 'invalid_request']
const WAIT: readonly Code[] = ['rate_limited', 'store_unavailable', 'idempotency_key_in_flight']

export function refusals(route: Route, publicUrl: string): NonNullable<RouteConfig['responses']> {
  const codes = new Set<Code>([
    ...route.refusals,
    ...(route.body === undefined ? [] : WITH_BODY),
    ...(route.access === 'public' ? [] : GUARDED),
    ...(route.ifMatch === true ? (['precondition_required'] as const) : []),
    ...(route.ifMatch ? (['precondition_failed'] as const) : []),
    ...(route.idempotent === undefined ? [] : IDEMPOTENT),
    ...ALWAYS,
  ])
  const oauth = route.errors === 'oauth'
  const byStatus = new Map<number, Code[]>()
  for (const code of codes) {
    const status = oauth ? oauthError(new Refusal(code)).status : STATUS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: sentences(list),
        ...(list.some((code) => WAIT.includes(code)) ? { headers: { 'Retry-After': RETRY_AFTER } } : {}),
        content: oauth
          ? { 'application/json': { schema: oauthErrorShape, ...examples(list, oauthExample) } }
          : { 'application/problem+json': { schema: problemShape, ...examples(list, problemExample(publicUrl)) } },
      },
    ]),
  )
}

const RETRY_AFTER = { description: 'Seconds to wait.', schema: { type: 'integer' as const } }

function sentences(codes: readonly Code[]): string {
  const said = codes.map((code) => `\`${code}\`: ${SENTENCES[code]}`)
  return said.length === 1 ? (said[0] as string) : said.map((each) => `- ${each}`).join('\n')
}

function examples(codes: readonly Code[], of: (code: Code) => unknown): object {
  const [only] = codes
  if (codes.length === 1 && only !== undefined) return { example: of(only) }
  return { examples: Object.fromEntries(codes.map((code) => [code, { summary: code, value: of(code) }])) }
}

function problemExample(publicUrl: string): (code: Code) => unknown {
  return (code) => JSON.parse(problem(new Refusal(code), 'req_Zk3vN8qT1xYb5RwC', publicUrl).body)
}

function oauthExample(code: Code): unknown {
  return JSON.parse(oauthError(new Refusal(code)).body)
}
