import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Latchkey } from '../../../src/compose.ts'
import { startForTests } from '../../../src/server.ts'
import { type Document, faultsOf } from './openapi.rules.ts'

/** Everything about it gets in the way: names that are taken, another scheme, servers of three kinds. */
const THEIRS = `
openapi: 3.1.0
info: { title: Theirs, version: "9" }
servers: [{ url: /base }]
security: [{ theirBearer: [] }]
tags: [{ name: things, description: Things }, { name: jwts, description: Not this }]
paths:
  /v2/jwts:
    post: { operationId: steal, summary: Steal, tags: [jwts], responses: { "200": { description: Stolen. } } }
  /things:
    get:
      operationId: token
      summary: List things
      tags: [things]
      x-scope: orders:read
      responses:
        "200": { description: Things., content: { application/json: { schema: { $ref: "#/components/schemas/Problem" } } } }
  /elsewhere:
    servers: [{ url: "https://{region}.api.example.net/v1", variables: { region: { default: eu } } }]
    get: { operationId: elsewhere, summary: Elsewhere, tags: [things], responses: { "200": { description: Yes. } } }
    post:
      operationId: key
      summary: With a key
      tags: [things]
      servers: [{ url: "https://other.example.net/x" }]
      security: [{ theirKey: [] }]
      responses: { "200": { description: Yes. } }
components:
  securitySchemes:
    theirBearer: { type: http, scheme: Bearer }
    theirKey: { type: apiKey, in: header, name: X-Key }
  schemas:
    Problem: { type: object, properties: { inner: { $ref: "#/components/schemas/Inner" } } }
    Inner: { type: object, properties: { outer: { $ref: "#/components/schemas/Problem" } } }
`

describe('The OpenAPI document of a resource API, named in the catalog', () => {
  let latchkey: Latchkey
  let server: Server
  let origin: string
  let document: Document
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-openapi-'))

  before(async () => {
    server = createServer((_, res) => res.end(THEIRS))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const catalog = readFileSync(new URL('../../../latchkey.yaml', import.meta.url), 'utf8')
    const file = join(folder, 'latchkey.yaml')
    writeFileSync(file, catalog.replace(/^( *)title: Partner API$/m, `$&\n$1openapi: ${origin}/openapi.yaml`))
    latchkey = await startForTests({ env: { LATCHKEY_CATALOG: file } })
    while (latchkey.documents.of('v2').paths['/things'] === undefined) await new Promise((next) => setTimeout(next, 10))
    document = (await (await fetch(`${latchkey.url}/v2/openapi.json`)).json()) as Document
  })
  after(async () => {
    await latchkey?.close()
    server.close()
    rmSync(folder, { recursive: true })
  })

  it('is merged, and the whole is well-formed', () => {
    expect(faultsOf(document)).to.deep.equal([])
    expect(document.tags.map(({ name }) => name).slice(0, 2)).to.deep.equal(['jwts', 'things'])
  })

  it('gives way where a name is taken, and its references follow', () => {
    const { schemas } = document.components
    expect(schemas?.Problem).to.have.nested.property('properties.requestId')
    expect(schemas?.ResourceProblem).to.have.nested.property('properties.inner.$ref', '#/components/schemas/Inner')
    expect(schemas?.Inner).to.have.nested.property('properties.outer.$ref', '#/components/schemas/ResourceProblem')
    expect(document.paths['/v2/jwts']?.post?.operationId).to.equal('exchangeKey')
    expect(document.paths['/things']?.get?.operationId).to.equal('tokenOfResource')
  })

  it('keeps the nearest servers, read against its own address', () => {
    expect(document.paths['/things']?.get?.servers).to.deep.equal([{ url: `${origin}/base` }])
    expect(document.paths['/elsewhere']?.get?.servers?.[0]?.url).to.equal('https://{region}.api.example.net/v1')
    expect(document.paths['/elsewhere']?.post?.servers?.[0]?.url).to.equal('https://other.example.net/x')
  })

  it('is called with the access token, whatever it calls that; other schemes stay', () => {
    expect(document.paths['/things']?.get?.security).to.deep.equal([{ accessToken: [] }])
    expect(document.paths['/elsewhere']?.post?.security).to.deep.equal([{ theirKey: [] }])
    expect(Object.keys(document.components.securitySchemes)).to.have.members(['accessToken', 'theirKey'])
  })

  it('gets the gate of plans from its scopes', () => {
    expect(document.paths['/things']?.get?.['x-plans']).to.deep.equal(['agency'])
  })

  it('has its servers in the policy of the page, and no others', async () => {
    const policy = (await fetch(`${latchkey.url}/docs`)).headers.get('content-security-policy')
    const [connect] = policy?.match(/connect-src [^;]+/) ?? []
    expect(connect?.split(' ').slice(1)).to.have.members([
      "'self'",
      latchkey.url,
      origin,
      'https://*.api.example.net',
      'https://other.example.net',
      latchkey.demo?.resourceUrl,
    ])
  })
})
