/** The demo resource server over real HTTP, with one tiny issuer for each of its namespaces. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { createDemoResource, type DemoResource } from '../../src/demo/resource/server.ts'
import { AUDIENCE, Issuer } from '../verifier/issuer.ts'

export const V3_AUDIENCE = 'https://api.example.com/v3'
export const BROWSER = 'http://localhost:3000'
export const PLANS = [
  { id: 'starter', scopes: ['links:read', 'links:write', 'analytics:read', 'tags:read'] },
  { id: 'creator', scopes: ['links:read', 'links:write', 'links:export', 'conversions:write', 'domains:write'] },
  { id: 'agency', scopes: ['*'] },
]

type Json = Record<string, unknown>
export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads out of it, it also checks
  body: any
}
export interface Call {
  /** Scopes of the whole account. */
  scope?: string
  claims?: Json
  /** Sent as it is, instead of a token made from the claims; empty: none. */
  token?: string
  body?: unknown
  headers?: Record<string, string>
}

export interface Operation {
  method: string
  path: string
  // biome-ignore lint/suspicious/noExplicitAny: an OpenAPI operation, as JSON
  declared: any
}

export class Demo {
  readonly v2 = new Issuer()
  readonly v3 = new Issuer()
  resource!: DemoResource
  url = ''
  fetched: string[] = []
  #server!: Server

  async start(): Promise<this> {
    await Promise.all([this.v2.start(), this.v3.start()])
    const v2 = { id: 'v2', issuer: this.v2.url, audience: AUDIENCE, plans: PLANS } as const
    const v3 = { id: 'v3', issuer: this.v3.url, audience: V3_AUDIENCE, plans: PLANS } as const
    this.resource = createDemoResource({
      resourceUrl: 'http://localhost:3001',
      namespaces: [v2, v3],
      allowedOrigins: [BROWSER],
      now: this.v2.now,
      fetch: (input, init) => {
        this.fetched.push(String(input))
        return fetch(input, init)
      },
    })
    this.#server = this.resource.app.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  async stop(): Promise<void> {
    this.resource.close()
    this.#server.closeAllConnections()
    this.#server.close()
    await Promise.all([this.v2.stop(), this.v3.stop()])
  }

  token(namespace: string, claims: Json): Promise<string> {
    return namespace === 'v3' ? this.v3.token({ aud: V3_AUDIENCE, ...claims }) : this.v2.token(claims)
  }

  /** As account acme, plan agency, unless the claims say otherwise. */
  async call(method: string, path: string, { scope, claims = {}, ...sent }: Call = {}): Promise<Answer> {
    const token = sent.token ?? (await this.token(path.split('/')[1] ?? '', { scope, ...claims }))
    const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` }
    if (sent.body !== undefined) headers['content-type'] = 'application/json'
    const init: RequestInit = { method, headers: { ...headers, ...sent.headers } }
    if (sent.body !== undefined) init.body = typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body)
    const answer = await fetch(`${this.url}${path}`, init)
    const text = await answer.text()
    expect(answer.headers.get('request-id')).to.match(/^[0-9a-f-]{36}$/)
    expect(answer.status, text).to.be.below(500)
    return { status: answer.status, headers: answer.headers, text, body: /^[{[]/.test(text) ? JSON.parse(text) : null }
  }

  operations(namespace: string): Operation[] {
    const { paths } = this.resource.openapi(namespace) as { paths: Record<string, Json> }
    return Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, declared]) => ({ method: method.toUpperCase(), path, declared })),
    )
  }

  /** As Swagger UI does, with everything as it stands in the document. */
  callExample({ method, path, declared }: Operation, call: Call = {}): Promise<Answer> {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => {
      const parameter = declared.parameters.find((each: Json) => each.name === name && each.in === 'path')
      return encodeURIComponent(parameter.example)
    })
    const body = declared.requestBody?.content['application/json'].example
    return this.call(method, filled, { ...(body && { body }), ...call })
  }
}

/** Every refusal has one shape. */
export function expectRefusal(answer: Answer, status: number, code: string, pointer?: string): void {
  const seen = [answer.status, answer.body?.status, answer.body?.code, answer.headers.get('content-type')]
  expect(seen, answer.text).to.deep.equal([status, status, code, 'application/problem+json'])
  expect(answer.body.type).to.equal('about:blank')
  expect(answer.body.title).to.be.a('string')
  expect(answer.body.detail).to.match(/[.?]$/)
  expect(answer.headers.get('cache-control')).to.equal('no-store')
  if (pointer !== undefined) expect(answer.body.errors?.map((each: Json) => each.pointer)).to.deep.equal([pointer])
}
