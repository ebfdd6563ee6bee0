import { z } from 'zod'
import { type Route, route } from '../web/route.ts'
import { iso } from '../web/time.ts'
import { granterOf, targetOf } from './asker.ts'
import type { KeyDeps } from './create.ts'
import { FRESH_SECRET_REFUSALS, freshOverlap } from './rotation.routes.ts'
import { KEYS, keyParams } from './shape.ts'
import { MAX_SHARE_SECONDS } from './share.rules.ts'
import { cancelShare, shareKey } from './share.ts'

const MIN_SHARE_SECONDS = 60

const shareBody = z
  .strictObject({
    expiresInSeconds: z.int().min(MIN_SHARE_SECONDS).max(MAX_SHARE_SECONDS).default(MAX_SHARE_SECONDS),
    ...freshOverlap,
  })
  .meta({ id: 'ShareKey' })
const link = z
  .object({
    url: z
      .string()
      .nullable()
      .meta({ format: 'uri', description: 'Opens once. Shown in this answer and never again.' }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'ShareLink' })

const shared = {
  tag: 'keys',
  errors: 'problem',
  access: 'keys.share',
  params: keyParams,
  path: `${KEYS}/{key}/share`,
} as const

export function shareRoutes(deps: KeyDeps): Route[] {
  return [shareRoute(deps), cancelRoute(deps)]
}

function shareRoute(deps: KeyDeps): Route {
  return route({
    ...shared,
    method: 'post',
    operationId: 'shareKey',
    summary: 'Make a one-time link to a fresh secret',
    description:
      'Whoever opens the link gets a new secret of the key, made at that moment; the one in use then ends after the overlap. Another link of the key that is still open is good for nothing from now on.',
    body: { kinds: ['json'], schema: shareBody },
    answers: { 201: { description: 'The link.', content: { 'application/json': link } } },
    refusals: FRESH_SECRET_REFUSALS,
    idempotent: { oneTime: ['url'] },
    async handle(input) {
      const { account, key } = input.params
      const { url, expiresAt } = await shareKey(deps, account, key, input.body, granterOf(input))
      return { status: 201, headers: { 'Cache-Control': 'no-store' }, body: { url, expiresAt: iso(expiresAt) } }
    },
  })
}

function cancelRoute(deps: KeyDeps): Route {
  return route({
    ...shared,
    method: 'delete',
    operationId: 'cancelShare',
    summary: 'Cancel the open link',
    answers: { 204: { description: 'The link is good for nothing any more.' } },
    refusals: ['not_found', 'conflict'],
    async handle(input) {
      const { account, id, asker } = targetOf(input)
      await cancelShare(deps, account, id, asker)
      return { status: 204 }
    },
  })
}
