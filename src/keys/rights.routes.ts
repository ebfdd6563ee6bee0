import { z } from 'zod'
import { type Route, route } from '../web/route.ts'
import { grantFault } from './create.rules.ts'
import { type KeyDeps, load } from './create.ts'
import { BECAUSES, type Explained, explainRights, lostRights } from './explain.rules.ts'
import { findKey } from './find.ts'
import type { ApiKey } from './rules.ts'
import { grantShape, KEYS, keyParams } from './shape.ts'
import { surroundings } from './surroundings.ts'
import { wishMembers } from './wish.shape.ts'

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
            'The first against it: the key (not granted, or not active), its holder, the plan, the namespace, the account or sub-account, the kind of sub-account or of key.',
        }),
      }),
    ),
    summary: z.string().meta({ description: 'One sentence for people.' }),
  })
  .meta({ id: 'Rights' })

const previewShape = rightsShape
  .extend({
    lost: z.array(z.object({ subAccount: z.string().nullable(), scope: z.string() })).meta({
      description: 'What the next exchange would not give any more. Where there is some, tokens of before would end.',
    }),
  })
  .meta({ id: 'RightsPreview' })
const previewBody = z.strictObject({ grants: wishMembers.grants }).meta({ id: 'PreviewRights' })

type RightsDeps = Pick<KeyDeps, 'store' | 'catalog' | 'now'>
const shared = {
  tag: 'keys',
  errors: 'problem',
  path: `${KEYS}/{key}/rights`,
  access: 'keys.rights',
  params: keyParams,
} as const

export function keyRightsRoutes(deps: RightsDeps): Route[] {
  return [rightsRoute(deps), previewRoute(deps)]
}

function rightsRoute(deps: RightsDeps): Route {
  return route({
    ...shared,
    method: 'get',
    operationId: 'describeRights',
    summary: 'What a key may do now, and why not more',
    description: 'Worked out as an exchange would at this moment, but for addresses and origins.',
    answers: { 200: { description: 'Its rights.', content: { 'application/json': rightsShape } } },
    refusals: ['not_found'],
    async handle({ params: { account, key: id } }) {
      const { key } = await findKey(deps.store, account, id)
      return { status: 200, body: await rightsOf(deps, key) }
    },
  })
}

function previewRoute(deps: RightsDeps): Route {
  return route({
    ...shared,
    method: 'post',
    operationId: 'previewRights',
    summary: 'What a key could do with other grants, and what it would lose',
    description: 'Changes nothing.',
    body: { kinds: ['json'], schema: previewBody },
    answers: { 200: { description: 'Its rights then.', content: { 'application/json': previewShape } } },
    refusals: ['invalid_request', 'not_found', 'not_publishable', 'unknown_scope', 'unknown_sub_account'],
    async handle({ params: { account, key: id }, body: { grants } }) {
      const { key } = await findKey(deps.store, account, id)
      const namespace = deps.catalog.namespaces.get(key.namespace)
      const { subAccounts } = await load(deps.store, account, { grants, holderId: null })
      const fault = namespace && grantFault({ ...key, grants }, namespace, subAccounts)
      if (fault) throw fault
      const [before, after] = [await rightsOf(deps, key), await rightsOf(deps, { ...key, grants })]
      return { status: 200, body: { ...after, lost: lostRights(before.effective, after.effective) } }
    },
  })
}

async function rightsOf(deps: RightsDeps, key: ApiKey): Promise<Explained> {
  const { around } = await surroundings(deps, key.account, [key])
  return explainRights(key, around(key), deps.now())
}
