/** What a developer of an account is given to begin with, besides a key. */
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import type { OpenApiDocument } from '../web/openapi.ts'

export interface Endpoint {
  group: string
  method: string
  path: string
  summary: string
  /** How a call shows who it is from. */
  auth: 'access token' | 'API key' | 'none'
  scope: string
  /** Plans that have the scope. */
  plans: readonly string[]
  server: string | null
  /** Whether it can be called as it stands: a GET in which nothing must be filled in. */
  ready: boolean
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** Every operation of a document, in its order. */
export function endpointsOf({ paths, servers }: OpenApiDocument): Endpoint[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => Object.hasOwn(item, method)).map((method): Endpoint => {
      const operation = item[method] as {
        tags?: string[]
        summary?: string
        security?: object[]
        servers?: { url: string }[]
        'x-scope'?: string | null
        'x-plans'?: string[]
        parameters?: { required?: boolean }[]
      }
      return {
        group: operation.tags?.[0] ?? '',
        method: method.toUpperCase(),
        path,
        summary: operation.summary ?? '',
        auth: authOf(operation),
        scope: operation['x-scope'] ?? '',
        plans: operation['x-plans'] ?? [],
        server: (operation.servers ?? servers)?.[0]?.url ?? null,
        ready: method === 'get' && !path.includes('{') && !operation.parameters?.some(({ required }) => required),
      }
    }),
  )
}

function authOf({ security = [], tags = [] }: { security?: object[]; tags?: string[] }): Endpoint['auth'] {
  if (security.length > 0) return 'access token'
  return tags.some((tag) => TAKE_KEYS.has(tag)) ? 'API key' : 'none'
}
const TAKE_KEYS = new Set(['jwts', 'oauth'])

/** A call that needs nothing but a token with its scope. */
export function firstCall(endpoints: readonly Endpoint[]): Endpoint | undefined {
  return endpoints.find(({ ready, scope }) => ready && scope !== '')
}

const WHOAMI = '/manage/whoami'

/**
 * A first call for these keys: the one that most of them may make.
 *
 * @param held what each key may do in the whole account
 */
export function firstCallFor(
  endpoints: readonly Endpoint[],
  { builtIn }: NamespaceEntry,
  held: readonly ReadonlySet<string>[],
): Endpoint | undefined {
  if (builtIn) return endpoints.find(({ path }) => path === WHOAMI)
  const callers = ({ scope }: Endpoint): number => held.filter((scopes) => scopes.has(scope)).length
  const ready = endpoints.filter((one) => one.ready && callers(one) > 0)
  return ready.reduce<Endpoint | undefined>(
    (best, one) => (best === undefined || callers(one) > callers(best) ? one : best),
    undefined,
  )
}

export interface ReadmeFacts {
  account: { id: string; name: string; plan: string }
  namespace: NamespaceEntry
  host: string | null
  /** Undefined where no key may call anything as it stands. */
  first: Endpoint | undefined
  support: Catalog['support']
  docsUrl: string
  guideUrl: string
}

/** The page to begin with, in Markdown. */
export function readmeText({ account, namespace, host, first, support, docsUrl, guideUrl }: ReadmeFacts): string {
  const label = namespace.label === null ? '' : ` (${namespace.label})`
  const contact = [support.name, support.email, support.phone, support.hours].filter(Boolean).join(', ')
  return `# ${namespace.title}${label} for ${inline(account.name)}

${host === null ? '' : `Your address of this API: <${host}>\n\n`}## The first call

Put your API key into \`LATCHKEY_API_KEY\`, exchange it for an access token, and call with the token. The token is good for
${namespace.tokenTtlSeconds} seconds; then exchange the key again.

\`\`\`sh
TOKEN=$(curl -sS -X POST ${namespace.issuer}/jwts -H "X-API-Key: $LATCHKEY_API_KEY")
${first === undefined ? 'echo "$TOKEN"' : `curl -sS ${first.server ?? host ?? ''}${first.path} -H "Authorization: Bearer $TOKEN"`}
\`\`\`

Never put a secret key (\`lk_…_sk_…\`) into a web page, an app or a repository.

How to keep a key, when to fetch a token and when to try again: <${guideUrl}>

## In this archive

- \`openapi.json\`: the whole API in OpenAPI 3.1. The same, to try out: <${docsUrl}>
- \`endpoints.csv\`: every endpoint with the scope it needs and the plans that have it. Yours is \`${account.plan}\`.
- \`keys.csv\`: your keys, with what each may do now. Secrets are not in it: they are shown once, when a key is made.

## Help

${contact}
`
}

/** A name in Markdown, as it is. */
function inline(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>#|]/g, (c) => `\\${c}`)
}
