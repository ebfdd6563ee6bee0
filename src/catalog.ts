/** latchkey.yaml -> frozen Catalog. Parsed once at start; every fault names file, line, path, and what would be right. */
import { readFileSync } from 'node:fs'
import { type Document, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import { catalogSchema, type RawCatalog, type RawNamespace } from './catalog.schema.ts'
import { expand } from './keys/rights.rules.ts'
import { MANAGE_SCOPES } from './people/access.rules.ts'
import type { SigningAlg } from './signing/rules.ts'

export interface Catalog {
  support: {
    name: string
    email: string
    phone?: string | undefined
    hours?: string | undefined
    url?: string | undefined
  }
  /** `requiredFrom`: UTC ms; until then an earlier acceptance counts. */
  terms: { version: string; url: string; requiredFrom: number }
  limits: RawCatalog['limits']
  /** null: events are kept for ever. */
  events: { keepDays: number | null }
  leakReports: RawCatalog['leakReports']
  namespaces: ReadonlyMap<string, NamespaceEntry>
  /** The built-in namespace of the management API; also in `namespaces`. */
  manage: NamespaceEntry
  plans: ReadonlyMap<string, PlanEntry>
}

export interface NamespaceEntry {
  id: string
  /** `manage`: not of the catalog, in every plan, open to every account. */
  builtIn: boolean
  title: string
  stage: 'stable' | 'beta' | 'deprecated' | 'retired'
  /** What the version selector calls it; 'Experimental' for a beta. */
  label: string | null
  issuer: string
  audience: string
  /** Template with `{account}`. */
  host: string | null
  /** URL or file of the resource API's OpenAPI document. */
  openapi: string | null
  tokenTtlSeconds: number
  jwksMaxAgeSeconds: number
  statusListTtlSeconds: number
  signingAlg: SigningAlg
  /** Whether a DPoP proof must carry a nonce, or may. */
  dpopNonce: 'offered' | 'required'
  deprecatedAt: number | null
  sunsetAt: number | null
  /** Types of holder that keys may be for; null: any. */
  holderTypes: readonly string[] | null
  acceptsImported: boolean
  scopes: ReadonlyMap<string, ScopeEntry>
  scopeNames: ReadonlySet<string>
}

export interface ScopeEntry {
  name: string
  title: string
  description: string
  family: string
  publishable: boolean
  implies: readonly string[]
  /** Kinds of sub-account the scope may be granted on; undefined: all. */
  subAccountKinds: readonly string[] | undefined
}

export interface PlanEntry {
  id: string
  namespaces: readonly string[]
  scopesByNamespace: ReadonlyMap<string, ReadonlySet<string>>
  /** Exchanges a minute; null: no limit. */
  limits: { exchangesPerMinutePerKey: number | null; exchangesPerMinute: number | null }
  entitlements: Readonly<Record<string, number | string | boolean | null>>
}

/** A fault of the catalog, ready for the operator's eyes. */
export class CatalogFault extends Error {
  override name = 'CatalogFault'
}

/** @throws CatalogFault with one line per fault: `file:line path: what is wrong`. */
export function loadCatalog(file: string, publicUrl: string): Catalog {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new CatalogFault(`${file}: cannot be read. Set LATCHKEY_CATALOG to the path of your latchkey.yaml.`)
  }
  return parseCatalog(text, file, publicUrl)
}

/** @throws CatalogFault */
export function parseCatalog(text: string, file: string, publicUrl: string): Catalog {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  if (document.errors.length > 0) {
    throw new CatalogFault(
      document.errors
        .slice(0, 3)
        .map((e) => `${file}:${e.linePos?.[0].line ?? 1}: ${e.message.split(' at line')[0]}`)
        .join('\n'),
    )
  }
  const parsed = catalogSchema.safeParse(plain(document, file))
  if (!parsed.success) {
    throw new CatalogFault(parsed.error.issues.map((issue) => `${file}:${line(issue.path)} ${say(issue)}`).join('\n'))
  }
  return freeze(build(parsed.data, publicUrl))

  function line(path: readonly PropertyKey[]): number {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true) as Node | undefined
      const range = node?.range ?? (isScalar(node) ? node.range : undefined)
      if (range) return lines.linePos(range[0]).line
    }
    return 1
  }
}

