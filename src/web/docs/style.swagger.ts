/**
 * Corrections of Swagger UI's own sheet; nothing is hidden that does something. That sheet is a layer below, so that a
 * rule here stands however many classes a rule there names.
 */
export const SWAGGER_STYLE = `@import url('swagger-ui.css') layer(swagger);

.swagger-ui, .swagger-ui .info .title, .swagger-ui .opblock-tag, .swagger-ui .btn, .swagger-ui select,
.swagger-ui .info li, .swagger-ui .info p, .swagger-ui .info table, .swagger-ui label, .swagger-ui table thead tr th,
.swagger-ui .opblock-description-wrapper p, .swagger-ui .response-col_status, .swagger-ui .parameter__name,
.swagger-ui .opblock .opblock-section-header h4, .swagger-ui .responses-inner h4, .swagger-ui .responses-inner h5,
.swagger-ui .opblock .opblock-summary-description, .swagger-ui .dialog-ux .modal-ux-header h3,
.swagger-ui .dialog-ux .modal-ux-content h4, .swagger-ui .dialog-ux .modal-ux-content p, .swagger-ui .tab li,
.swagger-ui .renderedMarkdown p, .swagger-ui .response-col_links, .swagger-ui .btn.cancel,
.swagger-ui table thead tr td, .swagger-ui .response-col_description, .swagger-ui .opblock-title_normal,
.swagger-ui .opblock-description, .swagger-ui .operation-servers h4.message, .swagger-ui .responses-table .response-control-media-type__title, .swagger-ui .errors-wrapper h4 {
  font-family: var(--sans); color: var(--ink);
}
.swagger-ui { background: none; }
.swagger-ui .wrapper { max-width: 1080px; padding: 0 24px; }
.swagger-ui a, .swagger-ui .info a, .swagger-ui a.nostyle:hover { color: var(--accent); }
.swagger-ui a.nostyle { color: inherit; }
.swagger-ui .renderedMarkdown p { font-size: 14px; line-height: 1.55; margin: 0 0 8px; }
.swagger-ui .renderedMarkdown ul { margin: 0; padding-left: 20px; font-size: 14px; line-height: 1.55; }
.swagger-ui .renderedMarkdown li { color: var(--ink); font-family: var(--sans); }
.swagger-ui .markdown code, .swagger-ui .renderedMarkdown code {
  font: 0.92em/1.4 var(--mono); color: var(--ink); background: var(--panel); border: 1px solid var(--line);
  border-radius: 5px; padding: 1px 5px; overflow-wrap: anywhere;
}
.swagger-ui blockquote, .swagger-ui .renderedMarkdown blockquote {
  margin: 16px 0; padding: 12px 16px; border-radius: 8px; background: var(--accent-soft); border: 0;
}
.swagger-ui .renderedMarkdown blockquote p:last-child { margin: 0; }

.swagger-ui .information-container { padding-top: 8px; }
.swagger-ui .info { margin: 32px 0 24px; }
.swagger-ui .info hgroup.main { margin: 0 0 16px; }
.swagger-ui .info .title { font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; }
.swagger-ui .info .title small, .swagger-ui .info .title small.version-stamp {
  background: var(--panel); border: 1px solid var(--line); border-radius: 99px; padding: 2px 9px; top: -4px;
}
.swagger-ui .info .title small pre { color: var(--ink-2); font: 500 12px/1.5 var(--sans); }
.swagger-ui .info .link, .swagger-ui .info .base-url { font-family: var(--mono); color: var(--accent); font-size: 13px; }
.swagger-ui .info p, .swagger-ui .info li { font-size: 15px; line-height: 1.6; max-width: 72ch; }
.swagger-ui .info__contact, .swagger-ui .info__contact > div, .swagger-ui .info__tos, .swagger-ui .info__extdocs {
  display: inline-block; margin: 0 20px 0 0; font-size: 14px; padding: 0;
}
.swagger-ui .info__contact .link, .swagger-ui .info__tos .link, .swagger-ui .info__extdocs .link,
.swagger-ui .info__contact a, .swagger-ui .info__tos a, .swagger-ui .info__extdocs a, .swagger-ui .info .info__extdocs.link {
  font-family: var(--sans); font-size: 14px;
}
.swagger-ui .info .description { margin: 0 0 12px; }

.swagger-ui .scheme-container { background: none; box-shadow: none; padding: 0; margin: 0 0 16px; }
.swagger-ui .scheme-container .schemes { align-items: flex-end; }
.swagger-ui .scheme-container .schemes > .schemes-server-container > label {
  margin: 0; color: var(--ink-2); font-weight: 500; font-size: 13px;
}
.swagger-ui .scheme-container .schemes > .schemes-server-container > label select { text-transform: none; margin-top: 4px; }
.swagger-ui .scheme-container .schemes .auth-wrapper .authorize { padding-right: 14px; margin: 0; }

.swagger-ui .btn {
  font-size: 14px; font-weight: 600; color: var(--ink); background: var(--ground); border: 1px solid var(--edge);
  border-radius: 7px; box-shadow: none; padding: 6px 16px; min-height: 36px; transition: border-color 0.15s;
}
.swagger-ui .btn:hover { box-shadow: none; border-color: var(--accent); color: var(--accent); }
.swagger-ui .btn.authorize { color: var(--accent); border-color: var(--accent); background: var(--ground); }
.swagger-ui .btn.authorize:hover { background: var(--accent-soft); }
.swagger-ui .btn.authorize { display: inline-flex; align-items: center; gap: 10px; line-height: 1.4; }
.swagger-ui .btn.authorize span { padding: 0; float: none; }
.swagger-ui .btn.authorize svg, .swagger-ui .scheme-container .btn.authorize svg, .swagger-ui .authorization__btn svg {
  fill: currentColor; color: inherit;
}
.swagger-ui .btn.execute, .swagger-ui .auth-btn-wrapper .btn.authorize {
  background: var(--accent); border-color: var(--accent); color: var(--on-accent);
}
.swagger-ui .btn.execute:hover, .swagger-ui .auth-btn-wrapper .btn.authorize:hover { filter: brightness(1.08); }
.swagger-ui .btn.cancel { color: var(--ink); border-color: var(--edge); background: var(--ground); }
.swagger-ui .btn-group { padding: 16px 20px 20px; gap: 10px; justify-content: flex-start; }
.swagger-ui .execute-wrapper { padding: 16px 20px 20px; text-align: left; }
.swagger-ui .execute-wrapper .btn { width: auto; min-width: 160px; padding: 8px 28px; }
.swagger-ui .btn-group .btn, .swagger-ui .btn-group .btn:first-child, .swagger-ui .btn-group .btn:last-child,
.swagger-ui .try-out .btn, .swagger-ui .try-out .btn.try-out__btn { flex: 0 0 auto; min-width: 110px; border-radius: 7px; }
.swagger-ui .try-out .btn.try-out__btn { margin: 0; }
.swagger-ui .try-out, .swagger-ui .try-out.btn-group { padding: 0; display: flex; flex: none; gap: 10px; }
.swagger-ui .btn-group .btn.execute { min-width: 160px; }

.swagger-ui select, .swagger-ui input[type=text], .swagger-ui input[type=password], .swagger-ui input[type=search],
.swagger-ui input[type=email], .swagger-ui textarea {
  border: 1px solid var(--edge); border-radius: 7px; box-shadow: none; background-color: var(--ground);
  color: var(--ink); font-size: 14px; font-weight: 500; min-height: 36px;
}
.swagger-ui select {
  padding: 6px 32px 6px 12px; background: var(--ground) var(--arrow) no-repeat right 10px center / 12px; max-width: 100%;
}
.swagger-ui input[type=text], .swagger-ui input[type=password] { font-family: var(--mono); font-weight: 400; margin: 4px 0; }
.swagger-ui input[type=text]:focus, .swagger-ui input[type=password]:focus, .swagger-ui textarea:focus {
  outline: 2px solid var(--accent); outline-offset: -1px;
}
.swagger-ui textarea { font-family: var(--mono); padding: 12px; }

.swagger-ui .opblock-tag { font-size: 19px; padding: 12px 12px 12px 0; margin: 8px 0 4px; border-bottom: 0; gap: 10px; align-items: baseline; }
.swagger-ui .opblock-tag:hover { background: none; }
.swagger-ui .opblock-tag > div { flex: 0; }
.swagger-ui .opblock-tag small, .swagger-ui .opblock-tag small .renderedMarkdown p {
  color: var(--ink-2); font-family: var(--sans); font-size: 14px; padding: 0; margin: 0;
}
.swagger-ui .opblock-tag .expand-operation { align-self: center; }
.swagger-ui .opblock-tag a.nostyle { flex: none; }
.swagger-ui .opblock-tag.no-desc a { flex: 1; }
.swagger-ui .opblock-tag .expand-operation svg, .swagger-ui .opblock-control-arrow svg { fill: var(--ink-2); }

.swagger-ui .opblock, .swagger-ui .opblock[class*=opblock-] {
  background: var(--ground); border: 1px solid var(--line); border-radius: 8px; box-shadow: none; margin: 0 0 8px;
}
.swagger-ui .opblock:hover { border-color: var(--edge); }
.swagger-ui .opblock .opblock-summary { padding: 3px 12px 3px 6px; border: 0; }
.swagger-ui .opblock.is-open .opblock-summary, .swagger-ui .opblock[class*=opblock-].is-open .opblock-summary { border-bottom: 1px solid var(--line); }
.swagger-ui .opblock .opblock-summary .opblock-summary-method {
  background: none; min-width: 74px; padding: 8px 0 8px 10px; text-align: left; font: 700 12px/1.4 var(--mono);
  text-shadow: none; letter-spacing: 0.03em; color: var(--accent);
}
.swagger-ui .opblock.opblock-post .opblock-summary-method { color: var(--post); }
.swagger-ui .opblock.opblock-put .opblock-summary-method, .swagger-ui .opblock.opblock-patch .opblock-summary-method {
  color: var(--patch);
}
.swagger-ui .opblock.opblock-delete .opblock-summary-method { color: var(--delete); }
.swagger-ui .opblock .opblock-summary-path, .swagger-ui .opblock .opblock-summary-operation-id {
  font: 600 14px/1.4 var(--mono); color: var(--ink); max-width: none;
}
.swagger-ui .opblock .opblock-summary-description { color: var(--ink-2); font-size: 14px; }
.swagger-ui .authorization__btn { padding: 6px; opacity: 1; color: var(--ink-2); }
.swagger-ui .authorization__btn .unlocked, .swagger-ui .authorization__btn .locked { opacity: 1; }
.swagger-ui .opblock-description-wrapper, .swagger-ui .opblock-external-docs-wrapper { padding: 16px 20px 8px; margin: 0; }
.swagger-ui .opblock .opblock-section-header {
  background: var(--panel); box-shadow: none; padding: 8px 20px; min-height: 52px;
  border-top: 1px solid var(--line); border-bottom: 1px solid var(--line);
}
.swagger-ui .opblock .tab-header .tab-item.active h4 span::after { display: none; }
.swagger-ui .opblock .tab-header .tab-item, .swagger-ui .opblock .tab-header .tab-item.active { padding: 0; }
.swagger-ui .operation-servers h4.message { color: var(--ink-2); font-weight: 400; font-size: 14px; margin: 0 0 8px; }
.swagger-ui .opblock-section .table-container { padding: 12px 20px; }
.swagger-ui .opblock-section-request-body .opblock-description-wrapper { padding: 0; }
.swagger-ui .opblock-body pre.microlight, .swagger-ui .highlight-code > .microlight,
.swagger-ui .opblock .highlight-code pre.microlight {
  background: var(--code) !important; color: var(--ink) !important; border: 1px solid var(--line); border-radius: 8px;
  padding: 12px 14px !important; font: 400 13px/1.55 var(--mono);
}
.swagger-ui .microlight code, .swagger-ui .microlight code span { font-weight: 400 !important; font-family: var(--mono); }
.swagger-ui .opblock .live-responses-table .highlight-code:has(.download-contents) pre.microlight { padding-bottom: 48px !important; min-height: 0; }
.swagger-ui .opblock .curl-command pre.microlight { padding-right: 44px !important; }
.swagger-ui .curl-command .microlight code { white-space: pre-wrap !important; word-break: break-all; }
.swagger-ui .request-url pre.microlight, .swagger-ui .response-controls { margin-bottom: 8px; }
.swagger-ui .copy-to-clipboard, .swagger-ui .download-contents, .swagger-ui .live-responses-table .download-contents {
  background-color: var(--chip); border-radius: 6px; font: 600 13px/1 var(--sans); height: 30px; color: #fff;
}
.swagger-ui .curl-command .copy-to-clipboard { width: 30px; }
.swagger-ui .opblock .opblock-summary .view-line-link, .swagger-ui .opblock .opblock-summary .view-line-link.copy-to-clipboard {
  transition: none;
}
.swagger-ui .responses-inner { padding: 16px 20px; }
.swagger-ui table thead tr td, .swagger-ui table thead tr th { border-bottom: 1px solid var(--line); font-size: 13px; }
.swagger-ui .responses-table:not(:has(.response-col_links .description)) .response-col_links { display: none; }
.swagger-ui table.responses-table { padding: 0; }
.swagger-ui .headers-wrapper td { font-weight: 400; }
.swagger-ui .response-col_status { font-weight: 600; font-size: 14px; }
.swagger-ui .response-control-media-type__accept-message { color: var(--ink-2); font-size: 12px; }
.swagger-ui .response-control-media-type--accept-controller select { border-color: var(--accent); }
.swagger-ui .parameter__name { font-size: 14px; font-weight: 600; }
.swagger-ui .parameter__type, .swagger-ui .parameter__in, .swagger-ui .prop-format {
  font: 400 12px/1.6 var(--mono); color: var(--ink-2); padding: 0;
}

.swagger-ui .dialog-ux .modal-ux {
  background: var(--ground); border: 1px solid var(--line); border-radius: 12px; max-width: min(560px, calc(100vw - 32px));
  min-width: 0; width: 560px; box-shadow: 0 24px 64px rgb(16 24 40 / 24%);
}
.swagger-ui .dialog-ux .backdrop-ux { background: rgb(16 24 40 / 45%); }
.swagger-ui .dialog-ux .modal-ux-header { border-bottom-color: var(--line); }
.swagger-ui .dialog-ux .modal-ux-content { padding: 8px 20px 20px; }
.swagger-ui .dialog-ux .modal-ux-content p { font-size: 14px; }
.swagger-ui .dialog-ux .modal-ux-content h4 { font-size: 15px; }
.swagger-ui .auth-container { padding: 8px 0; border: 0; }
.swagger-ui .auth-container .wrapper { padding: 0; }
.swagger-ui .auth-container input { width: 100%; }
.swagger-ui .auth-btn-wrapper { justify-content: flex-start; gap: 10px; padding: 12px 0 0; }
.swagger-ui .auth-btn-wrapper .btn { margin: 0; }

@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 16px; }
  .swagger-ui .info .title { font-size: 25px; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .opblock .opblock-summary-control { flex-wrap: wrap; }
  .swagger-ui .opblock-tag { flex-wrap: wrap; gap: 0 10px; }
  .swagger-ui .opblock .opblock-section-header { flex-wrap: wrap; gap: 8px; padding: 8px 16px; }
  /* Reset appears while Execute is being pressed: on a line of its own it would push Execute from under the finger. */
  .swagger-ui .try-out .btn, .swagger-ui .try-out .btn.try-out__btn, .swagger-ui .try-out.btn-group .btn:first-child { min-width: 0; padding: 6px 12px; }
  .swagger-ui .opblock-section .table-container, .swagger-ui .responses-inner { padding: 12px 16px; }
  .swagger-ui .execute-wrapper, .swagger-ui .btn-group, .swagger-ui .opblock-section > .opblock-description-wrapper,
  .swagger-ui .opblock-body > .opblock-description-wrapper { padding-left: 16px; padding-right: 16px; }
  .swagger-ui .response-col_status { width: 52px; min-width: 0; padding-right: 12px; }
  .swagger-ui .parameters-col_description input { width: 100%; max-width: 100%; }
}
`
