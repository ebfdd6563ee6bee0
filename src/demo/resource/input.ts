/** What came in, against what the operation declared. Everything odd about it is a 4xx here. */
import type { IncomingMessage } from 'node:http'
import rawBody from 'raw-body'
import type { z } from 'zod'
import type { Operation } from './operation.ts'
import { type Fault, notFound, ResourceRefusal } from './problems.ts'

const MAX_BODY_BYTES = 64 * 1024
const MAX_FAULTS = 20

/** An id of the wrong form names nothing: 404, like any other that is not there. */
export function parseParams({ params }: Operation, given: Record<string, string>): unknown {
  const parsed = params?.safeParse(given)
  if (parsed?.success === false) throw notFound()
  return parsed?.data
}

export function parseQuery({ query }: Operation, given: Record<string, string | string[] | undefined>): unknown {
  const parsed = query?.safeParse({ ...given })
  if (parsed?.success === false) throw invalid(parsed.error, (path) => `?${path.join('.')}`)
  return parsed?.data
}

export async function parseBody({ body }: Operation, req: IncomingMessage): Promise<unknown> {
  if (body === undefined) return undefined
  const parsed = body.schema.safeParse(await readJson(req))
  if (!parsed.success) throw invalid(parsed.error, pointer)
  return parsed.data
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  if (req.headers['content-length'] === '0' || !hasBody(req)) {
    throw new ResourceRefusal('invalid_request', 'Send a JSON body.')
  }
  checkMediaType(req)
  const text = decode(await readBytes(req))
  try {
    return JSON.parse(text)
  } catch {
    throw new ResourceRefusal('invalid_request', 'The body is not JSON. Check quotes, commas and brackets.')
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}

function checkMediaType({ headers }: IncomingMessage): void {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(/\s*;\s*/)
  const charset = parameters
    .find((each) => each.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '')
  const encoding = headers['content-encoding'] ?? 'identity'
  if (type.trim() === 'application/json' && /^utf-?8$/.test(charset ?? 'utf-8') && encoding === 'identity') return
  const detail = 'Send Content-Type: application/json, in UTF-8 and without Content-Encoding.'
  throw new ResourceRefusal('unsupported_media_type', detail)
}

async function readBytes(req: IncomingMessage): Promise<Buffer> {
  const headers = { Connection: 'close' }
  try {
    return await rawBody(req, { limit: MAX_BODY_BYTES, length: req.headers['content-length'] ?? null })
  } catch (error) {
    if ((error as { type?: string }).type === 'entity.too.large') {
      throw new ResourceRefusal('payload_too_large', 'The body is larger than 64 KiB. Send less at once.', { headers })
    }
    throw new ResourceRefusal('invalid_request', 'The body ended before it was complete.', { headers })
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new ResourceRefusal('invalid_request', 'The body is not UTF-8.')
  }
}

/** RFC 6901. */
function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function invalid(error: z.ZodError, where: (path: readonly PropertyKey[]) => string): ResourceRefusal {
  const faults: Fault[] = error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ pointer: where(issue.path), detail: issue.message }]
    const detail = 'is not a member of this request; leave it out.'
    return issue.keys.slice(0, MAX_FAULTS).map((key) => ({ pointer: where([...issue.path, key]), detail }))
  })
  const detail = 'The request is not valid. See errors; the same request will be refused again.'
  return new ResourceRefusal('invalid_request', detail, { faults: faults.slice(0, MAX_FAULTS) })
}
