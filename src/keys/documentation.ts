import { type Account, hostOf, namespaceEnabled } from '../accounts/rules.ts'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { HolderType } from '../holders/rules.ts'
import type { Position, Store } from '../store/store.ts'
import { csvLine } from '../web/csv.ts'
import type { OpenApiDocument } from '../web/openapi.ts'
import { type ZipFile, zipOf } from '../web/zip.ts'
import { adviceFor } from './admission.rules.ts'
import { type Endpoint, endpointsOf, firstCallFor, readmeText } from './documentation.rules.ts'
import { explainRights } from './explain.rules.ts'
import { findKeys } from './find.ts'
import { type ShownKey, showKey } from './shape.ts'
import { surroundings } from './surroundings.ts'
import { type KeyColumn, keyRow } from './table.rules.ts'

export interface DocumentationDeps {
  store: Store
  catalog: Catalog
  now: () => number
  /** The OpenAPI document of a namespace. */
  documentOf: (namespace: string) => OpenApiDocument
}

export interface DocumentationWish {
  /** The first that is enabled unless said. */
  namespace?: string | undefined
  /** Keys of holders of this type alone. */
  holderType?: HolderType | undefined
}

export interface Documentation {
  /** Of the archive. */
  name: string
  zip: Uint8Array
}

/** The API as the account has it, with its keys, as one archive. */
export async function describeApi(
  deps: DocumentationDeps,
  accountId: string,
  wish: DocumentationWish,
): Promise<Documentation> {
  const { store, catalog, now } = deps
  const account = await store.get(accountId, 'accounts', accountId)
  if (account === null) throw new Refusal('not_found')
  const namespace = namespaceFor(catalog, account, wish)
  const document = deps.documentOf(namespace.id)
  const endpoints = endpointsOf(document)
  const publicUrl = catalog.manage.issuer.replace(/\/manage$/, '')
  const keys = await keysOf(deps, accountId, namespace.id, wish.holderType)
  const usable = keys.filter(({ kind }) => kind === 'secret').map(({ grants }) => wholeAccount(grants))
  const readme = readmeText({
    account,
    namespace,
    host: hostOf(account, namespace),
    first: firstCallFor(endpoints, namespace, usable),
    support: catalog.support,
    docsUrl: `${publicUrl}/docs?ns=${namespace.id}`,
    guideUrl: `${publicUrl}/guide?ns=${namespace.id}`,
  })
  const files: ZipFile[] = [
    { name: 'README.md', text: readme },
    { name: 'openapi.json', text: `${JSON.stringify(document, null, 2)}\n` },
    { name: 'endpoints.csv', text: endpointsCsv(endpoints) },
    { name: 'keys.csv', text: keysCsv(keys) },
  ]
  return { name: `${account.id}-${namespace.id}.zip`, zip: zipOf(files, now()) }
}

/** @throws Refusal where the account does not have it, or it is not for such holders */
function namespaceFor(
  catalog: Catalog,
  account: Account,
  { namespace: id, holderType }: DocumentationWish,
): NamespaceEntry {
  const isOn = (one: NamespaceEntry): boolean => namespaceEnabled(account, one.id, catalog)
  const all = [...catalog.namespaces.values()]
  const namespace =
    id === undefined ? (all.find((one) => !one.builtIn && isOn(one)) ?? catalog.manage) : catalog.namespaces.get(id)
  if (namespace === undefined) throw new Refusal('unknown_namespace')
  if (!isOn(namespace)) {
    const detail = adviceFor('namespace_not_enabled', { key: { namespace: namespace.id }, namespace, catalog })
    throw new Refusal('namespace_not_enabled', detail === undefined ? {} : { detail })
  }
  if (holderType !== undefined && namespace.holderTypes !== null && !namespace.holderTypes.includes(holderType))
    throw new Refusal('holder_type_not_allowed')
  return namespace
}

function endpointsCsv(endpoints: readonly Endpoint[]): string {
  const rows = endpoints.map(({ group, method, path, summary, auth, scope, plans }) =>
    csvLine([group, `${method} ${path}`, summary, auth, scope, plans]),
  )
  return csvLine(['group', 'endpoint', 'summary', 'auth', 'scope', 'plans']) + rows.join('')
}

const AT_ONCE = 500
/** Ids and rights, for whoever is to use the keys. */
const COLUMNS: readonly KeyColumn[] = [
  'id',
  'name',
  'description',
  'kind',
  'status',
  'holderType',
  'holder',
  'externalId',
  'rights',
  'expiresAt',
]

/** The keys as they are shown, but with what a token of each would have now for grants. */
async function keysOf(
  deps: DocumentationDeps,
  account: string,
  namespace: string,
  holderType: HolderType | undefined,
): Promise<ShownKey[]> {
  const now = deps.now()
  const keys: ShownKey[] = []
  let after: Position | null = null
  do {
    const where = { namespace, ...(holderType === undefined ? {} : { holderType }) }
    const query = { where, limit: AT_ONCE, ...(after === null ? {} : { after }) }
    const { found, next } = await findKeys(deps.store, account, query, { now })
    const { around } = await surroundings(
      deps,
      account,
      found.map(({ key }) => key),
    )
    for (const { key, ...beside } of found) {
      const { effective } = explainRights(key, around(key), now)
      keys.push({ ...showKey(key, { ...beside, now }), grants: effective })
    }
    after = next
  } while (after !== null)
  return keys
}

function wholeAccount(grants: ShownKey['grants']): ReadonlySet<string> {
  return new Set(grants.flatMap(({ subAccount, scopes }) => (subAccount === null ? scopes : [])))
}

function keysCsv(keys: readonly ShownKey[]): string {
  const rows = keys.map(keyRow)
  return csvLine(COLUMNS) + rows.map((row) => csvLine(COLUMNS.map((column) => row[column]))).join('')
}
