/** What runs in the page: Swagger UI on one definition, the selector, and an authorization kept for each definition. */
import type { Definition } from './page.ts'

/** @param publicOrigin the one origin that resource servers know */
export function startScript(definitions: readonly Definition[], publicOrigin: string): string {
  return `'use strict'
const definitions = ${JSON.stringify(definitions)}
const publicOrigin = ${JSON.stringify(publicOrigin)}
${SCRIPT}`
}

/** Nothing of the address but `ns` is read, and that only to choose from the list. */
const SCRIPT = `
const selector = document.getElementById('select')
const asked = new URLSearchParams(location.search).get('ns')
let current = definitions.find(({ id }) => id === asked) ?? definitions[0]
const authorized = new Map()

function name() {
  selector.value = current.id
  document.title = current.name + ' \\u00b7 Latchkey'
  document.getElementById('guide').search = '?ns=' + current.id
}

/** The media type that the page shows as chosen is the one that is asked for: the first that the document names. */
const firstOf = (content) => (content && content.size > 0 ? content.keySeq().first() : null)
const responses = (system, path, method) => system.specSelectors.specJson().getIn(['paths', path, method, 'responses'])
const firstMediaType = (system) => ({
  statePlugins: {
    oas3: {
      wrapSelectors: {
        responseCodeContentType: (chosen) => (state, path, method, code) =>
          chosen(state, path, method, code) ?? firstOf(responses(system, path, method)?.getIn([code, 'content'])),
        responseContentType: (chosen) => (state, path, method) => {
          const good = responses(system, path, method)?.filter((_, code) => /^2/.test(code)) ?? []
          return chosen(state, path, method) ?? firstOf(good.map((answer) => answer.get('content')).find(firstOf))
        },
      },
    },
  },
})

const dark = matchMedia('(prefers-color-scheme: dark)')
const dress = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', dress)
dress()

name()
// A session comes with the browser's cookie by itself: there is nothing to fill in.
const withoutCookies = () => ({
  statePlugins: {
    auth: {
      wrapSelectors: {
        definitionsToAuthorize: (original) => (...given) =>
          original(...given).filter((definition) => !definition.some((scheme) => scheme.get('in') === 'cookie')),
      },
    },
  },
})

const ui = (window.ui = SwaggerUIBundle({
  url: current.url,
  dom_id: '#swagger-ui',
  layout: 'BaseLayout',
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [firstMediaType, withoutCookies],
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  syntaxHighlight: { theme: dark.matches ? 'nord' : 'idea' },
  tryItOutEnabled: false,
  persistAuthorization: false,
  queryConfigEnabled: false,
  validatorUrl: null,
}))

// A secret has no example: asterisks in the field would be sent along with what is pasted behind them.
ui.fn.jsonSchema202012.sampleFormatAPI('password', () => '')

/** Definitions have operations of the same name: what was open in one is not open in the next. */
function closeOperations() {
  const shown = ui.getStore().getState().getIn(['layout', 'shown'])
  for (const [thing] of shown ?? []) {
    if (thing.first() === 'operations') ui.layoutActions.show(thing.toJS(), false)
  }
}

/** A token of one definition is of no use in another: each keeps its own, in memory. */
selector.addEventListener('change', () => {
  const kept = ui.authSelectors.authorized().toJS()
  authorized.set(current.id, kept)
  // Its reducer fails before the first authorization.
  if (Object.keys(kept).length > 0) ui.authActions.logout(Object.keys(kept))
  current = definitions.find(({ id }) => id === selector.value) ?? definitions[0]
  name()
  closeOperations()
  history.replaceState(null, '', '?ns=' + current.id)
  ui.specActions.updateUrl(current.url)
  ui.specActions.download(current.url)
  const again = authorized.get(current.id)
  if (again !== undefined) ui.authActions.authorize(again)
})

if (location.origin !== publicOrigin) {
  const notice = document.getElementById('lk-elsewhere')
  const link = document.createElement('a')
  link.href = publicOrigin + location.pathname + '?ns=' + current.id
  link.textContent = publicOrigin
  notice.append('You are at ', location.origin, ', but this server calls itself ', link, ': from there every call works.')
  notice.hidden = false
}
`
