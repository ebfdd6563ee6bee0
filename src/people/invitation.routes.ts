/** The link of an invitation: a form for people, JSON for programs. */
import { z } from 'zod'
import { refuseForeignPage } from '../web/cross-site.ts'
import { escapeHtml } from '../web/docs/page.ts'
import { linkReply, orPage, wantsPage } from '../web/link-page.ts'
import { type Reply, type Route, route } from '../web/route.ts'
import { acceptInvitation } from './accept.ts'
import type { PeopleDeps } from './deps.ts'
import { type FoundInvitation, findInvitation } from './find.ts'
import { choosesPassword } from './invitation.rules.ts'
import { showMember } from './member.rules.ts'
import { fromOf } from './session.routes.ts'
import { givenPassword, memberShape } from './shape.ts'

/** Whatever it looks like, the answer is a page where a page is read. */
const linkParams = z.object({ token: z.string() })
const acceptBody = z
  .strictObject({
    password: givenPassword.meta({
      description: 'Of your choice, 12 to 1,024 characters; or the one you have, where you have signed in before.',
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
          return wantsPage(request) ? donePage(found, deps.publicUrl) : answerOf(found)
        }),
    }),
  ]
}

function answerOf({ account, member, person }: FoundInvitation): Reply {
  const body = { account: account.id, member: showMember(member, person) }
  return { status: 200, headers: { 'Cache-Control': 'no-store' }, body }
}

function formPage({ account, member, person }: FoundInvitation): Reply {
  const chooses = choosesPassword(member, person)
  const [what, how] = chooses
    ? ['Choose a password', 'autocomplete="new-password" minlength="12"']
    : ['Your password', 'autocomplete="current-password"']
  const hint = chooses ? 'At least 12 characters.' : 'You have signed in here before: give the password that you have.'
  return linkReply(
    200,
    `Join ${account.name}`,
    `<p>${escapeHtml(member.name)}, you are invited as ${member.role} with ${escapeHtml(person.email)}.</p>
<form method="post">
<input type="hidden" name="username" value="${escapeHtml(person.email)}" autocomplete="username" disabled>
<label for="password">${what}</label>
<input id="password" name="password" type="password" ${how} maxlength="1024" required autofocus aria-describedby="hint">
<p id="hint">${hint}</p>
<button>Accept the invitation</button>
</form>`,
  )
}

function donePage({ account, person }: FoundInvitation, publicUrl: string): Reply {
  const text = `<p>You can now sign in at <a href="${escapeHtml(publicUrl)}/">${escapeHtml(publicUrl)}</a> as ${escapeHtml(person.email)}.</p>`
  return linkReply(200, `Welcome to ${account.name}`, text)
}
