/**
 * An operation is declared once. From its declaration come the router's entry, the demand on the token, the checks of
 * what comes in, and its part of the OpenAPI document.
 */
import type { z } from 'zod'
import type { AccessToken } from '../../verifier/index.ts'

export interface Input<Data, Params, Query, Body> {
  params: Params
  query: Query
  body: Body
  token: AccessToken
  /** Of the token's account, and of no other. */
  data: Data
  /** ms since 1970 */
  now: number
  /** Start of a challenge, in the scheme that the token came in. */
  challenge: string
}

export interface Reply {
  status: number
  headers?: Readonly<Record<string, string>>
  /** Media type of a text body; JSON unless said. */
  type?: string
  body?: string | object
}

export interface Answer {
  description: string
  schema?: z.ZodType
  /** Media type; JSON unless said. */
  type?: string
}

export interface Operation<Data = unknown, Params = unknown, Query = unknown, Body = unknown> {
  method: 'get' | 'post' | 'patch' | 'delete'
  /** With `{name}` for parameters. */
  path: string
  operationId: string
  tag: string
  summary: string
  description?: string
  scope: string
  /** The scope may be granted for single sub-accounts: then the handler asks the token, row by row. */
  perSubAccount?: true
  /** The scope may be held by keys that are public: any web page may call. */
  publishable?: true
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  /** `example` works as it stands, on the data of account `acme`. */
  body?: { schema: z.ZodType<Body>; example: object }
  answers: Readonly<Record<number, Answer>>
  /** Refusals beside those that every operation has: status and when. */
  refusals?: Readonly<Record<number, string>>
  handle(input: Input<Data, Params, Query, Body>): Reply
}

/** Makes the function that declares operations on data of one shape; a list of them forgets their other types. */
export function operationsOn<Data>() {
  return <Params, Query, Body>(declared: Operation<Data, Params, Query, Body>): Operation<Data> =>
    declared as unknown as Operation<Data>
}

/** One namespace of the resource server. */
export interface Api<Data = unknown> {
  id: string
  title: string
  tags: readonly { name: string; description: string }[]
  operations: readonly Operation<Data>[]
  /** Data of an account, made when first asked for. */
  dataOf(account: string): Data
}

/** Lets go of the type of the data: a list holds namespaces of every kind. */
export function api<Data>(declared: Api<Data>): Api {
  return declared as unknown as Api
}
