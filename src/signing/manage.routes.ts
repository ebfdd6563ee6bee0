/** Signing keys as the operator manages them. */
import { z } from 'zod'
import { OPERATOR } from '../accounts/rules.ts'
import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { askerOf } from '../web/asker.ts'
import { type Route, route } from '../web/route.ts'
import { listSigningKeys, type RotateDeps, rotateSigningKey } from './rotate.ts'

const time = z.string().meta({ format: 'date-time' })
const signingKey = z
  .object({
    kid: z.string(),
    alg: z.string(),
    namespace: z.string(),
    state: z.enum(['next', 'current', 'previous', 'retired']),
    publishedAt: time,
    activatesAt: time.meta({ description: 'From then on it signs.' }),
    retiresAt: time.nullable().meta({ description: 'From then on it is not published.' }),
  })
  .meta({ id: 'SigningKey' })
const answer = z.object({ items: z.array(signingKey), nextCursor: z.null() }).meta({ id: 'SigningKeyList' })
const rotation = z.strictObject({
  emergency: z
    .boolean()
    .optional()
    .meta({ description: 'A new key signs at once and the others are gone: nothing signed before is good any more.' }),
})

export function signingKeyRoutes(deps: RotateDeps & { catalog: Catalog }): Route[] {
  const { catalog } = deps
  const shared = { errors: 'problem', tag: 'signing keys' } as const
  const answers = { 200: { description: 'The keys, the oldest first.', content: { 'application/json': answer } } }
  return [
    route({
      ...shared,
      method: 'get',
      path: '/manage/signing-keys',
      operationId: 'listSigningKeys',
      summary: 'Signing keys of every namespace',
      access: 'signing_keys.list',
      answers,
      refusals: [],
      async handle() {
        const lists = await Promise.all([...catalog.namespaces.values()].map((one) => listSigningKeys(deps, one)))
        return { status: 200, body: { items: lists.flat(), nextCursor: null } }
      },
    }),
    route<{ ns: string }, unknown, z.output<typeof rotation> | null>({
      ...shared,
      method: 'post',
      path: '/manage/signing-keys/{ns}/rotate',
      operationId: 'rotateSigningKey',
      summary: 'Have the next signing key take over',
      description:
        'Possible once the next key has been published for as long as the keys may be cached (409 with Retry-After until then), so that no verification fails. ' +
        '`emergency: true` is for a key that was lost or leaked: verifiers that follow the stream drop it within a second, and every live token is refused.',
      access: 'signing_keys.rotate',
      params: z.object({ ns: z.string().meta({ description: 'Namespace.' }) }),
      body: { kinds: ['json'], schema: rotation, optional: true },
      answers,
      refusals: ['next_key_too_new', 'conflict'],
      async handle(input) {
        const namespace = catalog.namespaces.get(input.params.ns)
        if (namespace === undefined) throw new Refusal('not_found')
        const asker = askerOf(input, OPERATOR)
        const items = await rotateSigningKey(deps, namespace, input.body?.emergency === true, asker)
        return { status: 200, body: { items, nextCursor: null } }
      },
    }),
  ]
}
