import { z } from 'zod'
import { askerOf } from '../web/asker.ts'
import { accountParams } from '../web/params.ts'
import { type Route, route } from '../web/route.ts'
import { type RevokeTokensDeps, revokeTokens } from './revoke-tokens.ts'

const selection = z
  .strictObject({
    keyId: z.string().max(64).optional().meta({ description: 'Of this key.' }),
    holderId: z.string().max(64).optional().meta({ description: 'Of keys for this holder.' }),
    namespace: z.string().max(16).optional().meta({ description: 'Of keys of this namespace.' }),
    scope: z.string().max(100).optional().meta({ description: 'Of keys that were granted this scope anywhere.' }),
    all: z.literal(true).optional().meta({ description: 'Of every key of the account; stands alone.' }),
  })
  .refine(({ all, ...rest }) => (all === true) !== Object.values(rest).some((value) => value !== undefined), {
    error: 'must name keyId, holderId, namespace or scope, or several of them; or all: true and nothing else',
  })
  .meta({ id: 'RevokeTokens' })
const answer = z
  .object({ keys: z.int().meta({ description: 'Keys whose tokens have ended.' }) })
  .meta({ id: 'RevokedTokens' })

export function revocationRoutes(deps: RevokeTokensDeps): Route[] {
  return [
    route({
      tag: 'keys',
      errors: 'problem',
      method: 'post',
      path: '/manage/accounts/{account}/revocations',
      operationId: 'revokeTokens',
      summary: 'End live tokens of many keys',
      description:
        'Ends every live token of the keys that have all that is named; the keys stay as they are, and their next tokens are good. `all` ends tokens of the management API too, the caller’s own among them. ' +
        'Answers once all have ended. After a failure ask again: those that ended before have ended, and asking twice does no harm.',
      access: 'tokens.revoke',
      params: accountParams,
      body: { kinds: ['json'], schema: selection },
      answers: { 200: { description: 'All have ended.', content: { 'application/json': answer } } },
      refusals: ['invalid_request', 'not_found', 'unknown_namespace', 'unknown_scope', 'conflict'],
      async handle(input) {
        const { account } = input.params
        return { status: 200, body: await revokeTokens(deps, account, input.body, askerOf(input, account)) }
      },
    }),
  ]
}
