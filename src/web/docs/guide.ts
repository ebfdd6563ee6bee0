/** The partner guide: what whoever writes a partner's program has to know, for one namespace. */
import type { Catalog, NamespaceEntry } from '../../catalog.ts'
import { type Code, SENTENCES } from '../../errors.ts'
import { ADMISSION_REFUSALS } from '../../keys/admission.rules.ts'
import type { OpenApiDocument } from '../openapi.ts'
import { STATUS } from '../problems.ts'
import { type Commands, commandsFor } from './guide.commands.ts'
import { type Definition, escapeHtml, page, type Shell } from './page.ts'

export interface Guide extends Shell {
  catalog: Catalog
  namespace: NamespaceEntry
  /** Of every namespace, for the selector. */
  definitions: readonly Definition[]
  /** The OpenAPI document of the namespace. */
  document: OpenApiDocument
}

export function guidePage({ catalog, namespace, definitions, document, ...shell }: Guide): string {
  const commands = commandsFor(namespace, document)
  const { name } = definitions.find(({ id }) => id === namespace.id) as Definition
  return page(shell, {
    title: `Partner guide · ${name}`,
    section: 'Partner guide',
    styles: ['latchkey.css'],
    side: `<a class="lk-link" href="${shell.base}/docs?ns=${namespace.id}">API reference</a>`,
    body: `<main class="lk-text">
<h1>How to use an API key</h1>
<nav class="lk-jumps" aria-label="API">${definitions.map((one) => choice(one, namespace, shell)).join('')}</nav>
${stageNotice(namespace, catalog.support)}
${keySection(namespace)}
${exchangeSection(namespace, commands)}
${callSection(namespace, commands)}
${renewalSection(namespace)}
${retrySection(namespace)}
${refusalSection(shell)}
${rotationSection()}
${leakSection(commands, catalog.support)}
${helpSection(namespace, catalog.support, shell)}
</main>`,
  })
}

function choice({ id, name }: Definition, chosen: NamespaceEntry, { base }: Shell): string {
  const current = id === chosen.id ? ' aria-current="page"' : ''
  return `<a href="${base}/guide?ns=${id}"${current}>${escapeHtml(name)}</a>`
}

function stageNotice({ stage, label, title, sunsetAt }: NamespaceEntry, support: Catalog['support']): string {
  const until = sunsetAt === null ? '' : ` It is served until ${new Date(sunsetAt).toISOString().slice(0, 10)}.`
  const said = {
    stable: null,
    beta: `${title} is ${label ?? 'Experimental'}: it may still change, needs keys of its own, and is off for an account until ${support.name} turns it on.`,
    deprecated: `${title} is deprecated: build nothing new on it.${until}`,
    retired: `${title} is retired: its keys are not exchanged any more. Move to a newer one.`,
  }[stage]
  return said === null ? '' : `<p class="lk-notice">${escapeHtml(said)}</p>`
}

function keySection({ id, scopes }: NamespaceEntry): string {
  const open = [...scopes.values()].filter(({ publishable }) => publishable).map(({ name }) => code(name))
  const publishable =
    open.length === 0
      ? ''
      : `<p>A key that begins with ${code(`lk_${id}_pk_`)} is publishable: it may stand in a web page, works only from the
origins it was given, and can have ${open.join(', ')} and nothing else.</p>`
  return `<h2 id="key">The key</h2>
<p>A key that begins with ${code(`lk_${id}_sk_`)} is a secret: whoever has it acts in your name. Keep it where you keep
passwords, and hand it to your program as an environment variable. It never belongs in a web page, an app, a repository, an
address or a message. Use a key for each integration: then one can be replaced without the others.</p>
${publishable}`
}

function exchangeSection({ issuer, tokenTtlSeconds }: NamespaceEntry, { exchange, narrow }: Commands): string {
  const narrowing =
    narrow === null
      ? ''
      : `<p>A token can have less than its key: name what you need in <code>scope</code>, with spaces between. With
<code>Accept: application/json</code> the answer also tells <code>scope</code>, and in <code>expires_in</code> the seconds
the token is good for:</p>
${pre(narrow)}`
  return `<h2 id="exchange">Exchange it for a token</h2>
<p>The API does not take the key. It takes an access token, which you get for the key and which is good for up to
${tokenTtlSeconds} seconds. With the key in <code>LATCHKEY_API_KEY</code>:</p>
${pre(exchange)}
${narrowing}
<p>OAuth libraries work too: grant <code>client_credentials</code>, the key’s id (<code>key_…</code>) as
<code>client_id</code>, the key as <code>client_secret</code>, and ${code(`${issuer}/oauth/token`)} as token endpoint.</p>`
}

function callSection({ host }: NamespaceEntry, { call }: Commands): string {
  const own =
    host === null
      ? ''
      : `<p>Each account has an address of its own: ${code(host)}, with the account’s id in it unless you were given
another. A token works at the address of its account alone.</p>`
  return `<h2 id="call">Call the API</h2>
<p>Send the token, never the key, as <code>Authorization: Bearer</code>:</p>
${call === null ? '' : pre(call)}
${own}`
}

/** Part of a token's life after which the next one is fetched. */
const RENEW_AFTER = 0.8

function renewalSection({ tokenTtlSeconds }: NamespaceEntry): string {
  return `<h2 id="renewal">Fetch the next token in time</h2>
<ul>
<li>Keep a token in memory and use it for every call. To exchange the key for each call soon meets a limit.</li>
<li>Fetch the next one when 80 % of its life is over: ${Math.floor(tokenTtlSeconds * RENEW_AFTER)} seconds after you got
it, where it is good for ${tokenTtlSeconds}. If that fails, go on with the one you have until it ends.</li>
<li>Where the API answers 401, exchange the key once more and repeat the call once. A second 401 is final.</li>
</ul>`
}

