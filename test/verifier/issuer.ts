/** A tiny issuer over real HTTP: serves a JWK Set and status lists, counts what is asked, fails on demand. */
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { createVerifier, type Verifier, VerifyError, type VerifyErrorCode } from '../../src/verifier/index.ts'
import type { VerifierOptions } from '../../src/verifier/verify.ts'

export interface SigningKey {
  kid: string
  alg: string
  publicJwk: JWK
  privateKey: CryptoKey
}

export type Failure = 'none' | 'refused' | 'error' | 'missing' | 'redirect'
type Json = Record<string, unknown>

export const AUDIENCE = 'https://api.example.com/v2'

export async function createSigningKey(alg = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { kid, alg, publicJwk: { ...jwk, kid, alg, use: 'sig' }, privateKey }
}

export class Issuer {
  /** ms; moved by the tests */
  time = Math.floor(Date.now() / 1000) * 1000
  readonly now = () => this.time
  url = ''
  keys: SigningKey[] = []
  /** Whole body of the JWK Set route, where it shall differ. */
  jwksBody: string | null = null
  cacheControl: string | null = 'public, max-age=300'
  keysFailure: Failure = 'none'
  statusFailure: Failure = 'none'
  hits = { keys: 0, status: 0, notModified: 0, other: 0 }
  /** Statuses at index 0…; two bits each. */
  statuses = new Uint8Array(16)
  list: Json = {}
  listHeader: Json = {}
  listHeaders: Record<string, string> = {}
  listKey: SigningKey | null = null
  gzip = false
  /** Runs before a status list is answered. */
  beforeStatus: () => Promise<void> = async () => {}
  /** What the stream says first, as the id of no event; null where there is no stream. */
  place: string | null = null
  /** The connections to the stream, and from where each was to go on. */
  streams: ServerResponse[] = []
  asked: (string | undefined)[] = []
  #followed = new EventEmitter()
  #server = createServer((req, res) => void this.#answer(req, res))
  #verifiers: Verifier[] = []

  async start(): Promise<this> {
    this.keys = [await createSigningKey()]
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v2`
    return this
  }

  async stop(): Promise<void> {
    for (const verifier of this.#verifiers) verifier.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get key(): SigningKey {
    return this.keys[0] as SigningKey
  }

  get seconds(): number {
    return Math.floor(this.time / 1000)
  }

  verifier(options: Partial<VerifierOptions> = {}): Verifier {
    const verifier = createVerifier({ issuer: this.url, audience: AUDIENCE, now: this.now, ...options })
    this.#verifiers.push(verifier)
    return verifier
  }

  /** The next connection to the stream. */
  async followed(): Promise<void> {
    await once(this.#followed, 'followed')
  }

  /** On the latest connection to the stream. */
  say(text: string): void {
    this.streams.at(-1)?.write(`${text}\n\n`)
  }

  /** @param id the place, for the last event of a version */
  tell(event: Json, id?: string): void {
    const data = { uri: `${this.url}/status/1`, changed: [], denied: [], ...event }
    this.say(`${id === undefined ? '' : `id: ${id}\n`}event: status\ndata: ${JSON.stringify(data)}`)
  }

  claims(overrides: Json = {}): Json {
    return {
      iss: this.url,
      aud: AUDIENCE,
      sub: 'key_0123456789ab',
      client_id: 'key_0123456789ab',
      jti: 'jti-1',
      iat: this.seconds,
      exp: this.seconds + 300,
      scope: 'links:read links:write',
      account: 'acme',
      plan: 'agency',
      ...overrides,
    }
  }

  /** A member that is `undefined` is left out. */
  async token(overrides: Json = {}, header: Json = {}, key: SigningKey = this.key): Promise<string> {
    return sign(this.claims(overrides), { typ: 'at+jwt', ...header }, key)
  }

  status(idx: number, list = '1'): Json {
    return { status: { status_list: { idx, uri: `${this.url}/status/${list}` } } }
  }

  set(idx: number, value: number): void {
    const shift = (idx % 4) * 2
    const byte = idx >> 2
    this.statuses[byte] = ((this.statuses[byte] ?? 0) & ~(3 << shift)) | (value << shift)
  }

  async statusToken(uri: string): Promise<string> {
    const lst = deflateSync(this.statuses, { level: 9 }).toString('base64url')
    const times = { iat: this.seconds, exp: this.seconds + 300, ttl: 30 }
    const claims = { iss: this.url, sub: uri, ...times, status_list: { bits: 2, lst }, ...this.list }
    return sign(claims, { typ: 'statuslist+jwt', ...this.listHeader }, this.listKey ?? this.key)
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = (req.url ?? '').split('?')[0] ?? ''
    if (path === '/v2/.well-known/jwks.json') {
      this.hits.keys++
      if (fail(this.keysFailure, req, res)) return
      if (this.cacheControl !== null) res.setHeader('cache-control', this.cacheControl)
      res.setHeader('content-type', 'application/jwk-set+json')
      res.end(this.jwksBody ?? JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) }))
    } else if (path.startsWith('/v2/status/')) {
      this.hits.status++
      await this.#answerStatus(path, req, res)
    } else if (path === '/v2/revocations') {
      this.#stream(req, res)
    } else {
      this.hits.other++
      res.writeHead(404).end()
    }
  }

  #stream(req: IncomingMessage, res: ServerResponse): void {
    if (this.place === null) {
      res.writeHead(503, { 'retry-after': '30' }).end()
      return
    }
    this.asked.push(req.headers['last-event-id'] as string | undefined)
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`id: ${this.place}\n\n`)
    this.streams.push(res)
    this.#followed.emit('followed')
  }

  async #answerStatus(path: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (fail(this.statusFailure, req, res)) return
    await this.beforeStatus()
    const etag = this.listHeaders.etag
    if (etag !== undefined && req.headers['if-none-match'] === etag) {
      this.hits.notModified++
      res.writeHead(304).end()
      return
    }
    const body = await this.statusToken(new URL(path, this.url).href)
    const headers = { 'content-type': 'application/statuslist+jwt', ...this.listHeaders }
    res.writeHead(200, this.gzip ? { ...headers, 'content-encoding': 'gzip' } : headers)
    res.end(this.gzip ? gzipSync(body) : body)
  }
}

export function sign(claims: Json, header: Json, key: SigningKey): Promise<string> {
  const protectedHeader = JSON.parse(JSON.stringify({ alg: key.alg, kid: key.kid, ...header })) as { alg: string }
  return new SignJWT(JSON.parse(JSON.stringify(claims)) as Json)
    .setProtectedHeader(protectedHeader)
    .sign(key.privateKey)
}

function fail(how: Failure, req: IncomingMessage, res: ServerResponse): boolean {
  if (how === 'refused') req.socket.destroy()
  if (how === 'error') res.writeHead(500).end('broken')
  if (how === 'missing') res.writeHead(404).end()
  if (how === 'redirect') res.writeHead(302, { location: '/elsewhere' }).end()
  return how !== 'none'
}

export async function refused(promise: Promise<unknown>, code: VerifyErrorCode): Promise<VerifyError> {
  const error = await promise.then(
    () => expect.fail(`accepted, where ${code} was due`),
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(VerifyError)
  expect((error as VerifyError).code).to.equal(code)
  return error as VerifyError
}

/** What came over the wire is heard some turns of the event loop later. */
export async function settles(check: () => Promise<unknown>): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    try {
      await check()
      return
    } catch {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await check()
}

export const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
