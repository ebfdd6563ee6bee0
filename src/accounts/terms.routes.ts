import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { askerOf } from '../web/asker.ts'
import { accountParams } from '../web/params.ts'
import { scopesIn } from '../web/principal.ts'
import { oneLine } from '../web/prose.ts'
import { type Route, route } from '../web/route.ts'
import { FOR_ADMINS, operatorFault } from './change.rules.ts'
import type { AccountDeps } from './create.ts'
import { showTerms, termsShape } from './shape.ts'
import { acceptTerms } from './terms.ts'

const acceptBody = z
  .strictObject({
    version: z.string().min(1).max(100),
    method: z.enum(['online', 'paper']),
    reference: oneLine(200)
      .nullable()
      .default(null)
      .meta({ description: 'Of the signed paper, such as its file number.' }),
  })
  .refine(({ method, reference }) => method === 'online' || reference !== null, {
    path: ['reference'],
    error: 'must say where the signed paper is found',
  })
  .meta({ id: 'AcceptTerms' })

/** Acceptance binds the customer: a person gives it, never a program. */
export function termsRoutes(deps: AccountDeps): Route[] {
  const shared = {
    tag: 'accounts',
    errors: 'problem',
    path: '/manage/accounts/{account}/terms',
    params: accountParams,
    answers: { 200: { description: 'The terms.', content: { 'application/json': termsShape } } },
  } as const
  return [
    route({
      ...shared,
      method: 'get',
      operationId: 'describeTerms',
      summary: 'Which terms hold, and are they accepted?',
      access: 'terms.describe',
      refusals: ['not_found'],
      async handle({ params: { account: id } }) {
        const account = await deps.store.get(id, 'accounts', id)
        if (account === null) throw new Refusal('not_found')
        return { status: 200, body: showTerms(account, deps.catalog) }
      },
    }),
    route({
      ...shared,
      method: 'put',
      operationId: 'acceptTerms',
      summary: 'Accept the terms',
      description: 'For people. On paper: recorded by people of the operator, with the reference of the paper.',
      access: 'terms.accept',
      body: { kinds: ['json'], schema: acceptBody },
      refusals: ['not_found', 'invalid_request', 'terms_outdated'],
      async handle(input) {
        const { account } = input.params
        const onPaper = input.body.method === 'paper'
        if (onPaper && operatorFault(scopesIn(input.caller, account), FOR_ADMINS) !== null) throw paperIsForOperator()
        const target = { account, id: account, asker: askerOf(input, account) }
        const { terms } = await acceptTerms(deps, target, input.body)
        return { status: 200, body: terms }
      },
    }),
  ]
}

function paperIsForOperator(): Refusal {
  return new Refusal('forbidden', {
    detail: 'An acceptance on paper is recorded by people of account operator with role admin. You can accept online.',
  })
}