function retrySection({ builtIn }: NamespaceEntry): string {
  const id = builtIn
    ? 'in the header <code>Idempotency-Key</code>'
    : 'in the field that the API reference names, or in the header <code>Idempotency-Key</code> where it says so'
  return `<h2 id="retries">When to try again</h2>
<dl>
<div><dt>400 to 499</dt><dd>Do not try again, but for the 401 above and for 408 and 429: the same request would be refused
again. The answer says what to change.</dd></div>
<div><dt>429</dt><dd>Wait as many seconds as <code>Retry-After</code> says, and try again.</dd></div>
<div><dt>500 to 599, 408, no answer</dt><dd>Try again with growing pauses: 1 second, 2, 4, 8, up to a minute, each
varied by chance so that your programs do not all come back at once. Never sooner than <code>Retry-After</code>.</dd></div>
</dl>
<p>So everything is sent <strong>at least once</strong>: without an answer you cannot know whether the first one arrived.
Give each event an id when it happens, such as your order number, and send the same id with every attempt, ${id}. What
arrives twice under one id counts once, and gets the first answer again.</p>
<p>What is sent to you arrives at least once as well: remember the ids that you have dealt with, and answer repeats without
doing the work again. Where you pass on what others sent, leave its id and its signature as they are.</p>`
}

const OF_THE_EXCHANGE: readonly Code[] = [
  'invalid_scope',
  'invalid_api_key',
  ...ADMISSION_REFUSALS,
  'rate_limited',
  'store_unavailable',
]
const OF_THE_API: readonly Code[] = ['invalid_token', 'insufficient_scope']

/** Beside the sentence of the code. */
const MORE: Partial<Record<Code, string>> = {
  invalid_api_key: ' Do not go on trying: an address with many refusals has to wait.',
  invalid_scope: ' <code>detail</code> names what was too much.',
  namespace_not_enabled: ' Support can enable it.',
  rate_limited:
    ' <code>limit</code> says which limit was met. <code>key</code>: that of this key. <code>account</code>: that of the whole' +
    ' account, so another key will not help. <code>address</code>: too many refusals went to your address.',
  insufficient_scope: ' If the key is to have it, ask whoever manages the key.',
}

function refusalSection({ base }: Shell): string {
  const list = (codes: readonly Code[]): string => {
    const rows = codes.map(
      (name) =>
        `<div id="${name}"><dt>${STATUS[name]} <a href="${base}/docs/errors#${name}"><code>${name}</code></a></dt>
<dd>${escapeHtml(SENTENCES[name])}${MORE[name] ?? ''}</dd></div>`,
    )
    return `<dl>${rows.join('\n')}</dl>`
  }
  return `<h2 id="refusals">What a refusal means</h2>
<p>Let your program go by the status and by <code>code</code>, which do not change. <code>detail</code> is for you: it says
what to do. OAuth libraries see the codes of RFC 6749 in <code>error</code>. All of them: <a href="${base}/docs/errors">error codes</a>.</p>
<h3>When you exchange the key</h3>
${list(OF_THE_EXCHANGE)}
<h3>When you call the API</h3>
${list(OF_THE_API)}`
}

function rotationSection(): string {
  return `<h2 id="rotation">A new secret, without an outage</h2>
<ol>
<li>Whoever manages the key starts a rotation and gives you the new secret, best by a link that shows it once.</li>
<li>From then on both secrets work, until the overlap ends. Ask when that is.</li>
<li>Put the new one in place, see that it is exchanged, and delete the old one.</li>
<li>Say so: whoever manages the key sees when the old secret was last used, and ends the overlap.</li>
</ol>
<p>The key keeps its id and its rights.</p>`
}

function leakSection({ revoke }: Commands, support: Catalog['support']): string {
  return `<h2 id="leaked">A lost or leaked key</h2>
<p><strong>Lost</strong>, and nobody else has it: ask whoever manages the key for a link that shows a fresh secret once.
Nobody needs to send you a key by mail.</p>
<p><strong>Leaked</strong>, or perhaps: revoke it yourself, now. Having the key is enough. The key and all of its tokens end
for good:</p>
${pre(revoke)}
<p>That prints 200. Then tell whoever manages the key, who makes you another, and ${contact(support)}.</p>`
}

function helpSection({ id, title }: NamespaceEntry, support: Catalog['support'], { base }: Shell): string {
  const { phone, hours, url } = support
  const rest = [phone, hours].filter((part) => part !== undefined).map(escapeHtml)
  const site = url === undefined ? [] : [`<a href="${escapeHtml(url)}">${escapeHtml(url)}</a>`]
  return `<h2 id="help">More, and whom to ask</h2>
<ul>
<li>Every endpoint of ${escapeHtml(title)} with the scope it needs, to try out: <a href="${base}/docs?ns=${id}">API
reference</a>. For your tools: <a href="${base}/${id}/openapi.json">openapi.json</a>. As a table: <code>endpoints.csv</code> in the documentation that whoever manages the key can
download.</li>
<li>You have no key: keys are made by the company whose partner you are. Ask your contact there, and say what the key is for
and where it will run.</li>
<li>Your key needs other rights or another address: ask whoever manages the key.</li>
<li>Anything else: ${[contact(support), ...rest, ...site].join(', ')}. Quote the <code>Request-Id</code> of the answer.</li>
</ul>`
}

function contact({ name, email }: Catalog['support']): string {
  return `${escapeHtml(name)}, <a href="mailto:${escapeHtml(email)}">${escapeHtml(email)}</a>`
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`
}

function pre(command: string): string {
  return `<pre tabindex="0"><code>${escapeHtml(command)}</code></pre>`
}
