import { z } from 'zod'
import { askerOf } from '../web/asker.ts'
import { type Cursors, DEFAULT_PAGE, pageOf, pageQuery } from '../web/cursor.ts'
import { describe, described, etagOf } from '../web/etag.ts'
import { accountParams } from '../web/params.ts'
import { customData, oneLine } from '../web/prose.ts'
import { type Input, type Route, route } from '../web/route.ts'
import { rolesIn } from './access.rules.ts'
import type { PeopleDeps } from './deps.ts'
import { findMember } from './find.ts'
import { showMember } from './member.rules.ts'
import { editMember, inviteMember, listMembers, type MembersAsker, removeMember } from './members.ts'
import { ROLES } from './rules.ts'
import { emailAddress, memberShape } from './shape.ts'

export const memberParams = accountParams.extend({ member: z.string().regex(/^usr_[0-9A-Za-z]{16}$/) })
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
export const MEMBER = `${MEMBERS}/{member}`
const SHARED = { tag: 'people', errors: 'problem' } as const
const ONE = described('The member.', memberShape)

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
    idempotent: { oneTime: ['invitationUrl'] },
    params: accountParams,
    body: { kinds: ['json'], schema: inviteBody },
    answers: { 201: described('The member, and the link.', invited) },
    refusals: ['invalid_request', 'exceeds_your_rights', 'unknown_holder', 'already_exists', 'cross_site'],
    async handle(input) {
      const { account } = input.params
      const answer = await inviteMember(deps, account, input.body, giverOf(input, account))
      const Location = `${MEMBERS.replace('{account}', account)}/${answer.member.id}`
      return { status: 201, headers: { Location, ETag: etagOf(answer.member) }, body: answer }
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
        return describe(showMember(member, person))
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
      ifMatch: true,
      params: memberParams,
      body: { kinds: ['json'], schema: changeBody },
      answers: { 200: ONE },
      refusals: ['invalid_request', 'exceeds_your_rights', 'unknown_holder', 'last_owner', 'cross_site'],
      async handle(input) {
        const { account, member: id } = input.params
        const target = { account, id, expected: input.expected, asker: giverOf(input, account) }
        return describe(await editMember(deps, target, input.body))
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
      async handle(input) {
        const { account, member } = input.params
        await removeMember(deps, account, member, giverOf(input, account))
        return { status: 204 }
      },
    }),
  ]
}

function giverOf(input: Input<unknown, unknown, unknown>, account: string): MembersAsker {
  const { caller } = input
  const giver = caller.type === 'program' ? { scopes: caller.scopes } : { roles: rolesIn(caller.memberships, account) }
  return { ...askerOf(input, account), giver }
}
