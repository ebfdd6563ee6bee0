import { z } from 'zod'
import { describe, described } from '../web/etag.ts'
import { nothing } from '../web/params.ts'
import { prose } from '../web/prose.ts'
import { type Route, route } from '../web/route.ts'
import { granterOf, targetOf } from './asker.ts'
import type { KeyChange } from './change.rules.ts'
import { changeKey } from './change.ts'
import type { KeyDeps } from './create.ts'
import { deleteKey } from './delete.ts'
import { findKey } from './find.ts'
import { revokeKey } from './revoke.ts'
import { REVOKE_REASONS } from './rules.ts'
import { KEYS, keyParams, keyShape, showKey } from './shape.ts'
import { resumeKey, suspendKey } from './suspend.ts'
import { WISH_REFUSALS, wishMembers } from './wish.shape.ts'

const changeBody = z
  .strictObject(wishMembers)
  .partial()
  .extend({
    confirm: z
      .boolean()
      .default(false)
      .meta({ description: 'Give the key to the holder although they are flagged or in onboarding.' }),
  })
  .meta({ id: 'ChangeKey' })

const revokeBody = z
  .strictObject({ reason: z.enum(REVOKE_REASONS), note: prose(1000).nullable().default(null) })
  .meta({ id: 'RevokeKey' })

const one = { tag: 'keys', errors: 'problem', path: `${KEYS}/{key}`, params: keyParams } as const

export function keyLifeRoutes(deps: KeyDeps): Route[] {
  return [describeRoute(deps), changeRoute(deps), ...stateRoutes(deps), revokeRoute(deps), deleteRoute(deps)]
}

function describeRoute({ store, now }: KeyDeps): Route {
  return route({
    ...one,
    method: 'get',
    operationId: 'describeKey',
    summary: 'Describe a key',
    access: 'keys.describe',
    answers: { 200: described('The key.', keyShape) },
    refusals: ['not_found'],
    async handle({ params: { account, key: id } }) {
      const { key, ...beside } = await findKey(store, account, id)
      return describe(showKey(key, { ...beside, now: now() }))
    },
  })
}

function changeRoute(deps: KeyDeps): Route {
  return route({
    ...one,
    method: 'patch',
    operationId: 'changeKey',
    summary: 'Change a key',
    description:
      'Members left out stay as they are. Taking something away (rights, addresses, origins, time, public keys), another holder or audience, or asking for DPoP ends every token of before; the next exchange gives what is left.',
    access: 'keys.change',
    ifMatch: true,
    body: {
      kinds: ['json'],
      schema: changeBody as unknown as z.ZodType<KeyChange & { confirm: boolean }>,
      shown: { json: changeBody },
    },
    answers: { 200: described('The key.', keyShape) },
    refusals: ['invalid_request', 'not_found', 'key_revoked', ...WISH_REFUSALS],
    async handle(input) {
      const target = { ...targetOf(input), asker: granterOf(input), expected: input.expected }
      return describe(await changeKey(deps, target, input.body))
    },
  })
}

function revokeRoute(deps: KeyDeps): Route {
  return route({
    ...one,
    method: 'post',
    path: `${KEYS}/{key}/revoke`,
    operationId: 'revokeKey',
    summary: 'Revoke a key for good',
    description: 'Every token of the key ends too: its status is in the next signed list.',
    access: 'keys.revoke',
    body: { kinds: ['json'], schema: revokeBody },
    answers: { 200: described('The revoked key.', keyShape) },
    refusals: ['invalid_request', 'not_found', 'key_revoked'],
    async handle(input) {
      const { account, id, asker } = targetOf(input)
      return describe(await revokeKey(deps, account, id, input.body, asker))
    },
  })
}

function deleteRoute(deps: KeyDeps): Route {
  return route({
    ...one,
    method: 'delete',
    operationId: 'deleteKey',
    summary: 'Delete a key for good',
    description: 'Its tokens end. Its events and its usage stay, and its id is never given again.',
    access: 'keys.delete',
    answers: { 204: { description: 'Deleted.' } },
    refusals: ['not_found'],
    async handle(input) {
      await deleteKey(deps, targetOf(input))
      return { status: 204 }
    },
  })
}

function stateRoutes(deps: KeyDeps): Route[] {
  const acts = [
    ['suspend', suspendKey, 'Suspend a key', 'It is refused, and its tokens read as suspended. Twice is like once.'],
    ['resume', resumeKey, 'Resume a key', 'Unexpired tokens count again, where nothing else is against them.'],
  ] as const
  return acts.map(([verb, act, summary, description]) =>
    route({
      ...one,
      method: 'post',
      path: `${KEYS}/{key}/${verb}`,
      operationId: `${verb}Key`,
      summary,
      description,
      access: 'keys.suspend',
      body: nothing,
      answers: { 200: described('The key.', keyShape) },
      refusals: ['invalid_request', 'not_found', 'key_revoked'],
      handle: async (input) => describe(await act(deps, targetOf(input))),
    }),
  )
}
