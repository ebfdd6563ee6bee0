import { expect } from 'chai'
import type { Latchkey } from '../../../src/compose.ts'
import { ACTIONS, type ActionRule } from '../../../src/people/access.rules.ts'
import { startForTests } from '../../../src/server.ts'
import { type Document, faultsOf, type Operation, operations } from './openapi.rules.ts'

/** For whatever watches the process; no API of anybody's. */
const UNDOCUMENTED = ['/healthz', '/readyz']

describe('OpenAPI documents', () => {
  let latchkey: Latchkey
  const documents = new Map<string, Document>()
  before(async () => {
    latchkey = await startForTests()
    for (const id of latchkey.catalog.namespaces.keys()) {
      const answer = await fetch(`${latchkey.url}/${id}/openapi.json`)
      expect(answer.headers.get('access-control-allow-origin')).to.equal('*')
      documents.set(id, (await answer.json()) as Document)
    }
  })
  after(() => latchkey.close())

  it('are well-formed OpenAPI 3.1: references resolve, ids are unique, parameters fit paths, schemas are schemas', () => {
    for (const [id, document] of documents) expect(faultsOf(document), id).to.deep.equal([])
  })

  it('have every declared route, with its method and its access', () => {
    const declared = latchkey.routes.filter(({ path }) => !UNDOCUMENTED.includes(path))
    expect(declared.length).to.be.greaterThan(20)
    for (const { method, path, access } of declared) {
      const found = [...documents.values()].map(({ paths }) => paths[path]?.[method]).filter((it) => it !== undefined)
      expect(found, `${method} ${path}`).to.have.length(1)
      const rule: ActionRule | null = access === 'public' ? null : ACTIONS[access]
      const token = rule === null || rule.personsOnly ? [] : [{ accessToken: [] }]
      expect(found[0]?.security, path).to.deep.equal([...token, ...(rule === null ? [] : [{ session: [] }])])
    }
  })

  it('name one scheme, under which a bearer token is pasted; the management API takes a cookie too', () => {
    for (const [id, { components }] of documents) {
      const schemes = id === 'manage' ? ['accessToken', 'session'] : ['accessToken']
      expect(Object.keys(components.securitySchemes)).to.deep.equal(schemes)
      expect(components.securitySchemes.accessToken).to.include({ type: 'http', scheme: 'bearer' })
    }
  })

  it('merge the resource API: its operations bring servers, scope and plans', () => {
    for (const id of ['v2', 'v3']) {
      const { scopeNames } = latchkey.catalog.namespaces.get(id)!
      const merged = operations(documents.get(id)!).filter(({ path }) => !latchkey.routes.some((r) => r.path === path))
      expect(merged.length).to.be.greaterThan(4)
      for (const { path, operation } of merged) {
        expect(operation.servers, path).to.deep.equal([{ url: latchkey.demo?.resourceUrl }])
        expect(operation.security, path).to.deep.equal([{ accessToken: [] }])
        const scope = operation['x-scope'] as string
        expect(scopeNames.has(scope), `${path} ${scope}`).to.equal(true)
        const plans = [...latchkey.catalog.plans.values()].filter((plan) => plan.scopesByNamespace.get(id)?.has(scope))
        expect(operation['x-plans'], path).to.deep.equal(plans.map((plan) => plan.id))
      }
    }
  })

  it('management operations name their action and scope', () => {
    const guarded = operations(documents.get('manage')!).filter(({ operation }) => operation.security.length > 0)
    expect(guarded.length).to.be.greaterThan(5)
    for (const { operation } of guarded) {
      expect(operation).to.have.property('x-action').that.is.a('string')
      expect(operation).to.have.property('x-scope')
    }
  })

  const posted = (id: string, path: string): Operation => documents.get(id)!.paths[path]!.post!

  it('jwts comes first; its form, of one required field, before JSON; text/plain first among its answers', () => {
    for (const [id, { paths, tags }] of documents) {
      expect(tags[0]?.name).to.equal('jwts')
      expect(Object.keys(paths)[0]).to.equal(`/${id}/jwts`)
      const { requestBody, responses } = posted(id, `/${id}/jwts`)
      const bodies = Object.entries(requestBody?.content ?? {})
      expect(bodies.map(([type]) => type)).to.deep.equal(['application/x-www-form-urlencoded', 'application/json'])
      expect(requestBody?.required).to.equal(true)
      const form = bodies[0]?.[1].schema
      expect([Object.keys(form?.properties ?? {}), form?.required]).to.deep.equal([['apiKey'], ['apiKey']])
      expect(Object.keys(responses[200]?.content ?? {})[0]).to.equal('text/plain')
    }
  })

  it('show each refusal by a true example', () => {
    const { responses } = posted('v3', '/v3/jwts')
    const { examples } = responses[403]!.content!['application/problem+json']!
    expect(examples?.namespace_not_enabled?.value).to.include({
      type: `${latchkey.url}/docs/errors#namespace_not_enabled`,
      status: 403,
      code: 'namespace_not_enabled',
    })
    expect(responses[429]!.headers).to.have.property('Retry-After')
    const oauth = posted('v3', '/v3/oauth/token').responses
    expect(oauth[401]!.content!['application/json']!.example).to.include({ error: 'invalid_client' })
    expect(oauth).not.to.have.property('403')
  })

  it('show If-Match and Idempotency-Key, with what is refused without them', () => {
    const { paths } = documents.get('manage')!
    const headersOf = (operation: Operation) =>
      (operation.parameters ?? []).flatMap((each) =>
        'in' in each && each.in === 'header' ? [[each.name, each.required === true]] : [],
      )
    const change = paths['/manage/accounts/{account}/holders/{holder}']!.patch!
    expect(headersOf(change)).to.deep.equal([['If-Match', true]])
    expect(change.responses).to.include.keys('412', '428')
    const create = posted('manage', '/manage/accounts/{account}/holders')
    expect(headersOf(create)).to.deep.equal([['Idempotency-Key', false]])
    const { examples } = create.responses[422]!.content!['application/problem+json']!
    expect(examples).to.have.property('idempotency_key_reused')
  })

  it('ask If-Match of every change of a thing with a version; of those that edit nothing read, not', () => {
    const without = [
      'changePassword',
      'acceptTerms',
      'enableNamespace',
      // Each row names the version it is about.
      'changeMatrix',
    ]
    const optional = ['moveRotation']
    const changes = operations(documents.get('manage')!).filter(({ method }) => ['patch', 'put'].includes(method))
    expect(changes.length).to.be.greaterThan(8)
    for (const { operation } of changes) {
      const { operationId, parameters = [], responses } = operation
      const header = parameters.find((each) => 'in' in each && each.name === 'If-Match')
      const asked = header === undefined ? null : 'required' in header && header.required === true
      const right = without.includes(operationId) ? null : !optional.includes(operationId)
      expect(asked, operationId).to.equal(right)
      expect([responses[412] !== undefined, responses[428] !== undefined], operationId).to.deep.equal([
        right !== null || operationId === 'changeMatrix',
        right === true,
      ])
    }
  })

  it('tell who stands behind them', () => {
    const { support } = latchkey.catalog
    for (const [id, { info, externalDocs }] of documents) {
      expect(info.contact).to.include({ name: support.name, email: support.email })
      expect(externalDocs.url).to.equal(`${latchkey.url}/docs/errors`)
      expect(/Experimental/.test(info.description)).to.equal(id === 'v3')
    }
  })
})
