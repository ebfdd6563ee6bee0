/** Versions of things: `ETag` on what is shown, `If-Match` on what is changed (RFC 9110 §8.8.3 and §13.1.1). */
import type { z } from 'zod'
import { Refusal } from '../errors.ts'
import type { RequestFacts } from './request.ts'
import type { Answer, Reply } from './route.ts'

/** The versions that a caller has seen and means to change. */
export type Expected = Pick<ReadonlySet<number>, 'has'>

const ANY: Expected = { has: () => true }

export function etagOf({ version }: { version: number }): string {
  return `"${version}"`
}

/**
 * `"7"`, or a list of such. `*` would change what the caller has not seen, so it does not count as a version; a weak tag
 * never matches.
 *
 * @param optional where no version is named, any will do
 * @throws Refusal `precondition_required` where no version is named
 */
export function readIfMatch(request: RequestFacts, optional: boolean): Expected {
  const tags = (request.header('if-match') ?? '').split(',').map((tag) => tag.trim())
  if (tags.every((tag) => tag === '' || tag === '*')) {
    if (optional) return ANY
    throw new Refusal('precondition_required')
  }
  return new Set(tags.filter((tag) => /^"(0|[1-9]\d{0,14})"$/.test(tag)).map((tag) => Number(tag.slice(1, -1))))
}

/** @throws Refusal `precondition_failed`, with the present ETag */
export function requireVersion(expected: Expected, present: { version: number }): void {
  if (!expected.has(present.version)) throw new Refusal('precondition_failed', { headers: { ETag: etagOf(present) } })
}

/** A thing with a version, as its GET and every change of it answer. */
export function describe(shown: { version: number }): Reply & { body: object } {
  return { status: 200, headers: { ETag: etagOf(shown) }, body: shown }
}

/** The same when it was made, with where it stands. */
export function made(shown: { version: number }, location: string): Reply {
  return { ...describe(shown), status: 201, headers: { ETag: etagOf(shown), Location: location } }
}

/** What {@link describe} answers, for the OpenAPI document. */
export function described(description: string, schema: z.ZodType): Answer {
  return { description, content: { 'application/json': schema }, headers: { ETag: 'The version; If-Match takes it.' } }
}
