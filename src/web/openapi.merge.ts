/** A resource API's own document joins the issuer's: one list of operations, one Authorize. */
import type { OpenApiDocument } from './openapi.ts'

type Members = Record<string, unknown>
const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'])

/**
 * Paths and components side by side; what the issuer has of the same name stands.
 *
 * @param plansOf ids of the plans that have a scope: the gate of operations that name an `x-scope` but no `x-plans`
 */
export function mergeResource(
  own: OpenApiDocument,
  resource: OpenApiDocument,
  plansOf: (scope: string) => string[],
): OpenApiDocument {
  const { components, paths } = renamed(resource, namesTaken(own, resource))
  const schemes = bearerSchemes(resource)
  const taken = new Set(operationsOf(own.paths).map(({ operationId }) => operationId))
  const finish = (operation: Members, item: Members): Members => {
    const servers = operation.servers ?? item.servers ?? resource.servers
    const security = securityOf(operation.security ?? resource.security, schemes)
    const id = operation.operationId
    const gated = typeof operation['x-scope'] === 'string' && operation['x-plans'] === undefined
    return {
      ...operation,
      ...(taken.has(id) ? { operationId: `${id}OfResource` } : {}),
      ...(servers === undefined ? {} : { servers }),
      ...(security === undefined ? {} : { security }),
      ...(gated ? { 'x-plans': plansOf(operation['x-scope'] as string) } : {}),
    }
  }
  const merged: OpenApiDocument['paths'] = { ...own.paths }
  for (const [path, item] of Object.entries(paths)) {
    const { servers: _given, ...rest } = item
    const entries = Object.entries(rest).map(([name, value]) => [
      name,
      METHODS.has(name) ? finish(value as Members, item) : value,
    ])
    merged[path] = { ...Object.fromEntries(entries), ...own.paths[path] }
  }
  const tags = [...(own.tags ?? []), ...(resource.tags ?? [])]
  return {
    ...own,
    components: joined(own.components ?? {}, components, schemes),
    paths: merged,
    // Of two with one name the issuer's description stands.
    tags: [...new Map(tags.toReversed().map((tag) => [tag.name, tag])).values()].toReversed(),
  }
}

/** References to components that have to give up their name, by what they are called now. */
function namesTaken(own: OpenApiDocument, resource: OpenApiDocument): Map<string, string> {
  const moves = new Map<string, string>()
  for (const [kind, members] of Object.entries(resource.components ?? {})) {
    if (kind === 'securitySchemes') continue
    const others = { ...own.components?.[kind], ...members }
    for (const name of Object.keys(members)) {
      if (!Object.hasOwn(own.components?.[kind] ?? {}, name)) continue
      let free = `Resource${name}`
      while (Object.hasOwn(others, free)) free = `Resource${free}`
      moves.set(`#/components/${kind}/${name}`, `#/components/${kind}/${free}`)
    }
  }
  return moves
}

/** The document with every reference, and every component, under its new name. */
function renamed(
  { paths, components = {} }: OpenApiDocument,
  moves: ReadonlyMap<string, string>,
): Required<Pick<OpenApiDocument, 'paths' | 'components'>> {
  const text = JSON.stringify({ paths, components })
  const moved = JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'string' ? (moves.get(value) ?? value) : value,
  ) as Required<Pick<OpenApiDocument, 'paths' | 'components'>>
  for (const [from, to] of moves) {
    const [kind, name, free] = [from.split('/')[2], from.split('/')[3], to.split('/')[3]] as [string, string, string]
    const members = moved.components[kind] as Members
    members[free] = members[name]
    delete members[name]
  }
  return moved
}

/** Schemes that stand for the access token, whatever the resource API calls them. */
function bearerSchemes({ components }: OpenApiDocument): Set<string> {
  const schemes = Object.entries((components?.securitySchemes ?? {}) as Record<string, Members>)
  const bearer = ({ type, scheme }: Members): boolean =>
    type === 'oauth2' || type === 'openIdConnect' || (type === 'http' && String(scheme).toLowerCase() === 'bearer')
  return new Set(schemes.filter(([, scheme]) => bearer(scheme)).map(([name]) => name))
}

function securityOf(security: unknown, schemes: ReadonlySet<string>): unknown {
  if (!Array.isArray(security)) return undefined
  return security.map((each: Members) =>
    Object.fromEntries(
      Object.entries(each).map(([name, scopes]) => (schemes.has(name) ? ['accessToken', []] : [name, scopes])),
    ),
  )
}

function joined(
  own: NonNullable<OpenApiDocument['components']>,
  resource: NonNullable<OpenApiDocument['components']>,
  bearer: ReadonlySet<string>,
): NonNullable<OpenApiDocument['components']> {
  const all = { ...own }
  for (const [kind, members] of Object.entries(resource)) {
    const kept = Object.entries(members).filter(([name]) => kind !== 'securitySchemes' || !bearer.has(name))
    all[kind] = { ...Object.fromEntries(kept), ...own[kind] }
  }
  return all
}

export function operationsOf(paths: OpenApiDocument['paths']): Members[] {
  return Object.values(paths).flatMap((item) =>
    Object.entries(item).flatMap(([name, value]) => (METHODS.has(name) ? [value as Members] : [])),
  )
}
