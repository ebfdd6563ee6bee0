/**
 * A route is declared once. From its declaration come the router's entry, the checks of what comes in, the guard, and
 * its operation in the OpenAPI document.
 */
import type { z } from 'zod'
import type { Code } from '../errors.ts'
import type { Action } from '../people/access.rules.ts'
import type { Once } from '../store/act.ts'
import type { BodyKind } from './body.ts'
import type { Expected } from './etag.ts'
import type { Principal } from './principal.ts'
import type { RequestFacts } from './request.ts'

export interface Reply {
  status: number
  headers?: Readonly<Record<string, string>>
  /** Media type of a text or byte body; JSON unless said. */
  type?: string
  /** A text that comes in parts is streamed. */
  body?: string | Uint8Array | AsyncIterable<string> | object
  /** Of a route with `csvColumns`: the page as rows. */
  csvRows?: readonly Readonly<Record<string, unknown>>[]
}

export interface Input<P, Q, B> {
  params: P
  query: Q
  body: B
  /** The body as it came, for what is signed over it; '' where there is none. */
  rawBody: string
  request: RequestFacts
  /** Who calls; present on routes that name an action. */
  caller: Principal
  /** On routes with `ifMatch`: the versions that the caller means to change. */
  expected: Expected
  /** On idempotent routes, where the caller sent an Idempotency-Key: to be handed to the act. */
  once: Once | null
}

export interface BodyDeclaration<B> {
  /** In the order they are documented. */
  kinds: readonly BodyKind[]
  schema: z.ZodType<B>
  /** What the document shows instead for a kind, where the schema alone would be harder to use. */
  shown?: Partial<Record<BodyKind, z.ZodType>>
  maxBytes?: number
  inParts?: string
  optional?: true
  repeatable?: readonly string[]
}

export interface Answer {
  description: string
  /** Media types in the order they are documented, with their schemas; none: no body. */
  content?: Readonly<Record<string, z.ZodType>>
  headers?: Readonly<Record<string, string>>
}

export interface Route<P = unknown, Q = unknown, B = unknown> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** With `{name}` for parameters. */
  path: string
  operationId: string
  tag: string
  summary: string
  description?: string
  /** An action of the table in people/access.rules.ts, or open to all. */
  access: Action | 'public'
  /** RFC 6749 JSON under /oauth/, problem details elsewhere. */
  errors: 'problem' | 'oauth'
  /** Readable from any web page, without credentials. */
  cors?: true
  /** Namespace whose Deprecation and Sunset headers the answers carry. */
  namespace?: string
  /** Changes a thing with a version: If-Match must name it, or `optional`, may. */
  ifMatch?: true | 'optional'
  /** Takes an Idempotency-Key; `oneTime` are the members of the answer that a replay has null for. */
  idempotent?: { oneTime: readonly string[] }
  /** Of a list whose items are no rows of a table: its columns as CSV. Of other lists they are the items' members. */
  csvColumns?: readonly string[]
  params?: z.ZodType<P>
  query?: z.ZodType<Q>
  body?: BodyDeclaration<B>
  answers: Readonly<Record<number, Answer>>
  /** Codes of the one table that this route refuses with, beside those that every route has. */
  refusals: readonly Code[]
  handle(input: Input<P, Q, B>): Promise<Reply>
}

/** Keeps the types of one route together and lets them go afterwards: a list holds routes of every type. */
export function route<P, Q, B>(declared: Route<P, Q, B>): Route {
  return declared as unknown as Route
}
