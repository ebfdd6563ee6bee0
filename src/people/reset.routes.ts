/** A new password for whoever lost theirs: the link, made by an admin of the operator, and what it leads to. */
import { z } from 'zod'
import { askerOf } from '../web/asker.ts'
import { refuseForeignPage } from '../web/cross-site.ts'
import { orPage, wantsPage } from '../web/link-page.ts'
import { nothing } from '../web/params.ts'
import { type Route, route } from '../web/route.ts'
import type { PeopleDeps } from './deps.ts'
import { findReset } from './find.ts'
import { MEMBER, memberParams } from './members.routes.ts'
import { passwordPage, signInPage } from './password-page.ts'
import { issueReset, resetPassword } from './reset-password.ts'
import { fromOf } from './session.routes.ts'
import { givenPassword } from './shape.ts'

const linkParams = z.object({ token: z.string() })
const chosen = z
  .strictObject({ password: givenPassword.meta({ description: 'Of your choice, 12 to 1,024 characters.' }) })
  .meta({ id: 'ResetPassword' })
const issued = z
  .object({
    url: z.string().meta({
      description: 'Give it to the person. Good once, for a day; shown in this answer and never again.',
    }),
  })
  .meta({ id: 'PasswordReset' })
const done = z.object({ email: z.string() }).meta({ id: 'PasswordWasReset' })

const PAGE = z.string()
const SHARED = { tag: 'people', errors: 'problem' } as const
const LINK = { ...SHARED, access: 'public', path: '/password-resets/{token}', params: linkParams } as const

export function resetRoutes(deps: PeopleDeps): Route[] {
  return [issue(deps), show(deps), use(deps)]
}

function issue(deps: PeopleDeps): Route {
  return route({
    ...SHARED,
    method: 'post',
    path: `${MEMBER}/password-reset`,
    operationId: 'issuePasswordReset',
    summary: 'Let a member choose a new password',
    description:
      'For admins of the operator, once they are sure whom they give the link to. The link before ends. ' +
      'Using it sets the password of the person, in every account, and ends all of their sessions.',
    access: 'members.reset_password',
    idempotent: { oneTime: ['url'] },
    params: memberParams,
    body: nothing,
    answers: { 201: { description: 'The link.', content: { 'application/json': issued } } },
    refusals: ['invalid_request', 'cross_site', 'conflict'],
    async handle(input) {
      const { account, member } = input.params
      return { status: 201, body: await issueReset(deps, account, member, askerOf(input, account)) }
    },
  })
}

function show(deps: PeopleDeps): Route {
  return route({
    ...LINK,
    method: 'get',
    operationId: 'showPasswordReset',
    summary: 'Open a link to a new password',
    description: 'Shows a form and does nothing.',
    answers: { 200: { description: 'A page with a form.', content: { 'text/html': PAGE } } },
    refusals: ['not_found', 'link_used', 'store_unavailable'],
    handle: ({ params: { token }, request }) =>
      orPage(request, async () => formPage((await findReset(deps.store, token, deps.now())).person)),
  })
}

function use(deps: PeopleDeps): Route {
  return route({
    ...LINK,
    method: 'post',
    operationId: 'resetPassword',
    summary: 'Choose a new password, once',
    description: 'Every session of the person ends.',
    body: { kinds: ['json', 'form'], schema: chosen },
    answers: {
      200: { description: 'Done; now sign in.', content: { 'application/json': done, 'text/html': PAGE } },
    },
    refusals: ['invalid_request', 'not_found', 'link_used', 'cross_site', 'busy', 'conflict', 'store_unavailable'],
    handle: ({ params: { token }, body: { password }, request }) =>
      orPage(request, async () => {
        refuseForeignPage(request, new URL(deps.publicUrl).origin)
        const email = await resetPassword(deps, token, password, fromOf(request))
        if (wantsPage(request)) return signInPage('Your password is changed', email, deps.publicUrl)
        return { status: 200, headers: { 'Cache-Control': 'no-store' }, body: { email } }
      }),
  })
}

function formPage({ email }: { email: string }) {
  return passwordPage({
    title: 'Choose a new password',
    text: `For ${email}. Wherever you are signed in, you will be signed out.`,
    email,
    hint: 'At least 12 characters.',
    autocomplete: 'new-password',
    button: 'Change the password',
  })
}
