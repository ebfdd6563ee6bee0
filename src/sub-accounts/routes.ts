import { z } from 'zod'
import { subAccountId } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import { askerOf } from '../web/asker.ts'
import { type Cursors, DEFAULT_PAGE, pageOf, pageQuery } from '../web/cursor.ts'
import { describe, described, made } from '../web/etag.ts'
import { accountParams, nothing } from '../web/params.ts'
import { scopesIn } from '../web/principal.ts'
import { customData, oneLine, slug } from '../web/prose.ts'
import { type Input, type Route, route } from '../web/route.ts'
import { changeSubAccount, resumeSubAccount, suspendSubAccount } from './change.ts'
import { createSubAccount, type SubAccountDeps } from './create.ts'
import { deleteSubAccount } from './delete.ts'
import { showSubAccount, subAccountShape } from './shape.ts'

const subAccountParams = accountParams.extend({ subAccount: slug })

const listQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(['active', 'suspended']).optional(),
  kind: z.string().max(40).optional(),
})

const kind = oneLine(40).meta({ description: 'What sort of part it is. Some scopes are for some kinds only.' })
const createBody = z
  .strictObject({
    id: slug.optional().meta({ description: 'Made from the name unless said. It never changes.' }),
    name: oneLine(100),
    kind: kind.default('primary'),
    customData: customData.default({}),
  })
  .meta({ id: 'CreateSubAccount' })
const changeBody = z
  .strictObject({ name: oneLine(100), kind, customData })
  .partial()
  .meta({ id: 'ChangeSubAccount' })

const SUB_ACCOUNTS = '/manage/accounts/{account}/sub-accounts'
const shared = { tag: 'sub-accounts', errors: 'problem' } as const

export function subAccountRoutes(deps: SubAccountDeps & { cursors: Cursors }): Route[] {
  return [...collectionRoutes(deps), ...itemRoutes(deps), ...stateRoutes(deps)]
}

function collectionRoutes(deps: SubAccountDeps & { cursors: Cursors }): Route[] {
  const { store, cursors } = deps
  return [
    route({
      ...shared,
      method: 'get',
      path: SUB_ACCOUNTS,
      operationId: 'listSubAccounts',
      summary: 'List sub-accounts',
      access: 'sub_accounts.list',
      params: accountParams,
      query: listQuery,
      answers: {
        200: {
          description: 'A page of sub-accounts.',
          content: { 'application/json': pageOf(subAccountShape, 'SubAccountPage') },
        },
      },
      refusals: ['invalid_request'],
      async handle({ params: { account }, query: { limit = DEFAULT_PAGE, cursor, status, kind } }) {
        const list = `${SUB_ACCOUNTS} ${account} ${JSON.stringify([status, kind])}`
        const after = cursors.read(list, cursor)
        const where = { ...(status && { status }), ...(kind && { kind }) }
        const page = await store.page(account, 'subAccounts', { limit, where, ...(after && { after }) })
        const items = page.items.map(showSubAccount)
        return { status: 200, body: { items, nextCursor: cursors.write(list, page.next) } }
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: SUB_ACCOUNTS,
      operationId: 'createSubAccount',
      summary: 'Create a sub-account',
      access: 'sub_accounts.create',
      idempotent: { oneTime: [] },
      params: accountParams,
      body: { kinds: ['json'], schema: createBody },
      answers: { 201: described('The sub-account.', subAccountShape) },
      refusals: ['invalid_request', 'already_exists'],
      async handle(input) {
        const { account } = input.params
        const shown = await createSubAccount(deps, account, input.body, askerOf(input, account))
        return made(shown, `${SUB_ACCOUNTS.replace('{account}', account)}/${shown.id}`)
      },
    }),
  ]
}

function targetOf(input: Input<z.output<typeof subAccountParams>, unknown, unknown>) {
  const { account, subAccount } = input.params
  return { account, id: subAccountId(account, subAccount), asker: askerOf(input, account) }
}

function itemRoutes(deps: SubAccountDeps): Route[] {
  const one = { ...shared, path: `${SUB_ACCOUNTS}/{subAccount}`, params: subAccountParams }
  const answers = { 200: described('The sub-account.', subAccountShape) }
  return [
    route({
      ...one,
      method: 'get',
      operationId: 'describeSubAccount',
      summary: 'Describe a sub-account',
      access: 'sub_accounts.describe',
      answers,
      refusals: ['not_found'],
      async handle({ params: { account, subAccount } }) {
        const found = await deps.store.get(account, 'subAccounts', subAccountId(account, subAccount))
        if (found === null) throw new Refusal('not_found')
        return describe(showSubAccount(found))
      },
    }),
    route({
      ...one,
      method: 'patch',
      operationId: 'changeSubAccount',
      summary: 'Change a sub-account',
      description:
        'Members left out stay as they are. Another kind ends the tokens that it leaves fewer rights. One that gives keys more takes `keys:write`.',
      access: 'sub_accounts.change',
      ifMatch: true,
      body: { kinds: ['json'], schema: changeBody },
      answers,
      refusals: ['not_found', 'invalid_request', 'exceeds_your_rights'],
      async handle(input) {
        const scopes = scopesIn(input.caller, input.params.account)
        const target = { ...targetOf(input), expected: input.expected, scopes }
        return describe(await changeSubAccount(deps, target, input.body))
      },
    }),
    route({
      ...one,
      method: 'delete',
      operationId: 'deleteSubAccount',
      summary: 'Delete a sub-account that no grant names',
      access: 'sub_accounts.delete',
      answers: { 204: { description: 'Deleted.' } },
      refusals: ['not_found', 'in_use'],
      async handle(input) {
        await deleteSubAccount(deps, targetOf(input))
        return { status: 204 }
      },
    }),
  ]
}

function stateRoutes(deps: SubAccountDeps): Route[] {
  const acts = [
    ['suspend', suspendSubAccount, 'Suspend a sub-account', 'No token names it any more; those that do end.'],
    ['resume', resumeSubAccount, 'Resume a sub-account', 'From the next exchange on, tokens may name it again.'],
  ] as const
  return acts.map(([verb, act, summary, description]) =>
    route({
      ...shared,
      method: 'post',
      path: `${SUB_ACCOUNTS}/{subAccount}/${verb}`,
      operationId: `${verb}SubAccount`,
      summary,
      description,
      access: 'sub_accounts.suspend',
      params: subAccountParams,
      body: nothing,
      answers: { 200: described('The sub-account.', subAccountShape) },
      refusals: ['invalid_request', 'not_found'],
      handle: async (input) => describe(await act(deps, targetOf(input))),
    }),
  )
}
