import { z } from 'zod'
import { RESERVED_NAMESPACES } from '../catalog.schema.ts'
import { Refusal } from '../errors.ts'
import { askerOf } from '../web/asker.ts'
import { type Cursors, DEFAULT_PAGE, pageOf, pageQuery } from '../web/cursor.ts'
import { describe, described, made } from '../web/etag.ts'
import { accountParams, nothing } from '../web/params.ts'
import { ownAccounts, scopesIn } from '../web/principal.ts'
import { customData, oneLine, slug, slugFrom } from '../web/prose.ts'
import { type Input, type Route, route } from '../web/route.ts'
import { FOR_ADMINS, FOR_SUPPORT, operatorFault } from './change.rules.ts'
import { changeAccount } from './change.ts'
import { type AccountDeps, createAccount } from './create.ts'
import { listEveryAccount, listOwnAccounts } from './list.ts'
import { disableNamespace, enableNamespace } from './namespaces.ts'
import { accountShape, showAccount } from './shape.ts'
import { resumeAccount, suspendAccount } from './suspend.ts'

const listQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(['active', 'suspended']).optional(),
  plan: z.string().max(32).optional(),
  q: z.string().min(1).max(100).optional().meta({ description: 'Part of the id or the name.' }),
})
/** Read by people, and put before paths: nothing else stands in it. */
const host = z
  .url({ protocol: /^https$/, error: 'must be an https URL' })
  .regex(/^[^\s\\?#@]+$/, { error: 'must be a plain URL, without user name, password, query and fragment' })
  .max(200)
const namespaceId = z.string().max(16)
const accountId = slug
  .refine((id) => !RESERVED_NAMESPACES.includes(id), { error: 'is the name of a route; choose another' })
  .meta({ description: 'Made from the name unless said. It never changes.' })

const createBody = z
  .strictObject({
    id: accountId.optional(),
    name: oneLine(100),
    plan: z.string().max(32),
    hosts: z.record(namespaceId, host).default({}),
    customData: customData.default({}),
  })
  .meta({ id: 'CreateAccount' })
const changeBody = z
  .strictObject({
    name: oneLine(100),
    plan: z.string().max(32).meta({ description: 'For admins of the operator.' }),
    hosts: z
      .record(namespaceId, host.nullable())
      .meta({ description: 'For admins of the operator. null: the catalog’s template again.' }),
    customData,
  })
  .partial()
  .meta({ id: 'ChangeAccount' })

const ACCOUNTS = '/manage/accounts'
const ACCOUNT = `${ACCOUNTS}/{account}`
const shared = { tag: 'accounts', errors: 'problem' } as const
const answers = { 200: described('The account.', accountShape) }

export function accountRoutes(deps: AccountDeps & { cursors: Cursors }): Route[] {
  return [listAccounts(deps), createRoute(deps), ...itemRoutes(deps), ...namespaceRoutes(deps), ...stateRoutes(deps)]
}

function listAccounts({ store, catalog, cursors }: AccountDeps & { cursors: Cursors }): Route {
  return route({
    ...shared,
    method: 'get',
    path: ACCOUNTS,
    operationId: 'listAccounts',
    summary: 'List accounts',
    description:
      'All of them for the operator (`operator:accounts`); for a person those that they belong to and may read, whichever the session was opened in; for a program its own.',
    access: 'accounts.list',
    query: listQuery,
    answers: {
      200: { description: 'A page of accounts.', content: { 'application/json': pageOf(accountShape, 'AccountPage') } },
    },
    refusals: ['invalid_request'],
    async handle({ caller, query: { limit = DEFAULT_PAGE, cursor, status, plan, q } }) {
      // Support reads every account; of programs only those that may act on others.
      const reach = caller.type === 'person' ? FOR_SUPPORT : FOR_ADMINS
      const every = operatorFault(scopesIn(caller, caller.account), reach) === null
      const list = `${ACCOUNTS} ${every ? '' : caller.id} ${JSON.stringify([status, plan, q])}`
      const after = cursors.read(list, cursor)
      const where = { ...(status && { status }), ...(plan && { plan }) }
      const asked = { limit, where, q, ...(after && { after }) }
      const page = await (every ? listEveryAccount(store, asked) : listOwnAccounts(store, ownAccounts(caller), asked))
      const items = page.items.map((account) => showAccount(account, catalog))
      return { status: 200, body: { items, nextCursor: cursors.write(list, page.next) } }
    },
  })
}

function createRoute(deps: AccountDeps): Route {
  return route({
    ...shared,
    method: 'post',
    path: ACCOUNTS,
    operationId: 'createAccount',
    summary: 'Create an account',
    description:
      'For admins of the operator (`operator:accounts`). Namespaces of the plan that are neither beta nor retired are on.',
    access: 'accounts.create',
    idempotent: { oneTime: [] },
    body: { kinds: ['json'], schema: createBody },
    answers: { 201: described('The account.', accountShape) },
    refusals: ['invalid_request', 'already_exists', 'unknown_plan', 'unknown_namespace'],
    async handle(input) {
      requireOperator(input, FOR_ADMINS)
      const { id = slugFrom(input.body.name, deps.random), ...wish } = input.body
      const account = await createAccount(deps, id, wish, askerOf(input, id))
      return made(account, `${ACCOUNTS}/${account.id}`)
    },
  })
}

type AccountInput = Input<z.output<typeof accountParams>, unknown, unknown>

function requireOperator({ caller }: Pick<AccountInput, 'caller'>, what: Parameters<typeof operatorFault>[1]): void {
  const fault = operatorFault(scopesIn(caller, caller.account), what)
  if (fault !== null) throw fault
}

function targetOf(input: AccountInput) {
  const { account } = input.params
  return { account, id: account, asker: askerOf(input, account) }
}

function itemRoutes(deps: AccountDeps): Route[] {
  const one = { ...shared, path: ACCOUNT, params: accountParams, answers }
  return [
    route({
      ...one,
      method: 'get',
      operationId: 'describeAccount',
      summary: 'Describe an account',
      access: 'accounts.describe',
      refusals: ['not_found'],
      async handle({ params: { account: id } }) {
        const account = await deps.store.get(id, 'accounts', id)
        if (account === null) throw new Refusal('not_found')
        return describe(showAccount(account, deps.catalog))
      },
    }),
    route({
      ...one,
      method: 'patch',
      operationId: 'changeAccount',
      summary: 'Change an account',
      description:
        'Members left out stay as they are. Plan and hosts are for admins of the operator (`operator:accounts`). A smaller plan switches off the namespaces it does not have, and ends the tokens that had more.',
      access: 'accounts.change',
      ifMatch: true,
      body: { kinds: ['json'], schema: changeBody },
      refusals: ['not_found', 'invalid_request', 'unknown_plan', 'unknown_namespace'],
      async handle(input) {
        const { plan, hosts } = input.body
        if (plan !== undefined || hosts !== undefined) requireOperator(input, FOR_ADMINS)
        return describe(await changeAccount(deps, { ...targetOf(input), expected: input.expected }, input.body))
      },
    }),
  ]
}

function namespaceRoutes(deps: AccountDeps): Route[] {
  const acts = [
    ['put', 'enable', enableNamespace, 'Enable a namespace', 'Keys of the namespace work from now on.'],
    ['delete', 'disable', disableNamespace, 'Disable a namespace', 'Its keys are refused, and their tokens suspended.'],
  ] as const
  return acts.map(([method, verb, act, summary, description]) =>
    route({
      ...shared,
      method,
      path: `${ACCOUNT}/namespaces/{namespace}`,
      operationId: `${verb}Namespace`,
      summary,
      description: `${description} For the operator (\`operator:accounts\` or \`operator:support\`).`,
      access: 'namespaces.enable',
      params: accountParams.extend({ namespace: namespaceId }),
      answers,
      refusals: [
        'not_found',
        ...(verb === 'enable' ? (['plan_excludes_namespace', 'namespace_retired'] as const) : []),
      ],
      async handle(input) {
        requireOperator(input, FOR_SUPPORT)
        return describe(await act(deps, { ...targetOf(input), namespace: input.params.namespace }))
      },
    }),
  )
}

function stateRoutes(deps: AccountDeps): Route[] {
  const acts = [
    ['suspend', suspendAccount, 'Suspend an account', 'Its keys are refused, and their tokens suspended.'],
    ['resume', resumeAccount, 'Resume an account', 'Its keys work again; unexpired tokens count again.'],
  ] as const
  return acts.map(([verb, act, summary, description]) =>
    route({
      ...shared,
      method: 'post',
      path: `${ACCOUNT}/${verb}`,
      operationId: `${verb}Account`,
      summary,
      description: `${description} For the operator (\`operator:accounts\` or \`operator:support\`).`,
      access: 'accounts.suspend',
      params: accountParams,
      body: nothing,
      answers,
      refusals: ['invalid_request', 'not_found'],
      async handle(input) {
        requireOperator(input, FOR_SUPPORT)
        return describe(await act(deps, targetOf(input)))
      },
    }),
  )
}
