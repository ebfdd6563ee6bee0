/** Pages that a one-time link leads to: one sentence, one form, no script. */
import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { escapeHtml } from './docs/page.ts'
import { STATUS } from './problems.ts'
import type { RequestFacts } from './request.ts'
import type { Reply } from './route.ts'

const STYLE = `:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
main { max-width: 26rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
label { display: block; font-weight: 600; margin: 1.5rem 0 .4rem; }
input, button { box-sizing: border-box; width: 100%; font: inherit; padding: .65rem .8rem; border-radius: 6px; }
input { border: 1px solid GrayText; background: Field; color: FieldText; }
button { margin-top: 1rem; border: 0; background: #2f5bd7; color: #fff; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid #2f5bd7; outline-offset: 2px; }
pre { margin: 0 0 1rem; padding: .65rem .8rem; border: 1px solid GrayText; border-radius: 6px; font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
[role=alert] { border-left: 3px solid #b42318; padding-left: .8rem; }
`

/** The address holds the secret: nobody keeps the page, hears of the address, or frames it. */
export const LINK_PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Frame-Options': 'DENY',
}

/** Refusals as a page too, for whoever reads pages. */
export async function orPage(request: RequestFacts, work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refusal) || !wantsPage(request)) throw error
    const { code, message, facts } = error
    const wait: Record<string, string> =
      facts.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(facts.retryAfterSeconds) }
    const back = STATUS[code] === 404 || STATUS[code] === 410 ? '' : '<p><a href="">Try again</a></p>'
    const text = `<p role="alert">${escapeHtml(message)}</p>${back}`
    const refused = linkReply(STATUS[code], 'That did not work', text)
    return { ...refused, headers: { ...refused.headers, ...wait } }
  }
}

export function wantsPage(request: RequestFacts): boolean {
  return request.accepts('application/json', 'text/html') === 'text/html'
}

/** @param title plain text @param body HTML */
export function linkReply(status: number, title: string, body: string): Reply {
  return { status, headers: LINK_PAGE_HEADERS, type: 'text/html; charset=utf-8', body: linkPage(title, body) }
}

function linkPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)} · Latchkey</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`
}
