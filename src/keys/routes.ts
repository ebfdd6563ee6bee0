import { z } from 'zod'
import { HOLDER_TYPES } from '../holders/rules.ts'
import { askerOf } from '../web/asker.ts'
import { type Cursors, DEFAULT_PAGE, pageOf, pageQuery } from '../web/cursor.ts'
import { accountParams } from '../web/params.ts'
import { grantableScopes, ownHolder } from '../web/principal.ts'
import { prose } from '../web/prose.ts'
import { type Route, route } from '../web/route.ts'
import { clientWish } from './client.shape.ts'
import { countKeys } from './counts.ts'
import type { KeyWish } from './create.rules.ts'
import { createKey, createSharedKey, type KeyDeps } from './create.ts'
import { findKey, findKeys } from './find.ts'
import { revokeKey } from './revoke.ts'
import { KEY_STATUSES, REVOKE_REASONS } from './rules.ts'
import { KEYS, keyParams, keyShape, showKey } from './shape.ts'
import { wishMembers } from './wish.shape.ts'

const listQuery = z.strictObject({
  ...pageQuery,
  namespace: z.string().max(16).optional(),
  holderType: z.enum(HOLDER_TYPES).optional(),
  holderId: z.string().max(64).optional(),
  status: z.enum(KEY_STATUSES).optional(),
  q: z.string().min(1).max(100).optional().meta({
    description:
      'Part of the name, the description, the id, the last four characters, or the holder’s name or external id.',
  }),
})

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

const revokeBody = z
  .strictObject({ reason: z.enum(REVOKE_REASONS), note: prose(1000).nullable().default(null) })
  .meta({ id: 'RevokeKey' })

const statusCounts = {
  total: z.int(),
  active: z.int(),
  suspended: z.int(),
  expired: z.int(),
  revoked: z.int(),
}
const countsShape = z
  .object({
    ...statusCounts,
    namespaces: z.array(z.object({ namespace: z.string(), ...statusCounts })).meta({
      description: 'Those that there are keys of.',
    }),
  })
  .meta({ id: 'KeyCounts' })

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

export function keyRoutes(deps: KeyDeps & { cursors: Cursors }): Route[] {
  const shared = { tag: 'keys', errors: 'problem' } as const
  return [
    route({
      ...shared,
      method: 'get',
      path: KEYS,
      operationId: 'listKeys',
      summary: 'List keys',
      description: 'Where a filter matches few, a page may be short; follow nextCursor until it is null.',
      access: 'keys.list',
      params: accountParams,
      query: listQuery,
      answers: {
        200: {
          description: 'A page of keys, oldest first.',
          content: { 'application/json': pageOf(keyShape, 'KeyPage') },
        },
      },
      refusals: ['invalid_request'],
      async handle({ params: { account }, query: { limit = DEFAULT_PAGE, cursor, ...asked }, caller }) {
        const own = ownHolder(caller, account)
        if (own !== null && (asked.holderId ?? own) !== own)
          return { status: 200, body: { items: [], nextCursor: null } }
        const filters = own === null ? asked : { ...asked, holderId: own }
        const { status, q, ...indexed } = filters
        const list = `${KEYS} ${account} ${JSON.stringify(filters)}`
        const after = deps.cursors.read(list, cursor)
        const where = Object.fromEntries(Object.entries(indexed).filter(([, value]) => value !== undefined)) as Record<
          string,
          string
        >
        const now = deps.now()
        const query = { limit, where, ...(after === undefined ? {} : { after }) }
        const { found, next } = await findKeys(deps.store, account, query, { status, q, now })
        return {
          status: 200,
          body: {
            items: found.map(({ key, ...beside }) => showKey(key, { ...beside, now })),
            nextCursor: deps.cursors.write(list, next),
          },
        }
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: `${KEYS}/counts`,
      operationId: 'countKeys',
      summary: 'Count keys by namespace and status',
      access: 'keys.list',
      params: accountParams,
      answers: { 200: { description: 'How many there are.', content: { 'application/json': countsShape } } },
      refusals: [],
      async handle({ params: { account }, caller }) {
        const own = ownHolder(caller, account)
        const where = own === null ? {} : { holderId: own }
        return { status: 200, body: await countKeys(deps.store, account, where, deps.now()) }
      },
    }),
    route({
      ...shared,
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
      refusals: [
        'invalid_request',
        'exceeds_your_rights',
        'terms_not_accepted',
        'namespace_not_enabled',
        'account_suspended',
        'keys_full',
        'holder_flagged',
        'not_publishable',
        'unknown_scope',
        'unknown_namespace',
        'unknown_holder',
        'unknown_sub_account',
        'holder_type_not_allowed',
      ],
      idempotent: { oneTime: ['secret', 'shareUrl'] },
      async handle({ body: { deliver, ...wish }, ...input }) {
        const { account } = input.params
        const create = deliver === 'share' ? createSharedKey : createKey
        const answer = await create(deps, account, wish, {
          ...askerOf(input, account),
          bound: true,
          grantable: grantableScopes(input.caller, account),
        })
        return {
          status: 201,
          headers: {
            'Cache-Control': 'no-store',
            Location: `${KEYS.replace('{account}', account)}/${answer.key.id}`,
            ETag: `"${answer.key.version}"`,
          },
          body: answer,
        }
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: `${KEYS}/{key}`,
      operationId: 'describeKey',
      summary: 'Describe a key',
      access: 'keys.describe',
      params: keyParams,
      answers: { 200: { description: 'The key.', content: { 'application/json': keyShape } } },
      refusals: ['not_found'],
      async handle({ params: { account, key: id } }) {
        const { key, ...beside } = await findKey(deps.store, account, id)
        return {
          status: 200,
          headers: { ETag: `"${key.version}"` },
          body: showKey(key, { ...beside, now: deps.now() }),
        }
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: `${KEYS}/{key}/revoke`,
      operationId: 'revokeKey',
      summary: 'Revoke a key for good',
      description: 'Every token of the key ends too: its status is in the next signed list.',
      access: 'keys.revoke',
      params: keyParams,
      body: { kinds: ['json'], schema: revokeBody },
      answers: { 200: { description: 'The revoked key.', content: { 'application/json': keyShape } } },
      refusals: ['invalid_request', 'not_found', 'key_revoked'],
      async handle({ body, ...input }) {
        const { account, key } = input.params
        const shown = await revokeKey(deps, account, key, body, askerOf(input, account))
        return { status: 200, headers: { ETag: `"${shown.version}"` }, body: shown }
      },
    }),
  ]
}
