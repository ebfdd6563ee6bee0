import { z } from 'zod'
import { made } from '../web/etag.ts'
import { accountParams } from '../web/params.ts'
import { type Route, route } from '../web/route.ts'
import { ACCOUNT_REFUSALS } from './admission.rules.ts'
import { granterOf } from './asker.ts'
import { clientWish } from './client.shape.ts'
import type { KeyWish } from './create.rules.ts'
import { createKey, createSharedKey, type KeyDeps } from './create.ts'
import { KEYS, keyShape } from './shape.ts'
import { WISH_REFUSALS, wishMembers } from './wish.shape.ts'

const createBody = z
  .strictObject({
    name: wishMembers.name,
    namespace: z.string().max(16),
    grants: wishMembers.grants,
    kind: z.enum(['secret', 'publishable']).default('secret'),
    description: wishMembers.description.default(''),
    holderId: wishMembers.holderId.default(null),
    allowedIps: wishMembers.allowedIps.default([]),
    allowedOrigins: wishMembers.allowedOrigins.default([]),
    expiresAt: wishMembers.expiresAt.default(null),
    customData: wishMembers.customData.default({}),
    ...clientWish,
    deliver: z.enum(['answer', 'share']).default('answer').meta({
      description: 'share: the answer has a one-time link instead, and the secret is made when it is opened.',
    }),
    confirm: z
      .boolean()
      .default(false)
      .meta({ description: 'Make the key although its holder is flagged or in onboarding.' }),
  })
  .meta({ id: 'CreateKey' })

export const createdKey = z
  .object({
    key: keyShape,
    secret: z
      .string()
      .nullable()
      .meta({ description: 'The API key. Shown in this answer and never again; null for private_key_jwt.' }),
  })
  .meta({ id: 'CreatedKey' })

const sharedKey = z
  .object({
    key: keyShape,
    shareUrl: z
      .string()
      .nullable()
      .meta({ format: 'uri', description: 'Opens once, within seven days. Shown in this answer and never again.' }),
  })
  .meta({ id: 'SharedKey' })

export function keyCreateRoutes(deps: KeyDeps): Route[] {
  return [
    route({
      tag: 'keys',
      errors: 'problem',
      method: 'post',
      path: KEYS,
      operationId: 'createKey',
      summary: 'Create a key',
      description:
        'The answer holds the secret once; a key that authenticates with its own key pair has none. Nobody grants more than they have: scopes beyond the plan are refused.',
      access: 'keys.create',
      params: accountParams,
      body: {
        kinds: ['json'],
        schema: createBody as unknown as z.ZodType<KeyWish & { deliver: 'answer' | 'share' }>,
        shown: { json: createBody },
      },
      answers: {
        201: {
          description: 'The key, and its secret.',
          content: { 'application/json': z.union([createdKey, sharedKey]) },
        },
      },
      refusals: REFUSALS,
      idempotent: { oneTime: ['secret', 'shareUrl'] },
      async handle(input) {
        const { account } = input.params
        const { deliver, ...wish } = input.body
        const create = deliver === 'share' ? createSharedKey : createKey
        const body = await create(deps, account, wish, granterOf(input))
        const at = `${KEYS.replace('{account}', account)}/${body.key.id}`
        const { status, headers } = made(body.key, at)
        return { status, headers: { ...headers, 'Cache-Control': 'no-store' }, body }
      },
    }),
  ]
}

const REFUSALS = ['invalid_request', ...ACCOUNT_REFUSALS, 'keys_full', ...WISH_REFUSALS] as const
