import { expect } from 'chai'
import { Demo } from './harness.ts'

/** What each operation answers when executed as it stands, by a key of acme with its scope. */
const STATUS: Record<string, number> = {
  createLink: 201,
  deleteLink: 204,
  trackLead: 201,
  trackSale: 201,
  createDomain: 201,
  createFolder: 201,
  createTag: 201,
  createUtmTemplate: 201,
  createSubscription: 201,
  createVehicle: 201,
}
const V2 = [
  '/v2/analytics/overview GET analytics:read',
  '/v2/conversions/events GET conversions:read',
  '/v2/conversions/summary GET conversions:read',
  '/v2/domains GET domains:read',
  '/v2/domains POST domains:write',
  '/v2/folders GET folders:read',
  '/v2/folders POST folders:write',
  '/v2/links GET links:read',
  '/v2/links POST links:write',
  '/v2/links/export GET links:export',
  '/v2/links/{id} DELETE links:write',
  '/v2/links/{id} GET links:read',
  '/v2/links/{id} PATCH links:write',
  '/v2/orders GET orders:read',
  '/v2/orders/{id} GET orders:read',
  '/v2/orders/{id} PATCH orders:write',
  '/v2/products GET products:read',
  '/v2/reports GET reports:read',
  '/v2/subscriptions GET subscriptions:write',
  '/v2/subscriptions POST subscriptions:write',
  '/v2/tags GET tags:read',
  '/v2/tags POST tags:write',
  '/v2/track/leads POST conversions:write',
  '/v2/track/sales POST conversions:write',
  '/v2/utm_templates GET utm_templates:read',
  '/v2/utm_templates POST utm_templates:write',
]
const V3 = [
  '/v3/drivers GET drivers:read',
  '/v3/events GET events:read',
  '/v3/locations GET locations:read',
  '/v3/vehicles GET vehicles:read',
  '/v3/vehicles POST vehicles:write',
  '/v3/vehicles/{id} GET vehicles:read',
]

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document, as JSON
type Document = any

/** Whether a value has the members that its schema declares, and no others; all the way down. */
function expectShape(document: Document, schema: Document, value: Document, where: string): void {
  const resolved = schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema
  if (value === null) expect(resolved.type, where).to.include('null')
  else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) expectShape(document, resolved.items, item, `${where}/${i}`)
  } else if (typeof value === 'object' && resolved.properties) {
    expect(Object.keys(value), where).to.have.members(Object.keys(resolved.properties))
    for (const [name, member] of Object.entries(value)) {
      expectShape(document, resolved.properties[name], member, `${where}/${name}`)
    }
  }
}

describe('demo resource server: its OpenAPI document', () => {
  let demo: Demo
  beforeEach(async () => {
    demo = await new Demo().start()
  })
  afterEach(() => demo.stop())

  it('names every operation with its scope', () => {
    const named = (namespace: string) =>
      demo.operations(namespace).map(({ path, method, declared }) => `${path} ${method} ${declared['x-scope']}`)
    expect(named('v2').toSorted()).to.deep.equal(V2)
    expect(named('v3').toSorted()).to.deep.equal(V3)
    expect(demo.resource.openapi('manage')).to.equal(null)
  })

  for (const namespace of ['v2', 'v3']) {
    it(`${namespace}: every example works as it stands, and is answered as declared`, async () => {
      const document: Document = demo.resource.openapi(namespace)
      for (const operation of demo.operations(namespace)) {
        const { declared } = operation
        const answer = await demo.callExample(operation, { scope: declared['x-scope'] })
        const expected = STATUS[declared.operationId] ?? 200
        expect(answer.status, `${declared.operationId}: ${answer.text}`).to.equal(expected)
        const content = declared.responses[expected].content ?? {}
        const type = answer.headers.get('content-type')?.split(';')[0]
        expect(type === undefined ? [] : [type]).to.deep.equal(Object.keys(content))
        if (answer.body) expectShape(document, content['application/json'].schema, answer.body, declared.operationId)
        if (expected !== 201) continue
        // Every write of something new may be repeated; a link only where it has an externalId.
        const again = await demo.callExample(operation, { scope: declared['x-scope'] })
        const once = declared.operationId !== 'createLink'
        expect(again.status, declared.operationId).to.equal(once ? 200 : 201)
        if (once) expect(again.body).to.deep.equal(answer.body)
      }
    })

    it(`${namespace}: is whole, and ready to be merged`, async () => {
      const document: Document = JSON.parse(JSON.stringify(demo.resource.openapi(namespace)))
      expect((await demo.call('GET', `/${namespace}/openapi.json`, { token: '' })).body).to.deep.equal(
        JSON.parse(JSON.stringify(document)),
      )
      expect(document.openapi).to.equal('3.1.0')
      const { accessToken } = document.components.securitySchemes
      expect(accessToken).to.include({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
      for (const taken of ['Key', 'Event', 'TokenResponse', 'Problem']) {
        expect(document.components.schemas).not.to.have.property(taken)
      }
      const refs = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name)
      expect(document.components.schemas).to.include.all.keys(refs as string[])
      const operations = demo.operations(namespace)
      expect(new Set(operations.map(({ declared }) => declared.operationId)).size).to.equal(operations.length)
      const tags = document.tags.map(({ name }: { name: string }) => name)
      expect(new Set(operations.map(({ declared }) => declared.tags[0]))).to.deep.equal(new Set(tags))
      for (const { declared } of operations) {
        expect(declared.servers).to.deep.equal([{ url: 'http://localhost:3001' }])
        expect(declared.security).to.deep.equal([{ accessToken: [] }])
        expect(declared.summary).to.be.a('string').and.not.equal('')
        expect(declared.responses).to.include.all.keys('401', '403', '503')
      }
    })
  }

  it('tells plans, sub-accounts and what is publishable, in members and in words', () => {
    const operation = (id: string): Document =>
      demo.operations('v2').find(({ declared }) => declared.operationId === id)?.declared
    expect(operation('listLinks')['x-plans']).to.deep.equal(['starter', 'creator', 'agency'])
    expect(operation('listLinks').description).to.contain('Scope links:read · plans starter, creator, agency')
    expect(operation('listOrders')['x-plans']).to.deep.equal(['agency'])
    const marked = (name: string) =>
      demo.operations('v2').flatMap(({ declared }) => (declared[name] ? [declared.operationId] : []))
    expect(marked('x-sub-account')).to.have.members(['listOrders', 'getOrder', 'changeOrder'])
    expect(marked('x-publishable')).to.have.members(['trackLead', 'trackSale'])
    for (const { method, declared } of demo.operations('v2')) {
      if (method === 'GET') continue
      expect(declared.description, declared.operationId)
        .to.match(/may be repeated/i)
        .and.contain('Do not retry')
    }
  })
})
