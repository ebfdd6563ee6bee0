/** The HTML around Swagger UI. */

export interface Definition {
  id: string
  name: string
  url: string
}

export interface Shell {
  /** Path of PUBLIC_URL, without a slash at its end. */
  base: string
  /** Address of an asset. */
  url: (file: string) => string
}

const KEY =
  '<circle cx="9.5" cy="16" r="4.5" fill="none" stroke="#fff" stroke-width="3"/>' +
  '<path d="M14 16h12m-4.5 0v5m4.5-5v4" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/>'

export const FAVICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2f5bd7"/>${KEY}</svg>
`

export function swaggerPage({ definitions, ...shell }: Shell & { definitions: readonly Definition[] }): string {
  const options = definitions.map(({ id, name }) => `<option value="${escapeHtml(id)}">${escapeHtml(name)}</option>`)
  return page(shell, {
    title: 'Latchkey API reference',
    section: 'API reference',
    styles: ['latchkey.css', 'latchkey-swagger.css'],
    side: `<a class="lk-link" id="guide" href="${shell.base}/guide">Guide</a>
<a class="lk-link" href="${shell.base}/docs/errors">Error codes</a>
<label class="lk-select" for="select"><span>Definition</span>
<select id="select" autocomplete="off">${options.join('')}</select></label>`,
    body: `<p id="lk-elsewhere" class="lk-notice" hidden></p>
<noscript><p class="lk-notice">This page needs JavaScript. The definitions themselves are at ${definitions
      .map(({ name, url }) => `<a href="${escapeHtml(url)}">${escapeHtml(name)}</a>`)
      .join(', ')}.</p></noscript>
<main id="swagger-ui"></main>
<script src="${shell.url('swagger-ui-bundle.js')}"></script>
<script src="${shell.url('start.js')}"></script>`,
  })
}

export function page(
  { base, url }: Shell,
  {
    title,
    section,
    styles,
    side,
    body,
  }: { title: string; section: string; styles: readonly string[]; side: string; body: string },
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" type="image/svg+xml" href="${url('favicon.svg')}">
${styles.map((file) => `<link rel="stylesheet" href="${url(file)}">`).join('\n')}
</head>
<body>
<header class="lk-header topbar"><div class="lk-bar">
<a class="lk-brand" href="${base}/docs"><img src="${url('favicon.svg')}" width="28" height="28" alt=""><b>Latchkey</b><span>${section}</span></a>
<nav class="lk-side" aria-label="Documentation">${side}</nav>
</div></header>
${body}
</body>
</html>
`
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
