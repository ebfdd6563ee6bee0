/** The link of an invitation: a form for people, JSON for programs. */
import { z } from 'zod'
import { refuseForeignPage } from '../web/cross-site.ts'
import { orPage, wantsPage } from '../web/link-page.ts'
import { type Reply, type Route, route } from '../web/route.ts'
import { acceptInvitation } from './accept.ts'
import type { PeopleDeps } from './deps.ts'
import { type FoundInvitation, findInvitation } from './find.ts'
import { showMember } from './member.rules.ts'
import { passwordPage, signInPage } from './password-page.ts'
import { fromOf } from './session.routes.ts'
import { givenPassword, memberShape } from './shape.ts'

/** Whatever it looks like, the answer is a page where a page is read. */
const linkParams = z.object({ token: z.string() })
const acceptBody = z
  .strictObject({
    password: givenPassword.meta({
      description: 'The one you sign in with here, or, if you have none yet, a new one of 12 to 1,024 characters.',
    }),
  })
  .meta({ id: 'AcceptInvitation' })
const accepted = z.object({ account: z.string(), member: memberShape }).meta({ id: 'AcceptedInvitation' })

const INVITATION = '/invitations/{token}'
const SHARED = { tag: 'people', errors: 'problem', access: 'public', path: INVITATION, params: linkParams } as const
const PAGE = z.string()

export function invitationRoutes(deps: PeopleDeps): Route[] {
  return [
    route({
      ...SHARED,
      method: 'get',
      operationId: 'showInvitation',
      summary: 'Open an invitation',
      answers: { 200: { description: 'A page with a form.', content: { 'text/html': PAGE } } },
      refusals: ['not_found', 'link_used', 'store_unavailable'],
      handle: ({ params: { token }, request }) =>
        orPage(request, async () => formPage(await findInvitation(deps.store, token, deps.now()))),
    }),
    route({
      ...SHARED,
      method: 'post',
      operationId: 'acceptInvitation',
      summary: 'Accept an invitation',
      body: { kinds: ['json', 'form'], schema: acceptBody },
      answers: {
        200: { description: 'Accepted; now sign in.', content: { 'application/json': accepted, 'text/html': PAGE } },
      },
      refusals: [
        'invalid_request',
        'not_found',
        'link_used',
        'invalid_credentials',
        'cross_site',
        'rate_limited',
        'busy',
        'conflict',
        'store_unavailable',
      ],
      handle: ({ params: { token }, body: { password }, request }) =>
        orPage(request, async () => {
          refuseForeignPage(request, new URL(deps.publicUrl).origin)
          const found = await acceptInvitation(deps, token, password, fromOf(request))
          if (!wantsPage(request)) return answerOf(found)
          return signInPage(`Welcome to ${found.account.name}`, found.person.email, deps.publicUrl)
        }),
    }),
  ]
}

function answerOf({ account, member, person }: FoundInvitation): Reply {
  const body = { account: account.id, member: showMember(member, person) }
  return { status: 200, headers: { 'Cache-Control': 'no-store' }, body }
}

/** The same whether the address has a password here or not: whoever invites somebody is not told. */
function formPage({ account, member, person }: FoundInvitation): Reply {
  return passwordPage({
    title: `Join ${account.name}`,
    text: `${member.name}, you are invited as ${member.role} with ${person.email}.`,
    email: person.email,
    hint: 'The password you sign in with here, or, if you have none yet, a new one of at least 12 characters.',
    autocomplete: 'current-password',
    button: 'Accept the invitation',
  })
}
