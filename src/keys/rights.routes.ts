import { z } from 'zod'
import { type Route, route } from '../web/route.ts'
import type { KeyDeps } from './create.ts'
import { BECAUSES, explainRights } from './explain.rules.ts'
import { findKey } from './find.ts'
import { grantShape, KEYS, keyParams } from './shape.ts'
import { surroundings } from './surroundings.ts'

const rightsShape = z
  .object({
    effective: z.array(grantShape).meta({
      description: 'As the next exchange gives them; a sub-account holds what the whole account does not have already.',
    }),
    missing: z.array(
      z.object({
        subAccount: z.string().nullable(),
        scope: z.string(),
        because: z.enum(BECAUSES).meta({
          description:
            'The first against it: the key (not granted, or not active), its holder, the plan, the namespace, the account or sub-account, the kind of sub-account.',
        }),
      }),
    ),
    summary: z.string().meta({ description: 'One sentence for people.' }),
  })
  .meta({ id: 'Rights' })

export function keyRightsRoutes(deps: Pick<KeyDeps, 'store' | 'catalog' | 'now'>): Route[] {
  return [
    route({
      tag: 'keys',
      errors: 'problem',
      method: 'get',
      path: `${KEYS}/{key}/rights`,
      operationId: 'describeRights',
      summary: 'What a key may do now, and why not more',
      description: 'Worked out as an exchange would at this moment, but for addresses and origins.',
      access: 'keys.rights',
      params: keyParams,
      answers: { 200: { description: 'Its rights.', content: { 'application/json': rightsShape } } },
      refusals: ['not_found'],
      async handle({ params: { account, key: id } }) {
        const { key } = await findKey(deps.store, account, id)
        const { around } = await surroundings(deps, account, [key])
        return { status: 200, body: explainRights(key, around(key), deps.now()) }
      },
    }),
  ]
}
