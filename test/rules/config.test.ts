import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { CatalogFault, parseCatalog } from '../../src/catalog.ts'
import { ConfigFault, loadConfig } from '../../src/config.ts'

const B64 = Buffer.alloc(32, 7).toString('base64')
const PRODUCTION = {
  PUBLIC_URL: 'https://auth.example.com',
  HOST: '0.0.0.0',
  LATCHKEY_STORE: 'sqlite',
  LATCHKEY_PEPPERS: `p1:${B64}`,
  LATCHKEY_MASTER_KEYS: `m1:${B64}`,
}

function faultsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error
    return error.message.split('\n')
  }
}

describe('Environment', () => {
  it('has defaults to start with nothing', () => {
    const config = loadConfig({})
    expect(config).to.include({
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      demo: true,
      production: false,
      logLevel: 'info',
      trustedHops: 0,
      demoResourcePort: 3001,
    })
    expect(config.store.kind).to.equal('sqlite')
    expect(Object.isFrozen(config)).to.equal(true)
  })

  it('is production by NODE_ENV, by host, by public URL', () => {
    for (const env of [{ NODE_ENV: 'production' }, { HOST: '0.0.0.0' }, { PUBLIC_URL: 'https://a.example' }]) {
      expect(faultsOf(env as Record<string, string>).join()).to.match(
        /LATCHKEY_STORE.*LATCHKEY_PEPPERS.*LATCHKEY_MASTER_KEYS/s,
      )
    }
    expect(loadConfig(PRODUCTION)).to.include({ production: true, demo: false })
    expect(loadConfig({ ...PRODUCTION, LATCHKEY_STORE: '', MONGODB_URI: 'mongodb://db/latchkey' }).store).to.deep.equal(
      { kind: 'mongodb', uri: 'mongodb://db/latchkey' },
    )
  })

  it('lets requests out to loopback where there is demo data, and to what it is told', () => {
    expect(loadConfig({}).outboundAllow).to.deep.equal(['127.0.0.0/8', '::1'])
    expect(loadConfig({ LATCHKEY_DEMO: '0' }).outboundAllow).to.deep.equal([])
    expect(loadConfig(PRODUCTION).outboundAllow).to.deep.equal([])
    const told = loadConfig({ LATCHKEY_OUTBOUND_ALLOW: '10.1.0.0/16, fd00::/8' }).outboundAllow
    expect(told).to.deep.equal(['10.1.0.0/16', 'fd00::/8'])
  })

  const faults: [Record<string, string>, RegExp][] = [
    [{ PORT: 'x' }, /^PORT: "x" is not a whole number from 0 to 65535\.$/],
    [{ PORT: '70000' }, /^PORT/],
    [{ TRUST_PROXY: '-1' }, /^TRUST_PROXY/],
    [{ LATCHKEY_OUTBOUND_ALLOW: '10.0.0.0/8,,x' }, /^LATCHKEY_OUTBOUND_ALLOW: "" is not an address or CIDR block/],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL: "loud" is none of fatal/],
    [{ PUBLIC_URL: 'ftp://x' }, /^PUBLIC_URL/],
    [{ PUBLIC_URL: 'http://localhost:1/?a' }, /^PUBLIC_URL/],
    [{ ...PRODUCTION, PUBLIC_URL: 'http://auth.example.com' }, /^PUBLIC_URL: must be https/],
    [{ LATCHKEY_STORE: 'mongodb' }, /^MONGODB_URI: must be set/],
    [{ LATCHKEY_DATA_DIR: 'package.json' }, /^LATCHKEY_DATA_DIR: .* is a file; name a directory/],
    [{ LATCHKEY_STORE: 'redis' }, /^LATCHKEY_STORE/],
    [{ MONGODB_URI: 'localhost' }, /^MONGODB_URI: must begin with/],
    [{ LATCHKEY_PEPPERS: 'p1:c2hvcnQ=' }, /^LATCHKEY_PEPPERS: "p1" has 5 bytes; at least 32/],
    [{ LATCHKEY_PEPPERS: 'nonsense' }, /^LATCHKEY_PEPPERS: is not a list of id:base64/],
    [{ LATCHKEY_MASTER_KEYS: `m1:${B64},m1:${B64}` }, /^LATCHKEY_MASTER_KEYS: "m1" is given twice/],
    [{ ...PRODUCTION, LATCHKEY_DEMO: '1' }, /^LATCHKEY_DEMO: demo data has public passwords/],
  ]
  for (const [env, said] of faults) it(`says: ${said.source}`, () => expect(faultsOf(env)[0]).to.match(said))

  it('tells all faults at once, and no secret', () => {
    const said = faultsOf({ PORT: 'x', LOG_LEVEL: 'y', LATCHKEY_PEPPERS: `p:${B64}!` })
    expect(said).to.have.length(3)
    expect(said.join()).to.not.include(B64)
  })
})

