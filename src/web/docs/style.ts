/** The look of the pages: white, one accent, hairlines; dark where the reader's system is. */
export const STYLE = `:root {
  --accent: #2f5bd7;
  --accent-soft: #eef2fd;
  --ink: #1b2230;
  --ink-2: #586174;
  --line: #e3e7ee;
  --ground: #ffffff;
  --edge: #c8cfdb;
  --panel: #f7f8fa;
  --code: #f7f8fa;
  --chip: #586174;
  --on-accent: #ffffff;
  --post: #17784a;
  --patch: #8a5a00;
  --delete: #b42318;
  --arrow: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 12 12'%3E%3Cpath \
d='m2 4 4 4 4-4' fill='none' stroke='%237d889c' stroke-width='1.6'/%3E%3C/svg%3E");
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  color-scheme: light;
}
@media (prefers-color-scheme: dark) {
  :root {
    --accent: #8fb4ff;
    --accent-soft: #26324a;
    --ink: #e9ebee;
    --ink-2: #a9b1bd;
    --line: #343a40;
    --edge: #525a63;
    --ground: #1a1d20;
    --panel: #212529;
    --code: #2a2e30;
    --chip: #5a636e;
    --on-accent: #10182b;
    --post: #6fd0a0;
    --patch: #e2b65a;
    --delete: #f59a90;
    color-scheme: dark;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html, html.dark-mode { background: var(--ground); scroll-padding-top: 72px; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 var(--sans); }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }

.lk-header { position: sticky; top: 0; z-index: 20; background: var(--ground); border-bottom: 1px solid var(--line); }
.lk-bar {
  display: flex; align-items: center; justify-content: space-between; gap: 8px 24px; flex-wrap: wrap;
  max-width: 1080px; margin: 0 auto; padding: 10px 24px;
}
.lk-brand { display: flex; align-items: center; gap: 10px; color: var(--ink); text-decoration: none; }
.lk-brand b { font-size: 17px; letter-spacing: -0.01em; }
.lk-brand span { color: var(--ink-2); }
.lk-side { display: flex; align-items: center; gap: 8px 24px; }
.lk-link { color: var(--ink-2); text-decoration: none; padding: 4px 0; white-space: nowrap; }
.lk-link:hover { color: var(--accent); }
.lk-select { display: flex; align-items: center; gap: 10px; color: var(--ink-2); font-size: 14px; min-width: 0; }
.lk-select select {
  font: 500 14px/1.4 var(--sans); color: var(--ink);
  background: var(--ground) var(--arrow) no-repeat right 10px center / 12px;
  border: 1px solid var(--edge); border-radius: 7px; padding: 6px 32px 6px 12px; min-height: 36px; min-width: 0;
  max-width: 100%; appearance: none; cursor: pointer; text-overflow: ellipsis;
}
.lk-select select:hover { border-color: var(--accent); }
.lk-notice {
  max-width: 1032px; margin: 16px auto 0; padding: 10px 16px; border-radius: 8px; background: var(--accent-soft);
}
.lk-notice[hidden] { display: none; }

.lk-text { max-width: 760px; margin: 0 auto; padding: 32px 24px 96px; }
.lk-text h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 16px; }
.lk-text h2 { font-size: 18px; margin: 40px 0 4px; }
.lk-text h3 { font-size: 15px; margin: 24px 0 4px; color: var(--ink-2); }
.lk-text h2 span { color: var(--ink-2); font-weight: 400; }
.lk-text p { max-width: 66ch; }
.lk-text code { font: 0.92em var(--mono); overflow-wrap: anywhere; }
.lk-text pre {
  margin: 16px 0; padding: 14px 16px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  white-space: pre-wrap; line-height: 1.5;
}
.lk-text dl { margin: 0; }
.lk-text dl > div { padding: 12px; margin: 0 -12px; border-bottom: 1px solid var(--line); }
.lk-text dt { font-weight: 600; }
.lk-text li { margin: 6px 0; max-width: 66ch; }
.lk-text ul, .lk-text ol { padding-left: 22px; }
.lk-text .lk-notice { max-width: none; margin: 24px 0 0; }
.lk-text dl > div:target { background: var(--accent-soft); border-radius: 8px; border-color: transparent; }
.lk-text dt a { color: var(--ink); font-weight: 600; text-decoration: none; }
.lk-text dt a:hover { color: var(--accent); text-decoration: underline; }
.lk-text dd { margin: 2px 0 0; color: var(--ink-2); }
.lk-jumps { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 24px; }
.lk-jumps a {
  padding: 3px 11px; border: 1px solid var(--line); border-radius: 99px; text-decoration: none; font-size: 14px;
}
.lk-jumps a:hover { border-color: var(--accent); }
.lk-jumps a[aria-current] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }

@media (max-width: 640px) {
  .lk-bar { padding: 10px 16px; }
  .lk-brand span { display: none; }
  .lk-side { flex: 1 1 100%; justify-content: space-between; }
  .lk-header:not(:has(select)) .lk-side { flex: 0 1 auto; }
  .lk-select { order: -1; flex: 1 1 0; }
  .lk-select select { width: 100%; }
  .lk-side { gap: 8px 16px; }
  .lk-select span { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .lk-notice { margin: 12px 16px 0; }
  .lk-text { padding: 24px 16px 64px; }
}
@media print {
  .lk-header, .lk-jumps { display: none; }
  .lk-text { max-width: none; padding: 0; }
  .lk-text p, .lk-text li { max-width: none; }
  .lk-text h2, .lk-text h3 { break-after: avoid; }
  .lk-text pre, .lk-text li, .lk-text dl > div { break-inside: avoid; }
}
`