/** @throws CatalogFault where aliases unfold into more than a catalog can be */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new CatalogFault(`${file}: ${(error as Error).message}. Write the members out instead of by alias.`)
  }
}

function say(issue: z.core.$ZodIssue): string {
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  const what =
    issue.code === 'invalid_key'
      ? issue.issues.map((inner) => inner.message).join('; ')
      : missing
        ? `is missing; ${issue.expected} expected`
        : issue.message
  return `${issue.path.join('.') || '(top level)'}: ${what}`
}

function build(raw: RawCatalog, publicUrl: string): Catalog {
  const manage = manageNamespace(publicUrl)
  const namespaces = new Map(
    [...Object.entries(raw.namespaces).map(([id, ns]) => namespace(id, ns, publicUrl)), manage].map((n) => [n.id, n]),
  )
  const plans = new Map(Object.entries(raw.plans).map(([id, p]) => [id, plan(id, p, namespaces)]))
  return {
    support: raw.support,
    terms: { version: raw.terms.version, url: raw.terms.url, requiredFrom: raw.terms.requiredFrom.getTime() },
    limits: raw.limits,
    events: { keepDays: raw.events.keepDays ?? null },
    leakReports: raw.leakReports,
    namespaces,
    manage,
    plans,
  }
}

function namespace(id: string, raw: RawNamespace, publicUrl: string): NamespaceEntry {
  const scopes = new Map(
    Object.entries(raw.scopes).map(([name, s]): [string, ScopeEntry] => [
      name,
      { name, ...s, family: s.family ?? name.split(':')[0] ?? name, subAccountKinds: s.subAccountKinds },
    ]),
  )
  return {
    id,
    builtIn: false,
    title: raw.title,
    stage: raw.stage,
    label: raw.label ?? (raw.stage === 'beta' ? 'Experimental' : null),
    issuer: `${publicUrl}/${id}`,
    audience: raw.audience,
    host: raw.host ?? null,
    openapi: raw.openapi ?? null,
    tokenTtlSeconds: raw.tokenTtlSeconds,
    jwksMaxAgeSeconds: raw.jwksMaxAgeSeconds,
    statusListTtlSeconds: raw.statusListTtlSeconds,
    signingAlg: raw.signingAlg,
    dpopNonce: raw.dpopNonce,
    deprecatedAt: raw.deprecatedAt?.getTime() ?? null,
    sunsetAt: raw.sunsetAt?.getTime() ?? null,
    holderTypes: raw.holderTypes ?? null,
    acceptsImported: raw.acceptsImported,
    scopes,
    scopeNames: new Set(scopes.keys()),
  }
}

function manageNamespace(publicUrl: string): NamespaceEntry {
  const scopes = new Map(
    MANAGE_SCOPES.map((s): [string, ScopeEntry] => [
      s.name,
      { publishable: false, implies: [], subAccountKinds: undefined, ...s, family: s.name.split(':')[0] as string },
    ]),
  )
  return {
    id: 'manage',
    builtIn: true,
    title: 'Management API',
    stage: 'stable',
    label: null,
    issuer: `${publicUrl}/manage`,
    audience: `${publicUrl}/manage`,
    host: null,
    openapi: null,
    tokenTtlSeconds: 300,
    jwksMaxAgeSeconds: 300,
    statusListTtlSeconds: 30,
    signingAlg: 'ES256',
    dpopNonce: 'offered',
    deprecatedAt: null,
    sunsetAt: null,
    holderTypes: null,
    acceptsImported: false,
    scopes,
    scopeNames: new Set(scopes.keys()),
  }
}

function plan(
  id: string,
  raw: RawCatalog['plans'][string],
  namespaces: ReadonlyMap<string, NamespaceEntry>,
): PlanEntry {
  const scopesByNamespace = new Map<string, ReadonlySet<string>>()
  for (const ns of raw.namespaces) {
    const known = namespaces.get(ns)
    if (known === undefined) continue
    const listed = raw.scopes === '*' ? [...known.scopeNames] : raw.scopes.filter((s) => known.scopes.has(s))
    scopesByNamespace.set(ns, expand(listed, known))
  }
  return { id, namespaces: raw.namespaces, scopesByNamespace, limits: raw.limits, entitlements: raw.entitlements }
}

function freeze<T>(value: T): T {
  if (value instanceof Map) for (const member of value.values()) freeze(member)
  else if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) freeze(member)
  return Object.freeze(value)
}
