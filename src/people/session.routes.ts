/** Who calls, and the sessions of people. */
import { z } from 'zod'
import { refuseForeignPage } from '../web/cross-site.ts'
import { accountId } from '../web/params.ts'
import type { Principal } from '../web/principal.ts'
import type { RequestFacts } from '../web/request.ts'
import { type Reply, type Route, route } from '../web/route.ts'
import { createSessionCookie, type SessionCookie } from '../web/session-cookie.ts'
import { changePassword } from './change-password.ts'
import type { From, PeopleDeps } from './deps.ts'
import type { SignedIn } from './session.rules.ts'
import { endOtherSessions, endSession, listSessions } from './sessions.ts'
import { givenPassword, newPassword, sessionShape, showSession, whoamiShape } from './shape.ts'
import { signIn } from './sign-in.ts'
import { describeCaller } from './whoami.ts'

const signInBody = z
  .strictObject({
    email: z.string().min(1).max(320),
    password: givenPassword,
    account: accountId.optional().meta({ description: "The account to open; the person's oldest unless said." }),
  })
  .meta({ id: 'SignIn' })
const passwordBody = z.strictObject({ current: givenPassword, password: newPassword }).meta({ id: 'ChangePassword' })
const sessionParams = z.object({ session: z.string().regex(/^ses_[0-9a-f]{32}$/) })
const sessionList = z
  .object({ items: z.array(sessionShape), nextCursor: z.null() })
  .meta({ id: 'SessionList', description: 'All of them: they are few.' })

const SESSION = '/manage/session'
const SESSIONS = '/manage/sessions'
const SHARED = { tag: 'you and the catalog', errors: 'problem' } as const
const COOKIE = { 'Set-Cookie': 'The session. HttpOnly, SameSite=Strict, and over https Secure with prefix `__Host-`.' }
const WHO = { description: 'The caller.', content: { 'application/json': whoamiShape } }
const ENDED = { description: 'Done.' }

export function sessionRoutes(deps: PeopleDeps): Route[] {
  const cookie = createSessionCookie(deps.publicUrl)
  return [whoami(deps), ...ownSession(deps, cookie), ...ownSessions(deps, cookie), password(deps, cookie)]
}

function whoami({ store }: PeopleDeps): Route {
  return route({
    ...SHARED,
    method: 'get',
    path: '/manage/whoami',
    operationId: 'whoami',
    summary: 'Who am I?',
    access: 'whoami.describe',
    answers: { 200: WHO },
    refusals: [],
    handle: async ({ caller }) => ({ status: 200, body: await describeCaller(store, caller) }),
  })
}

function ownSession(deps: PeopleDeps, cookie: SessionCookie): Route[] {
  return [
    route({
      ...SHARED,
      method: 'post',
      path: SESSION,
      operationId: 'signIn',
      summary: 'Sign in',
      description:
        'For people. The session rides in a cookie; changes made with it must come from a page of this site. ' +
        'It ends after 30 minutes without use, 12 hours after it began, and where its browser signs the same person in again.',
      access: 'public',
      body: { kinds: ['json'], schema: signInBody },
      answers: { 200: { ...WHO, headers: COOKIE } },
      refusals: ['invalid_request', 'invalid_credentials', 'cross_site', 'rate_limited', 'busy', 'store_unavailable'],
      async handle({ body, request }) {
        refuseForeignPage(request, new URL(deps.publicUrl).origin)
        const { token, caller } = await signIn(deps, body, fromOf(request), cookie.read(request.header('cookie')))
        return withCookie(cookie.set(token), { status: 200, body: await describeCaller(deps.store, caller) })
      },
    }),
    route({
      ...SHARED,
      method: 'get',
      path: SESSION,
      operationId: 'describeSession',
      summary: 'Who is signed in?',
      access: 'session.describe',
      answers: { 200: WHO },
      refusals: [],
      handle: async ({ caller }) => ({ status: 200, body: await describeCaller(deps.store, caller) }),
    }),
    route({
      ...SHARED,
      method: 'delete',
      path: SESSION,
      operationId: 'signOut',
      summary: 'Sign out',
      access: 'session.end',
      answers: { 204: { ...ENDED, headers: COOKIE } },
      refusals: ['cross_site'],
      async handle({ caller, request }) {
        const person = personOf(caller)
        await endSession(deps, person, person.sessionId, request.id)
        return withCookie(cookie.clear(), { status: 204 })
      },
    }),
  ]
}

function ownSessions(deps: PeopleDeps, cookie: SessionCookie): Route[] {
  return [
    route({
      ...SHARED,
      method: 'get',
      path: SESSIONS,
      operationId: 'listSessions',
      summary: 'List my sessions',
      access: 'sessions.list',
      answers: { 200: { description: 'Oldest first.', content: { 'application/json': sessionList } } },
      refusals: [],
      async handle({ caller }) {
        const person = personOf(caller)
        const items = (await listSessions(deps, person)).map((session) => showSession(session, person.sessionId))
        return { status: 200, body: { items, nextCursor: null } }
      },
    }),
    route({
      ...SHARED,
      method: 'delete',
      path: SESSIONS,
      operationId: 'endOtherSessions',
      summary: 'End all my other sessions',
      access: 'sessions.end',
      answers: { 204: ENDED },
      refusals: ['cross_site'],
      async handle({ caller, request }) {
        await endOtherSessions(deps, personOf(caller), request.id)
        return { status: 204 }
      },
    }),
    route({
      ...SHARED,
      method: 'delete',
      path: `${SESSIONS}/{session}`,
      operationId: 'endSession',
      summary: 'End one of my sessions',
      access: 'sessions.end',
      params: sessionParams,
      answers: { 204: ENDED },
      refusals: ['cross_site', 'not_found'],
      async handle({ params: { session }, caller, request }) {
        const person = personOf(caller)
        await endSession(deps, person, session, request.id)
        const own = session === person.sessionId
        return own ? withCookie(cookie.clear(), { status: 204 }) : { status: 204 }
      },
    }),
  ]
}

function password(deps: PeopleDeps, cookie: SessionCookie): Route {
  return route({
    ...SHARED,
    method: 'put',
    path: `${SESSION}/password`,
    operationId: 'changePassword',
    summary: 'Change my password',
    description: 'Ends every other session; this one goes on in a new cookie.',
    access: 'password.change',
    body: { kinds: ['json'], schema: passwordBody },
    answers: { 204: { ...ENDED, headers: COOKIE } },
    refusals: ['invalid_request', 'invalid_credentials', 'cross_site', 'rate_limited', 'busy', 'conflict'],
    async handle({ caller, body, request }) {
      const token = await changePassword(deps, personOf(caller), body, fromOf(request))
      return withCookie(cookie.set(token), { status: 204 })
    },
  })
}

function withCookie(value: string, reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'Set-Cookie': value, 'Cache-Control': 'no-store' } }
}

/** The guard lets nobody else in here. */
function personOf(caller: Principal): SignedIn {
  if (caller.type !== 'person') throw new TypeError('a program on a route for people')
  return caller
}

/** Longest that is kept of a User-Agent. */
const MAX_USER_AGENT = 256

export function fromOf(request: RequestFacts): From {
  const { id, address } = request
  return { address, userAgent: (request.header('user-agent') ?? '').slice(0, MAX_USER_AGENT), requestId: id }
}
