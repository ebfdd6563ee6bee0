/** `POST /{ns}/oauth/introspect` and `…/revoke`: what becomes of a token that was issued. */
import { z } from 'zod'
import type { NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Denials } from '../events/denials.ts'
import type { Signer } from '../signing/keyring.ts'
import type { IdentifyPrincipal } from '../web/principal.ts'
import type { RequestFacts } from '../web/request.ts'
import { type Reply, type Route, route } from '../web/route.ts'
import { type CallerDeps, requireClient } from './callers.ts'
import { type ClientParameters, readClient } from './client.ts'
import { type Inquirer, type IntrospectDeps, type Introspection, introspect } from './introspect.ts'
import { clientParameters } from './oauth.routes.ts'
import { isKeyLike, type RevokeDeps, revokeByPossession, revokeToken } from './revoke.ts'
import { NO_STORE } from './shapes.ts'

export interface InquiryDeps extends CallerDeps, IntrospectDeps, RevokeDeps {
  identify: IdentifyPrincipal
  denials: Denials
  signer: (namespace: string) => Signer
  now: () => number
}

const token = z.string().min(1).meta({ description: 'The token.', format: 'password' })
const form = z.looseObject({ ...clientParameters, token: token.optional() })
const shownForm = z.object({
  token,
  token_type_hint: z.string().optional().meta({ description: 'Not needed: every kind is looked for.' }),
  ...clientParameters,
})
type Form = z.output<typeof form>
const body = { kinds: ['form'], schema: form, shown: { form: shownForm } } as const

const JWT_ANSWER = 'application/token-introspection+jwt'
const introspection = z
  .looseObject({ active: z.boolean(), token_type: z.enum(['Bearer', 'DPoP']).optional() })
  .meta({ id: 'Introspection' })

function shared(namespace: NamespaceEntry) {
  return {
    namespace: namespace.id,
    cors: true,
    access: 'public',
    method: 'post',
    tag: 'oauth',
    errors: 'oauth',
    body,
  } as const
}

export function introspectRoute(namespace: NamespaceEntry, deps: InquiryDeps): Route {
  return route<unknown, unknown, Form>({
    ...shared(namespace),
    path: `/${namespace.id}/oauth/introspect`,
    operationId: 'introspect',
    summary: 'Introspect a token (RFC 7662)',
    description:
      'A key of this namespace asks about its own tokens; a program with a management token and `tokens:introspect` about those of its account. ' +
      `\`Accept: ${JWT_ANSWER}\` answers a signed JWT (RFC 9701).`,
    answers: {
      200: {
        description: 'Whether it is active, and if so what it says.',
        content: { 'application/json': introspection, [JWT_ANSWER]: z.string() },
      },
    },
    refusals: [
      'invalid_request',
      'invalid_client',
      'invalid_token',
      'insufficient_scope',
      'rate_limited',
      'store_unavailable',
    ],
    async handle({ body, request }) {
      const signed = request.accepts('application/json', JWT_ANSWER) === JWT_ANSWER
      const inquirer = await readInquirer(namespace, deps, body, request, signed)
      const told = await introspect(deps, namespace, required(body), inquirer).catch((error: unknown) => {
        const attempt = { action: 'tokens.introspect', params: {}, requestId: request.id }
        if ('caller' in inquirer) deps.denials.note({ caller: inquirer.caller, ...attempt }, error)
        throw error
      })
      return signed ? answerSigned(namespace, deps, told, inquirer) : { status: 200, headers: NO_STORE, body: told }
    },
  })
}

export function revokeRoute(namespace: NamespaceEntry, deps: InquiryDeps): Route {
  return route<unknown, unknown, Form>({
    ...shared(namespace),
    path: `/${namespace.id}/oauth/revoke`,
    operationId: 'revoke',
    summary: 'Revoke a token or a key (RFC 7009)',
    description:
      'An access token of the calling client is denied, with those exchanged from it: introspection and this server refuse it at once, ' +
      `resource servers that follow the stream of revocations within a second, others with their next status list, after at most ${namespace.statusListTtlSeconds} seconds. ` +
      'A secret API key is revoked by whoever presents it as `token`; nothing else is needed.',
    answers: { 200: { description: 'It is revoked, or was no good before.' } },
    refusals: ['invalid_request', 'invalid_client', 'unsupported_token_type', 'rate_limited', 'store_unavailable'],
    async handle({ body, request }) {
      // Blanks around it, as files have them, are none of it: an answer of 200 must not leave it alive.
      const token = required(body).trim()
      const credential = readClient(body as ClientParameters, request)
      const isKey = isKeyLike(token, deps.authentication.catalog)
      if (credential === null && !isKey) throw new Refusal('invalid_client')
      const presented = { namespace, asClient: true }
      const client = credential && (await requireClient(deps, { ...presented, credential }, request.address))
      if (isKey) await revokeByPossession(deps, namespace, token, request)
      else if (client !== null) await revokeToken(deps, client, token, request.id)
      return { status: 200, headers: NO_STORE }
    },
  })
}

function required({ token }: Form): string {
  if (token !== undefined) return token
  throw new Refusal('invalid_request', { detail: 'token is missing.' })
}

async function readInquirer(
  namespace: NamespaceEntry,
  deps: InquiryDeps,
  body: Form,
  request: RequestFacts,
  signed: boolean,
): Promise<Inquirer> {
  if (/^(bearer|dpop) /i.test(request.header('authorization') ?? '')) {
    if (body.client_secret || body.client_assertion) {
      throw new Refusal('invalid_request', { detail: 'The caller authenticates in more than one way. Use one.' })
    }
    return { caller: await deps.identify(request) }
  }
  const credential = readClient(body as ClientParameters, request)
  if (credential === null) {
    // RFC 9701 §5 has this case answered with 400.
    if (signed)
      throw new Refusal('invalid_request', { detail: 'Authenticate: a signed answer is made out to its caller.' })
    throw new Refusal('invalid_client')
  }
  const client = await requireClient(deps, { namespace, credential, asClient: true }, request.address)
  return { clientId: client.key.id }
}

/** RFC 9701 §5: no `sub` and no `exp` beside it, lest it be taken for an access token. */
async function answerSigned(
  namespace: NamespaceEntry,
  deps: InquiryDeps,
  told: Introspection,
  inquirer: Inquirer,
): Promise<Reply> {
  const claims = {
    iss: namespace.issuer,
    aud: 'clientId' in inquirer ? inquirer.clientId : inquirer.caller.id,
    iat: Math.floor(deps.now() / 1000),
    token_introspection: told,
  }
  const jwt = await deps.signer(namespace.id).sign({ typ: 'token-introspection+jwt' }, claims)
  return { status: 200, headers: NO_STORE, type: JWT_ANSWER, body: jwt }
}
