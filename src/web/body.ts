/** Bodies: bounded, decoded strictly, flat. Everything odd about one is a 4xx here. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { parse } from 'node:querystring'
import rawBody from 'raw-body'
import { type FieldFault, Refusal, sayable } from '../errors.ts'

/** Unless a route says otherwise. */
export const MAX_BODY_BYTES = 64 * 1024

export type BodyKind = 'json' | 'form'
const BYTE_ORDER_MARK = '\ufeff'
const MEDIA_TYPES: Readonly<Record<BodyKind, string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
}

export function mediaTypeOf(kind: BodyKind): string {
  return MEDIA_TYPES[kind]
}

export interface BodyRules {
  kinds: readonly BodyKind[]
  maxBytes?: number
  /** How to send less at a time, where that is not plain. */
  inParts?: string
  /** Form parameters that may be given more than once: none unless said (RFC 6749 §3.2). */
  repeatable?: readonly string[]
}

export interface ReadBody {
  members: unknown
  /** As it came. */
  text: string
}

/** Null where there is none. */
export async function readBody(req: IncomingMessage, rules: BodyRules): Promise<ReadBody | null> {
  const length = req.headers['content-length']
  const chunked = req.headers['transfer-encoding'] !== undefined
  if (!chunked && (length === undefined || length === '0')) return null
  const kind = kindOf(req, rules)
  const encoding = req.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Refusal('unsupported_media_type', { detail: 'Send the body without Content-Encoding.' })
  }
  const text = decode(await readBytes(req, rules))
  if (text === '' && kind === undefined) return null
  if (kind === undefined) throw unsupported(rules)
  return { members: kind === 'json' ? parseJson(text) : parseForm(text, rules.repeatable ?? []), text }
}

function kindOf(req: IncomingMessage, rules: BodyRules): BodyKind | undefined {
  const header = req.headers['content-type']
  if (header === undefined) return undefined
  const plain = rules.kinds.find((k) => MEDIA_TYPES[k] === header)
  if (plain !== undefined) return plain
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase())
  const charset = parameters
    .find((p) => p.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '')
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw new Refusal('unsupported_media_type', { detail: 'Send the body in UTF-8.' })
  }
  const kind = rules.kinds.find((k) => MEDIA_TYPES[k] === type)
  if (kind === undefined) throw unsupported(rules)
  return kind
}

function unsupported(rules: BodyRules): Refusal {
  return new Refusal('unsupported_media_type', {
    detail: `Send Content-Type: ${rules.kinds.map(mediaTypeOf).join(' or ')}.`,
  })
}

async function readBytes(
  req: IncomingMessage,
  { maxBytes: limit = MAX_BODY_BYTES, inParts = 'Send less at a time.' }: BodyRules,
): Promise<Buffer> {
  try {
    return await rawBody(req, { limit, length: req.headers['content-length'] ?? null })
  } catch (error) {
    const type = (error as { type?: string }).type
    if (type === 'entity.too.large') {
      throw new Refusal('payload_too_large', {
        detail: `The body is larger than ${limit / 1024} KiB. ${inParts}`,
        headers: { Connection: 'close' },
      })
    }
    throw new Refusal('invalid_request', {
      detail: 'The body ended before it was complete.',
      headers: { Connection: 'close' },
    })
  }
}

function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Refusal('invalid_request', { detail: 'The body is not UTF-8.' })
  const text = bytes.toString('utf8')
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text
}

/** Deeper than anybody needs, and far from where recursion ends. */
const MAX_DEPTH = 64

function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) {
    throw new Refusal('invalid_request', { detail: `The body is nested deeper than ${MAX_DEPTH} levels.` })
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('invalid_request', { detail: 'The body is not JSON. Check quotes, commas and brackets.' })
  }
}

function depthOf(text: string): number {
  let [depth, deepest, inside] = [0, 0, false]
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (inside && char === '\\') i++
    else if (char === '"') inside = !inside
    else if (!inside && (char === '[' || char === '{')) deepest = Math.max(deepest, ++depth)
    else if (!inside && (char === ']' || char === '}')) depth--
  }
  return deepest
}

/** Flat pairs, never nested: `a[b]=1` is a parameter of that very name. */
function parseForm(text: string, repeatable: readonly string[]): Record<string, string | string[]> {
  const form = parse(text, '&', '=', { maxKeys: 0 }) as Record<string, string | string[]>
  const twice: FieldFault[] = []
  for (const [name, value] of Object.entries(form)) {
    if (repeatable.includes(name)) form[name] = [value].flat()
    else if (Array.isArray(value))
      twice.push({ pointer: `/${sayable(name)}`, detail: 'is given more than once; give it once.' })
  }
  if (twice.length > 0) {
    throw new Refusal('invalid_request', { detail: 'A parameter is given more than once.', errors: twice.slice(0, 10) })
  }
  return form
}