describe('Catalog', () => {
  const text = readFileSync(new URL('../../latchkey.yaml', import.meta.url), 'utf8')
  const faultOf = (changed: string): string => {
    expect(changed).to.not.equal(text)
    try {
      parseCatalog(changed, 'latchkey.yaml', 'http://localhost:3000')
      return ''
    } catch (error) {
      if (!(error instanceof CatalogFault)) throw error
      return error.message
    }
  }

  it('is frozen, deep down', () => {
    const catalog = parseCatalog(text, 'latchkey.yaml', 'http://localhost:3000')
    for (const part of [catalog, catalog.limits, catalog.plans.get('starter')?.limits, catalog.namespaces.get('v2')]) {
      expect(Object.isFrozen(part)).to.equal(true)
    }
    expect(catalog.namespaces.get('v2')?.issuer).to.equal('http://localhost:3000/v2')
  })

  const faults: [string, (yaml: string) => string, RegExp][] = [
    ['broken YAML', (y) => y.replace('terms:', 'terms: ['), /^latchkey\.yaml:\d+: /],
    ['a key given twice', (y) => `${y}\nplans: {}\n`, /^latchkey\.yaml:\d+: Map keys must be unique/],
    [
      'an unknown member',
      (y) => y.replace('  hours: Mo-Fr 8-17', '  hourz: Mo-Fr 8-17'),
      /^latchkey\.yaml:4 support: Unrecognized key: "hourz"/,
    ],
    [
      'a wrong type, with its line',
      (y) => y.replace('keysPerAccount: 10000', 'keysPerAccount: many'),
      /^latchkey\.yaml:18 limits\.keysPerAccount: Invalid input: expected number/,
    ],
    ['a namespace that is a route', (y) => y.replace('  v3:\n', '  docs:\n'), /docs.*is the name of a route/s],
    ['a namespace id in upper case', (y) => y.replace('  v3:\n', '  V3:\n'), /lower-case letter/],
    [
      'a plan with an unknown namespace',
      (y) => y.replace('namespaces: [v2, v3]', 'namespaces: [v2, v7]'),
      /plans\.agency\.namespaces\.1: "v7" is not a namespace/,
    ],
    [
      'a plan with an unknown scope',
      (y) => y.replace('"tags:write"]', '"tags:fly"]'),
      /plans\.starter\.scopes\.6: "tags:fly" is a scope of none/,
    ],
    [
      'an implied scope that is none',
      (y) => y.replace('implies: ["orders:read"]', 'implies: ["orders:fly"]'),
      /"orders:fly" is not a scope of this namespace/,
    ],
    [
      'a date that is none',
      (y) => y.replace('requiredFrom: 2026-11-01', 'requiredFrom: soon'),
      /terms\.requiredFrom: is not a date; write 2026-11-01/,
    ],
    ['a missing section', (y) => y.replace(/support:[\s\S]*?\n\n/, ''), /support: is missing; object expected/],
    [
      'two namespaces with one audience',
      (y) => y.replace('audience: https://api.example.com/v3', 'audience: https://api.example.com/v2'),
      /namespaces\.v3\.audience: is the audience of v2 too/,
    ],
    [
      'a sunset before the deprecation',
      (y) => y.replace('stage: stable', 'stage: stable\n    deprecatedAt: 2027-01-01\n    sunsetAt: 2026-01-01'),
      /sunsetAt: lies before deprecatedAt/,
    ],
    [
      'aliases that unfold without end',
      (y) =>
        `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\n${y}`,
      /^latchkey\.yaml: .*alias/i,
    ],
    [
      'a publishable scope that implies one that is not',
      (y) => y.replace('publishable: true }', 'publishable: true, implies: ["orders:read"] }'),
      /"orders:read" is not publishable/,
    ],
    ['an unknown algorithm', (y) => y.replace('signingAlg: ES256', 'signingAlg: HS256'), /signingAlg/],
    ['a lifetime of a day', (y) => y.replace('tokenTtlSeconds: 300', 'tokenTtlSeconds: 86400'), /tokenTtlSeconds/],
  ]
  for (const [what, change, said] of faults)
    it(`names line and path of ${what}`, () => expect(faultOf(change(text))).to.match(said))

  it('a file that is not there', () => {
    expect(() => parseCatalog('', 'x.yaml', 'http://localhost')).to.throw(CatalogFault)
  })
})
