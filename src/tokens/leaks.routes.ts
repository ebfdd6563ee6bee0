/** `POST /manage/leaks`: whoever finds a key in public says so here. */
import { z } from 'zod'
import { type Route, route } from '../web/route.ts'
import { isSigned } from './leaks.rules.ts'
import type { Leaks } from './leaks.ts'

const MAX_FINDS = 100
const MAX_BYTES = 1024 * 1024

const find = z.looseObject({
  token: z.string().min(1).max(1000).meta({ description: 'The key that was found.', format: 'password' }),
  type: z.string().max(200).default('latchkey_api_key'),
  url: z.string().max(2000).nullable().default(null).meta({ description: 'Where it was found.' }),
  source: z.string().max(200).nullable().default(null).meta({ description: 'What kind of place that is.' }),
})
const feedback = z.object({
  token_hash: z.string().meta({ description: 'SHA-256 of the token, base64.' }),
  token_type: z.string(),
  label: z.enum(['true_positive', 'false_positive']),
})

/** @param signingKeys PEM by identifier: whose signed reports are answered with what became of them */
export function leakRoutes({
  leaks,
  signingKeys,
}: {
  leaks: Leaks
  signingKeys: Readonly<Record<string, string>>
}): Route[] {
  return [
    route({
      method: 'post',
      path: '/manage/leaks',
      operationId: 'reportLeaks',
      tag: 'keys',
      summary: 'Report keys that were found in public',
      description:
        'In the shape of GitHub’s secret scanning. A secret key that is live is revoked within seconds and its owner told; a publishable one is reported. ' +
        'The answer is the same whatever was found. Reports signed with a key of the catalog (`Github-Public-Key-Identifier`, `Github-Public-Key-Signature`) are answered with feedback.',
      errors: 'problem',
      access: 'public',
      body: { kinds: ['json'], schema: z.array(find).min(1).max(MAX_FINDS), maxBytes: MAX_BYTES },
      answers: {
        200: {
          description: 'To a signed report: which of them were live keys.',
          content: { 'application/json': z.array(feedback) },
        },
        202: { description: 'Taken.', content: { 'application/json': z.strictObject({}) } },
      },
      refusals: ['invalid_request', 'rate_limited'],
      async handle({ body, rawBody, request }) {
        const keyId = request.header('github-public-key-identifier')
        const signature = request.header('github-public-key-signature')
        if (isSigned({ body: rawBody, keyId, signature }, signingKeys))
          return { status: 200, body: await leaks.judge(body, request.id) }
        await leaks.note(body, request)
        return { status: 202, body: {} }
      },
    }),
  ]
}
