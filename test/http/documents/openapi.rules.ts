/** What makes a document well-formed, as far as OpenAPI 3.1 and JSON Schema 2020-12 can be checked by reading it. */

export interface Document {
  openapi: string
  info: { title: string; version: string; description: string; contact: Record<string, string> }
  externalDocs: { url: string }
  tags: { name: string; description?: string }[]
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Record<string, unknown>> & { securitySchemes: Record<string, Record<string, string>> }
}
export interface Operation {
  operationId: string
  summary?: string
  tags: string[]
  security: Record<string, string[]>[]
  servers?: { url: string }[]
  parameters?: (Parameter | { $ref: string })[]
  requestBody?: Body & { required: boolean }
  responses: Record<string, Body & { description: string; headers?: object }>
  'x-scope'?: string | null
  'x-plans'?: string[]
}
interface Body {
  content?: Record<string, Media>
}
interface Media {
  schema: Schema
  example?: Record<string, unknown>
  examples?: Record<string, { value: Record<string, unknown> }>
}
interface Parameter {
  in: string
  name: string
  required?: boolean
  schema?: Schema
}
interface Schema extends Record<string, unknown> {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']

export function operations({ paths }: Document): { path: string; method: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) =>
      METHODS.includes(method) ? [{ path, method, operation }] : [],
    ),
  )
}

export function faultsOf(document: Document): string[] {
  const ids = operations(document).map(({ operation }) => operation.operationId)
  return [
    ...(/^3\.1\.\d$/.test(document.openapi) ? [] : ['openapi']),
    ...(document.info.title && document.info.version ? [] : ['info']),
    ...references(document).flatMap((to) => (at(document, to) === undefined ? [`dangling ${to}`] : [])),
    ...(JSON.stringify(document).includes('"nullable"') ? ['nullable is OpenAPI 3.0'] : []),
    ...ids.filter((id, i) => !id || ids.indexOf(id) !== i).map((id) => `operationId ${id} twice`),
    ...operations(document).flatMap(({ path, method, operation }) =>
      [
        ...operationFaults(document, operation),
        ...parameterFaults(document, path, operation),
        ...answerFaults(operation),
      ].map((fault) => `${method} ${path}: ${fault}`),
    ),
    ...schemasOf(document, '#').flatMap(([where, schema]) => schemaFaults(schema, where)),
  ]
}

function operationFaults({ tags, components }: Document, operation: Operation): string[] {
  const declared = new Set(tags.map(({ name }) => name))
  const schemes = operation.security.flatMap((each) => Object.keys(each))
  return [
    ...(operation.summary ? [] : ['no summary']),
    ...operation.tags.filter((tag) => !declared.has(tag)).map((tag) => `tag ${tag}`),
    ...schemes.filter((name) => !components.securitySchemes[name]).map((name) => `scheme ${name}`),
  ]
}

function parameterFaults(document: Document, path: string, { parameters = [] }: Operation): string[] {
  const all = parameters.map((each) => ('$ref' in each ? (at(document, each.$ref) as Parameter) : each))
  const inPath = all.filter((each) => each.in === 'path')
  const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
  const keys = all.map((each) => `${each.in} ${each.name}`)
  return [
    ...(named.length === inPath.length && inPath.every(({ name }) => named.includes(name)) ? [] : ['path']),
    ...(inPath.every(({ required }) => required === true) ? [] : ['a path parameter that is not required']),
    ...(new Set(keys).size === keys.length ? [] : ['a parameter twice']),
    ...(all.every(({ schema }) => schema) ? [] : ['a parameter without schema']),
  ]
}

function answerFaults({ responses, requestBody }: Operation): string[] {
  const codes = Object.keys(responses)
  const media = [...(requestBody ? [requestBody] : []), ...Object.values(responses)].flatMap(({ content = {} }) =>
    Object.entries(content),
  )
  return [
    ...(codes.some((code) => /^[23]/.test(code)) ? [] : ['no success']),
    ...codes.filter((code) => !/^[1-5]\d\d$|^default$/.test(code)),
    ...codes.filter((code) => !responses[code]?.description).map((code) => `${code}: no description`),
    ...media.flatMap(([type, { example, examples }]) =>
      /^[\w.+-]+\/[\w.+-]+$/.test(type) && !(example && examples) ? [] : [type],
    ),
  ]
}

/** Every schema by where it stands, those inside schemas left to schemaFaults. */
function schemasOf(node: unknown, where: string): [string, Schema][] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]): [string, Schema][] => {
    if (key === 'schema') return [[`${where}/schema`, value]]
    if (key === 'schemas') return Object.entries(value)
    return /^examples?$/.test(key) ? [] : schemasOf(value, `${where}/${key}`)
  })
}

const NUMBERS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'minItems']

function schemaFaults(schema: unknown, where: string): string[] {
  if (typeof schema === 'boolean') return []
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return [`${where}: no schema`]
  const { type, required = [], properties = {}, ...rest } = schema as Schema
  const types = type === undefined ? [] : [type].flat()
  if (typeof rest.pattern === 'string') new RegExp(rest.pattern, 'u')
  const lists = ['allOf', 'anyOf', 'oneOf', 'prefixItems'].flatMap(
    (name) => (rest[name] as unknown[] | undefined) ?? [],
  )
  const single = ['items', 'additionalProperties', 'propertyNames', 'not'].flatMap((name) =>
    rest[name] === undefined ? [] : [rest[name]],
  )
  return [
    ...types.filter((each) => !TYPES.includes(each)),
    ...(types.includes('array') && rest.items === undefined && !rest.prefixItems ? [`${where}: items`] : []),
    ...required.filter((name) => !Object.hasOwn(properties, name)).map((name) => `${where}: required ${name}`),
    ...(Array.isArray(rest.enum ?? [0]) ? [] : [`${where}: enum`]),
    ...NUMBERS.filter((name) => rest[name] !== undefined && typeof rest[name] !== 'number').map(
      (n) => `${where}: ${n}`,
    ),
    ...[...lists, ...single].flatMap((each, i) => schemaFaults(each, `${where}/${i}`)),
    ...Object.entries(properties).flatMap(([name, each]) => schemaFaults(each, `${where}/${name}`)),
  ]
}

function references(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : references(value),
  )
}

function at(document: Document, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined
  const path = reference.slice(2).split('/')
  return path.reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], document)
}
