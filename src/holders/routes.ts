import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { grantShape } from '../keys/shape.ts'
import { holds, search } from '../store/search.ts'
import { askerOf } from '../web/asker.ts'
import { type Cursors, DEFAULT_PAGE, pageOf, pageQuery } from '../web/cursor.ts'
import { describe, described, made } from '../web/etag.ts'
import { accountParams, nothing } from '../web/params.ts'
import { scopesIn } from '../web/principal.ts'
import { customData, oneLine } from '../web/prose.ts'
import { type Input, type Route, route } from '../web/route.ts'
import { changeHolder } from './change.ts'
import { createHolder, type HolderDeps } from './create.ts'
import { deleteHolder } from './delete.ts'
import { HOLDER_STATUSES, HOLDER_TYPES } from './rules.ts'
import { holderShape, showHolder } from './shape.ts'
import { resumeHolder, suspendHolder } from './suspend.ts'

const holderParams = accountParams.extend({ holder: z.string().regex(/^hld_[\w-]{1,60}$/) })

const listQuery = z.strictObject({
  ...pageQuery,
  type: z.enum(HOLDER_TYPES).optional(),
  status: z.enum(HOLDER_STATUSES).optional(),
  q: z.string().min(1).max(100).optional().meta({ description: 'Part of the name, the external id or the e-mail.' }),
})

const externalId = oneLine(100).nullable().meta({ description: 'Your own id of them: one holder of a type has it.' })
const email = z.email().max(254).nullable()
const grants = z
  .array(grantShape)
  .min(1)
  .max(50)
  .nullable()
  .meta({ description: 'A ceiling over all of the holder’s keys; null: none of its own.' })
const status = z.enum(['onboarding', 'active'])
const flags = z.array(oneLine(40)).max(20)

const createBody = z
  .strictObject({
    type: z.enum(HOLDER_TYPES),
    name: oneLine(100),
    externalId: externalId.default(null),
    email: email.default(null),
    grants: grants.default(null),
    status: status.default('active'),
    flags: flags.default([]),
    customData: customData.default({}),
  })
  .meta({ id: 'CreateHolder' })
const changeBody = z
  .strictObject({ name: oneLine(100), externalId, email, grants, status, flags, customData })
  .partial()
  .meta({ id: 'ChangeHolder' })

const HOLDERS = '/manage/accounts/{account}/holders'
const CEILING = [
  'invalid_request',
  'already_exists',
  'exceeds_your_rights',
  'unknown_scope',
  'unknown_sub_account',
] as const

export function holderRoutes(deps: HolderDeps & { cursors: Cursors }): Route[] {
  return [...collectionRoutes(deps), ...itemRoutes(deps), ...stateRoutes(deps)]
}

const shared = { tag: 'holders', errors: 'problem' } as const

function collectionRoutes(deps: HolderDeps & { cursors: Cursors }): Route[] {
  const { store, cursors } = deps
  return [
    route({
      ...shared,
      method: 'get',
      path: HOLDERS,
      operationId: 'listHolders',
      summary: 'List holders',
      access: 'holders.list',
      params: accountParams,
      query: listQuery,
      answers: {
        200: { description: 'A page of holders.', content: { 'application/json': pageOf(holderShape, 'HolderPage') } },
      },
      refusals: ['invalid_request'],
      async handle({ params: { account }, query: { limit = DEFAULT_PAGE, cursor, q, type, status } }) {
        const list = `${HOLDERS} ${account} ${JSON.stringify([type, status, q])}`
        const after = cursors.read(list, cursor)
        const where = { ...(type && { type }), ...(status && { status }) }
        const page = await search(store, account, 'holders', { limit, where, ...(after && { after }) }, (holder) =>
          q === undefined ? true : holds(q, holder.name, holder.externalId, holder.email),
        )
        return { status: 200, body: { items: page.items.map(showHolder), nextCursor: cursors.write(list, page.next) } }
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: HOLDERS,
      operationId: 'createHolder',
      summary: 'Create a holder',
      access: 'holders.create',
      idempotent: { oneTime: [] },
      params: accountParams,
      body: { kinds: ['json'], schema: createBody },
      answers: { 201: described('The holder.', holderShape) },
      refusals: CEILING,
      async handle(input) {
        const { account } = input.params
        const asker = { ...askerOf(input, account), scopes: scopesIn(input.caller, account) }
        const holder = await createHolder(deps, account, input.body, asker)
        return made(holder, `${HOLDERS.replace('{account}', account)}/${holder.id}`)
      },
    }),
  ]
}

type HolderInput = Input<z.output<typeof holderParams>, unknown, unknown>

function targetOf(input: HolderInput) {
  const { account, holder: id } = input.params
  return { account, id, asker: askerOf(input, account) }
}

function itemRoutes(deps: HolderDeps): Route[] {
  const one = { ...shared, path: `${HOLDERS}/{holder}`, params: holderParams }
  return [
    route({
      ...one,
      method: 'get',
      operationId: 'describeHolder',
      summary: 'Describe a holder',
      access: 'holders.describe',
      answers: { 200: described('The holder.', holderShape) },
      refusals: ['not_found'],
      async handle({ params: { account, holder: id } }) {
        const holder = await deps.store.get(account, 'holders', id)
        if (holder === null) throw new Refusal('not_found')
        return describe(showHolder(holder))
      },
    }),
    route({
      ...one,
      method: 'patch',
      operationId: 'changeHolder',
      summary: 'Change a holder',
      description:
        'Members left out stay as they are. A lower ceiling ends the tokens that had more, another external id those that name the one before. A higher one gives the holder’s keys more: that takes `keys:write`, and for scopes of namespace `manage` having them.',
      access: 'holders.change',
      ifMatch: true,
      body: { kinds: ['json'], schema: changeBody },
      answers: { 200: described('The holder.', holderShape) },
      refusals: ['not_found', ...CEILING],
      async handle(input) {
        const { expected, caller } = input
        const { asker, ...target } = targetOf(input)
        const to = input.body
        return describe(
          await changeHolder(
            deps,
            { ...target, expected, asker: { ...asker, scopes: scopesIn(caller, target.account) } },
            to,
          ),
        )
      },
    }),
    route({
      ...one,
      method: 'delete',
      operationId: 'deleteHolder',
      summary: 'Delete a holder that no key names',
      access: 'holders.delete',
      answers: { 204: { description: 'Deleted.' } },
      refusals: ['not_found', 'in_use'],
      async handle(input) {
        await deleteHolder(deps, targetOf(input))
        return { status: 204 }
      },
    }),
  ]
}

function stateRoutes(deps: HolderDeps): Route[] {
  const acts = [
    ['suspend', suspendHolder, 'Suspend a holder', 'Keys of the holder are refused, and their tokens are suspended.'],
    ['resume', resumeHolder, 'Resume a holder', 'Their keys work again; unexpired tokens count again.'],
  ] as const
  return acts.map(([verb, act, summary, description]) =>
    route({
      ...shared,
      method: 'post',
      path: `${HOLDERS}/{holder}/${verb}`,
      operationId: `${verb}Holder`,
      summary,
      description,
      access: 'holders.suspend',
      params: holderParams,
      body: nothing,
      answers: { 200: described('The holder.', holderShape) },
      refusals: ['invalid_request', 'not_found'],
      handle: async (input) => describe(await act(deps, targetOf(input))),
    }),
  )
}
