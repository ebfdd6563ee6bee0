/** The page that the `type` of every problem points to: one anchor per code. */
import { STATUS_CODES } from 'node:http'
import type { Catalog } from '../../catalog.ts'
import { type Code, SENTENCES } from '../../errors.ts'
import { STATUS } from '../problems.ts'
import { escapeHtml, page, type Shell } from './page.ts'

export function errorsPage({ support, ...shell }: Shell & { support: Catalog['support'] }): string {
  const byStatus = new Map<number, Code[]>()
  for (const code of Object.keys(SENTENCES) as Code[]) {
    byStatus.set(STATUS[code], [...(byStatus.get(STATUS[code]) ?? []), code])
  }
  const groups = [...byStatus].sort(([a], [b]) => a - b)
  const jumps = groups.map(([status]) => `<a href="#s${status}">${status}</a>`)
  const email = escapeHtml(support.email)
  return page(shell, {
    title: 'Error codes · Latchkey',
    section: 'Error codes',
    styles: ['latchkey.css'],
    side: `<a class="lk-link" href="${shell.base}/docs">API reference</a>
<a class="lk-link" href="${shell.base}/guide">Guide</a>`,
    body: `<main class="lk-text">
<h1>Error codes</h1>
<p>A refusal is <code>application/problem+json</code> (RFC 9457). Let programs go by <code>code</code>: it is stable.
<code>detail</code> is for people, and says what to do next. Below <code>/oauth/</code> refusals are JSON as RFC 6749
has it: <code>error</code>, <code>error_description</code>, and the finer <code>code</code> where the standard’s is
coarse.</p>
<pre><code>${escapeHtml(SAMPLE)}</code></pre>
<p>Every answer carries a <code>Request-Id</code>. Quote it to ${escapeHtml(support.name)},
<a href="mailto:${email}">${email}</a>.</p>
<nav class="lk-jumps" aria-label="By status">${jumps.join('')}</nav>
${groups.map(([status, codes]) => group(status, codes)).join('\n')}
</main>`,
  })
}

const SAMPLE = JSON.stringify(
  { status: 401, code: 'invalid_api_key', detail: SENTENCES.invalid_api_key, requestId: 'req_…' },
  null,
  2,
)

function group(status: number, codes: readonly Code[]): string {
  const rows = codes.map(
    (code) =>
      `<div id="${code}"><dt><a href="#${code}"><code>${code}</code></a></dt><dd>${escapeHtml(SENTENCES[code])}</dd></div>`,
  )
  return `<section><h2 id="s${status}">${status} <span>${STATUS_CODES[status] ?? ''}</span></h2>
<dl>${rows.join('\n')}</dl></section>`
}
