import { z } from 'zod'
import { describe, described } from '../web/etag.ts'
import { type Route, route } from '../web/route.ts'
import { ACCOUNT_REFUSALS } from './admission.rules.ts'
import { granterOf, targetOf } from './asker.ts'
import { createdKey } from './create.routes.ts'
import { endRotation, moveRotation } from './end-rotation.ts'
import { type RotateDeps, rotateKey } from './rotate.ts'
import { DEFAULT_OVERLAP_SECONDS, MAX_OVERLAP_SECONDS } from './rotation.rules.ts'
import { KEYS, keyParams, keyShape } from './shape.ts'

const overlapSeconds = z.int().min(0).max(MAX_OVERLAP_SECONDS).meta({
  description: 'How long the secret in use stays good beside the new one; 0 ends it and its tokens at once.',
})
/** Where a fresh secret is made, at once or by a link. */
export const freshOverlap = { overlapSeconds: overlapSeconds.default(DEFAULT_OVERLAP_SECONDS) }
const rotateBody = z.strictObject(freshOverlap).meta({ id: 'RotateKey' })
const moveBody = z.strictObject({ overlapSeconds }).meta({ id: 'MoveRotation' })

/** What stands against a fresh secret. */
export const FRESH_SECRET_REFUSALS = [
  'invalid_request',
  ...ACCOUNT_REFUSALS,
  'exceeds_your_rights',
  'key_revoked',
  'key_expired',
  'no_secret',
  'conflict',
  'unknown_namespace',
] as const

const shared = { tag: 'keys', errors: 'problem', access: 'keys.rotate', params: keyParams } as const

export function rotationRoutes(deps: RotateDeps): Route[] {
  return [rotateRoute(deps), moveRoute(deps), endRoute(deps)]
}

function rotateRoute(deps: RotateDeps): Route {
  return route({
    ...shared,
    method: 'post',
    path: `${KEYS}/{key}/rotate`,
    operationId: 'rotateKey',
    summary: 'Give a key a new secret',
    description:
      'The key stays the same; its secret in use ends after the overlap. While a rotation runs, its new secret is replaced if it was certainly never used, as after an answer that was lost; the end of the overlap stays.',
    body: { kinds: ['json'], schema: rotateBody },
    answers: { 200: { description: 'The key, and its new secret.', content: { 'application/json': createdKey } } },
    refusals: [...FRESH_SECRET_REFUSALS, 'rotation_in_progress'],
    idempotent: { oneTime: ['secret'] },
    async handle(input) {
      const { account, key } = input.params
      const answer = await rotateKey(deps, account, key, input.body.overlapSeconds, granterOf(input))
      const { status, headers } = describe(answer.key)
      return { status, headers: { ...headers, 'Cache-Control': 'no-store' }, body: answer }
    },
  })
}

function moveRoute(deps: RotateDeps): Route {
  return route({
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
    async handle(input) {
      const target = { ...targetOf(input), expected: input.expected }
      return describe(await moveRotation(deps, target, input.body.overlapSeconds))
    },
  })
}

function endRoute(deps: RotateDeps): Route {
  return route({
    ...shared,
    method: 'delete',
    path: `${KEYS}/{key}/rotation`,
    operationId: 'endRotation',
    summary: 'End the old secret now',
    description: 'Its tokens end too: their status is in the next signed list.',
    answers: { 204: { description: 'The old secret is no good any more.' } },
    refusals: ['no_rotation', 'conflict'],
    async handle(input) {
      await endRotation(deps, targetOf(input))
      return { status: 204 }
    },
  })
}
