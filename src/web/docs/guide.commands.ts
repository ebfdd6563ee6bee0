/** The commands of the partner guide, ready to be pasted where LATCHKEY_API_KEY holds a key. */
import type { NamespaceEntry } from '../../catalog.ts'
import { endpointsOf, firstCall } from '../../keys/documentation.rules.ts'
import type { OpenApiDocument } from '../openapi.ts'

export interface Commands {
  exchange: string
  /** null: the namespace has no scopes to ask for. */
  narrow: string | null
  /** null: nobody has said where the API is. */
  call: string | null
  revoke: string
}

export function commandsFor(namespace: NamespaceEntry, document: OpenApiDocument): Commands {
  const first = namespace.builtIn ? undefined : firstCall(endpointsOf(document))
  const jwts = `curl -sS -X POST ${word(`${namespace.issuer}/jwts`)} \\\n  -H "X-API-Key: $LATCHKEY_API_KEY"`
  const scope = first?.scope ?? [...namespace.scopeNames][0]
  const api = namespace.builtIn ? `${namespace.issuer}/whoami` : addressOf(first?.server ?? namespace.host, first?.path)
  return {
    exchange: `TOKEN=$(${jwts})`,
    narrow:
      scope === undefined
        ? null
        : `${jwts} \\\n  -H 'Accept: application/json' \\\n  --data-urlencode ${word(`scope=${scope}`)}`,
    call: api === null ? null : `curl -sS ${word(api)} \\\n  -H "Authorization: Bearer $TOKEN"`,
    revoke: `curl -sS -X POST ${word(`${namespace.issuer}/oauth/revoke`)} \\\n  --data-urlencode "token=$LATCHKEY_API_KEY" \\\n  -w '%{http_code}\\n'`,
  }
}

/** What the reader has to fill in stands in capitals: curl reads braces as lists. */
function addressOf(server: string | null, path = ''): string | null {
  return server === null ? null : (server + path).replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase())
}

/** One word of a command, whatever stands in it. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
