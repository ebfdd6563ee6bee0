import { z } from 'zod'
import { type Cursors, DEFAULT_PAGE, pageOf, pageQuery } from '../web/cursor.ts'
import { accountParams } from '../web/params.ts'
import { actorOf, type Principal } from '../web/principal.ts'
import { customData, oneLine } from '../web/prose.ts'
import type { RequestFacts } from '../web/request.ts'
import { type Route, route } from '../web/route.ts'
import { rolesIn } from './access.rules.ts'
import type { PeopleDeps } from './deps.ts'
import { findMember } from './find.ts'
import { showMember } from './member.rules.ts'
import { editMember, inviteMember, listMembers, type MembersAsker, removeMember } from './members.ts'
import { ROLES } from './rules.ts'
import { emailAddress, memberShape } from './shape.ts'

const memberParams = accountParams.extend({ member: z.string().regex(/^usr_[0-9A-Za-z]{16}$/) })
const listQuery = z.strictObject({
  ...pageQuery,
  role: z.enum(ROLES).optional(),
  status: z.enum(['invited', 'active', 'disabled']).optional(),
})
const holderId = z.string().max(64).nullable().meta({ description: 'For role `holder`, and for no other.' })
const inviteBody = z
  .strictObject({
    email: emailAddress,
    role: z.enum(ROLES),
    name: oneLine(100),
    holderId: holderId.default(null),
  })
  .meta({ id: 'InviteMember' })
const changeBody = z
  .strictObject({
    name: oneLine(100).optional(),
    role: z.enum(ROLES).optional(),
    status: z.enum(['active', 'disabled']).optional(),
    holderId: holderId.optional(),
    customData: customData.optional(),
  })
  .meta({ id: 'ChangeMember' })
const invited = z
  .object({
    member: memberShape,
    invitationUrl: z.string().meta({
      description: 'Give it to the person. Good once, for seven days; shown in this answer and never again.',
    }),
  })
  .meta({ id: 'InvitedMember' })

const MEMBERS = '/manage/accounts/{account}/members'
const MEMBER = `${MEMBERS}/{member}`
const SHARED = { tag: 'people', errors: 'problem' } as const
const ONE = { description: 'The member.', content: { 'application/json': memberShape } }

export function memberRoutes(deps: PeopleDeps & { cursors: Cursors }): Route[] {
  return [list(deps), invite(deps), ...one(deps)]
}

function list({ store, cursors }: PeopleDeps & { cursors: Cursors }): Route {
  return route({
    ...SHARED,
    method: 'get',
    path: MEMBERS,
    operationId: 'listMembers',
    summary: 'List members',
    access: 'members.list',
    params: accountParams,
    query: listQuery,
    answers: {
      200: {
        description: 'A page of members, oldest first.',
        content: { 'application/json': pageOf(memberShape, 'MemberPage') },
      },
    },
    refusals: ['invalid_request'],
    async handle({ params: { account }, query: { limit = DEFAULT_PAGE, cursor, role, status } }) {
      const where = { ...(role === undefined ? {} : { role }), ...(status === undefined ? {} : { status }) }
      const of = `${MEMBERS} ${account} ${JSON.stringify(where)}`
      const after = cursors.read(of, cursor)
      const { items, next } = await listMembers(store, account, {
        limit,
        where,
        ...(after === undefined ? {} : { after }),
      })
      return { status: 200, body: { items, nextCursor: cursors.write(of, next) } }
    },
  })
}

function invite(deps: PeopleDeps): Route {
  return route({
    ...SHARED,
    method: 'post',
    path: MEMBERS,
    operationId: 'inviteMember',
    summary: 'Invite somebody',
    description:
      'Whoever was invited and has not accepted yet is invited anew; the link before ends. ' +
      'Roles admin and support are of account operator, and only an admin gives them.',
    access: 'members.invite',
    params: accountParams,
    body: { kinds: ['json'], schema: inviteBody },
    answers: { 201: { description: 'The member, and the link.', content: { 'application/json': invited } } },
    refusals: ['invalid_request', 'exceeds_your_rights', 'unknown_holder', 'already_exists', 'cross_site'],
    async handle({ params: { account }, body, caller, request }) {
      const answer = await inviteMember(deps, account, body, askerOf(caller, account, request))
      const Location = `${MEMBERS.replace('{account}', account)}/${answer.member.id}`
      return { status: 201, headers: { Location, ETag: `"${answer.member.version}"` }, body: answer }
    },
  })
}

function one(deps: PeopleDeps): Route[] {
  return [
    route({
      ...SHARED,
      method: 'get',
      path: MEMBER,
      operationId: 'describeMember',
      summary: 'Describe a member',
      access: 'members.describe',
      params: memberParams,
      answers: { 200: ONE },
      refusals: [],
      async handle({ params: { account, member: id } }) {
        const { member, person } = await findMember(deps.store, account, id)
        return { status: 200, headers: { ETag: `"${member.version}"` }, body: showMember(member, person) }
      },
    }),
    route({
      ...SHARED,
      method: 'patch',
      path: MEMBER,
      operationId: 'changeMember',
      summary: 'Change a member',
      description: 'Where their rights change, their sessions end at once. The last active owner stays one.',
      access: 'members.change',
      params: memberParams,
      body: { kinds: ['json'], schema: changeBody },
      answers: { 200: ONE },
      refusals: ['invalid_request', 'exceeds_your_rights', 'unknown_holder', 'last_owner', 'cross_site'],
      async handle({ params: { account, member }, body, caller, request }) {
        const shown = await editMember(deps, account, member, body, askerOf(caller, account, request))
        return { status: 200, headers: { ETag: `"${shown.version}"` }, body: shown }
      },
    }),
    route({
      ...SHARED,
      method: 'delete',
      path: MEMBER,
      operationId: 'removeMember',
      summary: 'Remove a member, or cancel an invitation',
      description: 'Their sessions end at once. The last active owner stays.',
      access: 'members.remove',
      params: memberParams,
      answers: { 204: { description: 'Removed.' } },
      refusals: ['exceeds_your_rights', 'last_owner', 'cross_site'],
      async handle({ params: { account, member }, caller, request }) {
        await removeMember(deps, account, member, askerOf(caller, account, request))
        return { status: 204 }
      },
    }),
  ]
}

function askerOf(caller: Principal, account: string, request: RequestFacts): MembersAsker {
  const giver = caller.type === 'program' ? { scopes: caller.scopes } : { roles: rolesIn(caller.memberships, account) }
  return { actor: actorOf(caller, account), requestId: request.id, giver }
}
