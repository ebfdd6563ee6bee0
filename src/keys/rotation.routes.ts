import { z } from 'zod'
import { askerOf } from '../web/asker.ts'
import { describe, described } from '../web/etag.ts'
import { grantableScopes } from '../web/principal.ts'
import { type Route, route } from '../web/route.ts'
import { endRotation, moveRotation } from './end-rotation.ts'
import { type RotateDeps, rotateKey } from './rotate.ts'
import { MAX_OVERLAP_SECONDS } from './rotation.rules.ts'
import { createdKey } from './routes.ts'
import { KEYS, keyParams, keyShape } from './shape.ts'

const DEFAULT_OVERLAP_SECONDS = 86_400

export const overlapSeconds = z.int().min(0).max(MAX_OVERLAP_SECONDS).meta({
  description: 'How long the secret in use stays good beside the new one; 0 ends it and its tokens at once.',
})
const rotateBody = z
  .strictObject({ overlapSeconds: overlapSeconds.default(DEFAULT_OVERLAP_SECONDS) })
  .meta({ id: 'RotateKey' })
const moveBody = z.strictObject({ overlapSeconds }).meta({ id: 'MoveRotation' })

export function rotationRoutes(deps: RotateDeps): Route[] {
  const shared = { tag: 'keys', errors: 'problem', access: 'keys.rotate', params: keyParams } as const
  return [
    route({
      ...shared,
      method: 'post',
      path: `${KEYS}/{key}/rotate`,
      operationId: 'rotateKey',
      summary: 'Give a key a new secret',
      description:
        'The key stays the same; its secret in use ends after the overlap. While a rotation runs, its new secret is replaced if it was certainly never used, as after an answer that was lost; the end of the overlap stays.',
      body: { kinds: ['json'], schema: rotateBody },
      answers: { 200: { description: 'The key, and its new secret.', content: { 'application/json': createdKey } } },
      refusals: [
        'invalid_request',
        'exceeds_your_rights',
        'key_revoked',
        'key_expired',
        'no_secret',
        'rotation_in_progress',
        'conflict',
        'unknown_namespace',
      ],
      idempotent: { oneTime: ['secret'] },
      async handle({ body, ...input }) {
        const { account, key } = input.params
        const asker = { ...askerOf(input, account), bound: true, grantable: grantableScopes(input.caller, account) }
        const answer = await rotateKey(deps, account, key, body.overlapSeconds, asker)
        const { headers } = describe(answer.key)
        return { status: 200, headers: { ...headers, 'Cache-Control': 'no-store' }, body: answer }
      },
    }),
    route({
      ...shared,
      method: 'patch',
      path: `${KEYS}/{key}/rotation`,
      operationId: 'moveRotation',
      summary: 'Extend or shorten the overlap',
      description:
        'Counted from now, and never beyond the end of the key. With If-Match, only of the key as it was read.',
      ifMatch: 'optional',
      body: { kinds: ['json'], schema: moveBody },
      answers: { 200: described('The key.', keyShape) },
      refusals: ['invalid_request', 'no_rotation', 'conflict'],
      async handle({ body, ...input }) {
        const { account, key } = input.params
        const target = { account, keyId: key, expected: input.expected, asker: askerOf(input, account) }
        return describe(await moveRotation(deps, target, body.overlapSeconds))
      },
    }),
    route({
      ...shared,
      method: 'delete',
      path: `${KEYS}/{key}/rotation`,
      operationId: 'endRotation',
      summary: 'End the old secret now',
      description: 'Its tokens end too: their status is in the next signed list.',
      answers: { 204: { description: 'The old secret is no good any more.' } },
      refusals: ['no_rotation', 'conflict'],
      async handle(input) {
        const { account, key } = input.params
        await endRotation(deps, { account, keyId: key, asker: askerOf(input, account) })
        return { status: 204 }
      },
    }),
  ]
}
