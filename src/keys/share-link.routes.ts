/** The link behind which a fresh secret is made: a button for people, JSON for programs. */
import { z } from 'zod'
import type { NamespaceEntry } from '../catalog.ts'
import { refuseForeignPage } from '../web/cross-site.ts'
import { escapeHtml } from '../web/docs/page.ts'
import { LINK_PAGE_HEADERS, linkReply, orPage, wantsPage } from '../web/link-page.ts'
import { type Reply, type Route, route } from '../web/route.ts'
import { ACCOUNT_REFUSALS } from './admission.rules.ts'
import { type FoundShare, findShare, type OpenedShare, openShare } from './open-share.ts'
import type { RotateDeps } from './rotate.ts'
import { deadline, liveSecrets, runningRotation } from './rotation.rules.ts'
import type { ApiKey } from './rules.ts'
import type { Share } from './share.rules.ts'

const linkParams = z.object({ token: z.string() })
const opened = z
  .object({
    account: z.string(),
    key: z.object({
      id: z.string(),
      name: z.string(),
      namespace: z.string(),
      kind: z.enum(['secret', 'publishable']),
    }),
    secret: z.string().meta({ description: 'The API key. Shown in this answer and never again.' }),
    exchangeUrl: z.string().meta({ format: 'uri', description: 'Where it is exchanged for a token.' }),
    documentationUrl: z.string().meta({ format: 'uri' }),
    guideUrl: z.string().meta({ format: 'uri', description: 'The partner guide: how to use the key.' }),
  })
  .meta({ id: 'OpenedShare' })

const PAGE = z.string()
const SHARED = {
  tag: 'keys',
  errors: 'problem',
  access: 'public',
  path: '/share/{token}',
  params: linkParams,
} as const
const REFUSALS = [
  'not_found',
  'link_used',
  'key_suspended',
  'holder_suspended',
  ...ACCOUNT_REFUSALS,
  'store_unavailable',
] as const

export function shareLinkRoutes(deps: RotateDeps): Route[] {
  return [
    route({
      ...SHARED,
      method: 'get',
      operationId: 'showShare',
      summary: 'Look at a share link',
      description: 'Shows a button and does nothing: whoever only previews the link opens nothing.',
      answers: { 200: { description: 'A page with a button.', content: { 'text/html': PAGE } } },
      refusals: REFUSALS,
      handle: ({ params: { token }, request }) =>
        orPage(request, async () => buttonPage(await findShare(deps, token), deps.now())),
    }),
    route({
      ...SHARED,
      method: 'post',
      operationId: 'openShare',
      summary: 'Open a share link, once',
      description: 'The key gets a fresh secret, and here it is. Its present one ends after the overlap.',
      body: { kinds: ['json', 'form'], schema: z.strictObject({}), optional: true },
      answers: {
        200: { description: 'The fresh secret.', content: { 'application/json': opened, 'text/html': PAGE } },
      },
      refusals: ['invalid_request', 'cross_site', 'rotation_in_progress', 'conflict', ...REFUSALS],
      handle: ({ params: { token }, request }) =>
        orPage(request, async () => {
          refuseForeignPage(request, new URL(deps.publicUrl).origin)
          const share = await openShare(deps, token, { address: request.address, requestId: request.id })
          return wantsPage(request) ? secretPage(share, linksOf(deps, share)) : answerOf(share, linksOf(deps, share))
        }),
    }),
  ]
}

interface Links {
  exchangeUrl: string
  documentationUrl: string
  guideUrl: string
}

function linksOf({ catalog, publicUrl }: RotateDeps, { key: { namespace } }: OpenedShare): Links {
  const { issuer } = catalog.namespaces.get(namespace) as NamespaceEntry
  return {
    exchangeUrl: `${issuer}/jwts`,
    documentationUrl: `${publicUrl}/docs?ns=${namespace}`,
    guideUrl: `${publicUrl}/guide?ns=${namespace}`,
  }
}

function answerOf({ account, key, secret }: OpenedShare, links: Links): Reply {
  return { status: 200, headers: LINK_PAGE_HEADERS, body: { account: account.id, key, secret, ...links } }
}

function buttonPage({ account, share, found: { key } }: FoundShare, now: number): Reply {
  const more = whatBecomesOfTheOld(key, share, now)
  return linkReply(
    200,
    `${account.name} shares an API key with you`,
    `<p>“${escapeHtml(key.name)}”, for ${escapeHtml(key.namespace)}. The button makes a new secret for it and shows it once, so have a safe place ready. ${more}</p>
<form method="post"><button>Show the API key</button></form>`,
  )
}

function whatBecomesOfTheOld(key: ApiKey, { overlapSeconds }: Share, now: number): string {
  if (liveSecrets(key, now).length === 0) return ''
  const running = runningRotation(key, now)
  const endsAt = running?.endsAt ?? deadline(key, now + overlapSeconds * 1000)
  if (endsAt <= now) return 'The one in use now ends at once.'
  return `The one in use now goes on for ${inWords(endsAt - now)}, so that you can change over in peace.`
}

const UNITS = [
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
  { unit: 'second', ms: 1_000 },
] as const

/** In the largest unit of which it is two or more, rounded down. */
function inWords(ms: number): string {
  const { unit, ms: one } = UNITS.find((each) => ms >= 2 * each.ms) ?? UNITS[2]
  const count = Math.max(1, Math.floor(ms / one))
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}

function secretPage({ key, secret }: OpenedShare, { exchangeUrl, documentationUrl, guideUrl }: Links): Reply {
  const curl = `curl -X POST ${exchangeUrl} \\\n  -H 'X-API-Key: ${secret}'`
  return linkReply(
    200,
    'Your API key',
    `<p>This is “${escapeHtml(key.name)}”. It is shown once: copy it now, and keep it where you keep passwords.</p>
<pre id="secret">${escapeHtml(secret)}</pre>
<p>Exchange it for a token that is good for a few minutes, and send that with your calls as <code>Authorization: Bearer</code>:</p>
<pre>${escapeHtml(curl)}</pre>
<p>Where to keep it, when to fetch the next token and when to try again: <a href="${escapeHtml(guideUrl)}">Partner guide</a>.
Every endpoint: <a href="${escapeHtml(documentationUrl)}">Documentation</a>.</p>`,
  )
}
