import { expect } from 'chai'
import { formatKey, parseKey } from '../../../src/keys/grammar.rules.ts'
import { type Commit, StoreUnavailable } from '../../../src/store/store.ts'
import { type Bed, claimsOf, onBothStores } from '../bed.ts'

const bearer = async (b: Bed, name: string, wish = {}) => ({ authorization: `Bearer ${await b.token(name, wish)}` })
const KEYS = '/manage/accounts/acme/keys'
const WISH = {
  name: 'Shop back end',
  namespace: 'v2',
  grants: [{ subAccount: null, scopes: ['links:read', 'orders:write'] }],
}

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

onBothStores('Management: who may call', (bed) => {
  it('nobody without a token', async () => {
    const answer = await bed().get('/manage/whoami')
    expect([answer.status, answer.json().code]).to.deep.equal([401, 'unauthenticated'])
    expect(answer.headers.get('www-authenticate')).to.match(
      /^Bearer realm="[^"]+\/manage", resource_metadata="[^"]+", DPoP realm="[^"]+", .*algs="ES256/,
    )
  })

  it('another scheme is no mistake of a token; half of one is a malformed request', async () => {
    const call = (authorization: string) => bed().get('/manage/whoami', { authorization })
    const basic = await call('Basic eDp5')
    expect([basic.status, basic.json().code]).to.deep.equal([401, 'unauthenticated'])
    expect(basic.headers.get('www-authenticate')).to.not.include('error=')
    for (const half of ['Bearer', 'DPoP']) expect((await call(half)).status, half).to.equal(400)
  })

  it('a body nested without end is refused before anything reads it', async () => {
    const headers = { authorization: `Bearer ${await bed().token('acme-manage')}`, 'content-type': 'application/json' }
    const nest = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    for (const member of ['jwks', 'customData', 'grants', 'name']) {
      const answer = await bed().post('/manage/accounts/acme/keys', { body: `{"${member}":${nest}}`, headers })
      expect([answer.status, answer.json().code], member).to.deep.equal([400, 'invalid_request'])
    }
  })

  it('a raw API key is told where to exchange it', async () => {
    const answer = await bed().get('/manage/whoami', { authorization: `Bearer ${bed().secret('acme-manage')}` })
    expect([answer.status, answer.json().code]).to.deep.equal([401, 'invalid_token'])
    expect(answer.json().detail).to.include(`POST ${bed().url}/manage/jwts`)
    expect(answer.text).to.not.include(bed().secret('acme-manage'))
  })

  it('no token of another namespace, none tampered with, none that has expired', async () => {
    const b = bed()
    const good = await b.token('acme-manage')
    const bad = [await b.token('acme-v2-server'), `${good.slice(0, -4)}AAAA`, 'x.y.z', 'nonsense']
    for (const token of bad) {
      const answer = await b.get('/manage/whoami', { authorization: `Bearer ${token}` })
      expect([answer.status, answer.json().code]).to.deep.equal([401, 'invalid_token'])
      expect(answer.headers.get('www-authenticate')).to.match(
        /^Bearer error="invalid_token", realm=".*", resource_metadata=".*"$/,
      )
    }
    b.pass(306_000)
    expect((await b.get('/manage/whoami', { authorization: `Bearer ${good}` })).status).to.equal(401)
  })

  it('whoami', async () => {
    const answer = await bed().get('/manage/whoami', await bearer(bed(), 'resource-server'))
    expect(answer.json()).to.deep.equal({
      type: 'program',
      id: bed().keyId('resource-server'),
      account: 'operator',
      role: null,
      scopes: ['tokens:introspect', 'usage:report'],
      holderId: null,
    })
  })

  it('an account is out of reach unless the operator acts on it: 404, as if it were not there', async () => {
    const b = bed()
    const acme = await bearer(b, 'acme-manage')
    const globex = await b.get('/manage/accounts/globex/keys', acme)
    const nobody = await b.get('/manage/accounts/nobody/keys', acme)
    expect([globex.status, nobody.status]).to.deep.equal([404, 404])
    expect({ ...globex.json(), requestId: '' }).to.deep.equal({ ...nobody.json(), requestId: '' })
    expect((await b.get('/manage/accounts/globex/keys', await bearer(b, 'operator-manage'))).status).to.equal(200)
    const narrow = await bearer(b, 'operator-manage', { scope: 'keys:read' })
    expect((await b.get('/manage/accounts/globex/keys', narrow)).status).to.equal(404)
    const operator = await bearer(b, 'operator-manage')
    for (const what of ['keys', 'events'])
      expect((await b.get(`/manage/accounts/nosuch/${what}`, operator)).status).to.equal(404)
  })

  it('without the scope: 403 that names it and the roles that have it', async () => {
    const b = bed()
    const answer = await b.post(KEYS, { json: WISH, headers: await bearer(b, 'acme-manage', { scope: 'keys:read' }) })
    expect([answer.status, answer.json().code]).to.deep.equal([403, 'forbidden'])
    expect(answer.json().detail).to.equal(
      'This needs scope keys:write, which your token does not have. People with role owner, manager, admin may do it.',
    )
    expect(answer.headers.get('www-authenticate')).to.equal('Bearer error="insufficient_scope", scope="keys:write"')
  })
})

onBothStores('Management: catalog', (bed) => {
  it('shows what keys of the account can be for', async () => {
    const catalog = (await bed().get('/manage/catalog', await bearer(bed(), 'acme-manage'))).json() as Record<
      string,
      never
    >
    const namespaces = catalog.namespaces as unknown as {
      id: string
      stage: string
      label: string | null
      enabled: boolean
      host: string
      scopes: { name: string }[]
    }[]
    expect(namespaces.map((n) => [n.id, n.stage, n.label, n.enabled])).to.deep.equal([
      ['v2', 'stable', null, true],
      ['v3', 'beta', 'Experimental', true],
      ['manage', 'stable', null, true],
    ])
    expect(namespaces[0]?.host).to.equal('https://acme.api.example.com/v2')
    expect(namespaces[0]?.scopes.find((s) => s.name === 'conversions:write')).to.deep.equal({
      name: 'conversions:write',
      title: 'Report conversions',
      description: 'Report leads and sales.',
      family: 'conversions',
      publishable: true,
      implies: [],
      fromPlan: 'creator',
      inYourPlan: true,
    })
    expect(catalog.terms).to.deep.equal({
      version: '2026-11',
      url: 'https://example.com/api-terms',
      requiredFrom: '2026-11-01T00:00:00.000Z',
    })
    expect(catalog.support).to.include({ email: 'support@example.com' })
  })
})

onBothStores('Management: keys', (bed) => {
  it('creates one, shows its secret once, and the key works', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    const answer = await b.post(KEYS, {
      json: { ...WISH, holderId: b.demo.holders.bluemedia, description: 'orders sync' },
      headers,
    })
    expect(answer.status, answer.text).to.equal(201)
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    const { key, secret } = answer.json() as { key: Record<string, unknown>; secret: string }
    expect(parseKey(secret)).to.include({ namespace: 'v2', kind: 'secret', id: key.id })
    expect(answer.headers.get('location')).to.equal(`${KEYS}/${key.id}`)
    const at = new Date(b.now()).toISOString()
    expect(key).to.deep.equal({
      id: key.id,
      account: 'acme',
      namespace: 'v2',
      kind: 'secret',
      name: 'Shop back end',
      description: 'orders sync',
      holder: { id: b.demo.holders.bluemedia, type: 'affiliate', name: 'Blue Media', externalId: 'A-1001' },
      status: 'active',
      grants: WISH.grants,
      allowedIps: [],
      allowedOrigins: [],
      expiresAt: null,
      createdAt: at,
      createdBy: { type: 'program', id: b.keyId('acme-manage'), name: 'acme-manage' },
      updatedAt: at,
      lastUsedAt: null,
      secrets: [
        {
          id: (key.secrets as { id: string }[])[0]?.id,
          last4: secret.slice(-4),
          createdAt: at,
          expiresAt: null,
          lastUsedAt: null,
        },
      ],
      rotation: null,
      revoked: null,
      tokenEndpointAuthMethod: 'client_secret_basic',
      tokenEndpointAuthAudience: 'issuer',
      jwks: null,
      jwksUri: null,
      dpopBoundAccessTokens: false,
      customData: {},
      version: 1,
    })
    const described = await b.get(`${KEYS}/${key.id}`, headers)
    expect(described.json()).to.deep.equal(key)
    expect(described.headers.get('etag')).to.equal('"1"')
    expect(described.text).to.not.include(secret.slice(-38))
    const exchanged = await b.post('/v2/jwts', { json: { apiKey: secret } })
    expect(claimsOf(exchanged.text)).to.deep.include({
      holder: { id: b.demo.holders.bluemedia, type: 'affiliate', externalId: 'A-1001' },
    })
  })

  const wrong: [string, Record<string, unknown>, number, string, string?][] = [
    ['no name', { name: undefined }, 400, 'invalid_request', '/name'],
    ['an unknown member', { admin: true }, 400, 'invalid_request', '/admin'],
    ['an operator for a name', { name: { $gt: '' } }, 400, 'invalid_request', '/name'],
    ['NUL in the name', { name: 'a\0b' }, 400, 'invalid_request', '/name'],
    ['a key in place of a name', { name: `lk_v2_sk_${'a'.repeat(50)}` }, 400, 'invalid_request', '/name'],
    ['a blank name', { name: ' ' }, 400, 'invalid_request', '/name'],
    ['half a surrogate', { name: 'a\ud800' }, 400, 'invalid_request', '/name'],
    ['no grants', { grants: [] }, 400, 'invalid_request', '/grants'],
    ['51 grants', { grants: Array.from({ length: 51 }, () => WISH.grants[0]) }, 400, 'invalid_request', '/grants'],
    ['a bad address', { allowedIps: ['203.0.113.0/24', '10.0.0.0/33'] }, 400, 'invalid_request', '/allowedIps/1'],
    [
      'a bad origin',
      { kind: 'publishable', allowedOrigins: ['https://a.example/path'] },
      400,
      'invalid_request',
      '/allowedOrigins/0',
    ],
    [
      'a publishable key without origins',
      { kind: 'publishable', grants: [{ subAccount: null, scopes: ['conversions:write'] }] },
      400,
      'invalid_request',
      '/allowedOrigins',
    ],
    ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }, 400, 'invalid_request', '/expiresAt'],
    ['too much custom data', { customData: { a: 'x'.repeat(5000) } }, 400, 'invalid_request', '/customData'],
    ['custom data nested too deep', { customData: { a: deep(9) } }, 400, 'invalid_request', '/customData'],
    ['an unknown namespace', { namespace: 'v9' }, 422, 'unknown_namespace', '/namespace'],
    [
      'an unknown scope',
      { grants: [{ subAccount: null, scopes: ['links:read', 'links:fly'] }] },
      422,
      'unknown_scope',
      '/grants/0/scopes/1',
    ],
    [
      'an unknown sub-account',
      { grants: [{ subAccount: 'elsewhere', scopes: ['links:read'] }] },
      422,
      'unknown_sub_account',
      '/grants/0/subAccount',
    ],
    ['an unknown holder', { holderId: 'hld_nobody' }, 422, 'unknown_holder', '/holderId'],
    [
      'a secret scope on a publishable key',
      { kind: 'publishable', allowedOrigins: ['https://a.example'] },
      422,
      'not_publishable',
    ],
    [
      'a key of the management API',
      { namespace: 'manage', grants: [{ subAccount: null, scopes: ['keys:read'] }] },
      403,
      'exceeds_your_rights',
    ],
  ]
  for (const [what, change, status, code, pointer] of wrong) {
    it(`refuses ${what}: ${status} ${code}`, async () => {
      const answer = await bed().post(KEYS, {
        json: { ...WISH, ...change },
        headers: await bearer(bed(), 'acme-manage'),
      })
      expect([answer.status, answer.json().code], answer.text).to.deep.equal([status, code])
      const errors = answer.json().errors as { pointer: string; detail: string }[] | undefined
      expect(errors?.[0]?.pointer).to.equal(pointer)
    })
  }

  it('refuses custom data nested deeper than a stack: 400', async () => {
    const body = `{"name":"n","namespace":"v2","grants":[],"customData":{"a":${'['.repeat(15_000)}${']'.repeat(15_000)}}}`
    const headers = { ...(await bearer(bed(), 'acme-manage')), 'content-type': 'application/json' }
    const answer = await bed().post(KEYS, { body, headers })
    expect([answer.status, answer.json().code]).to.deep.equal([400, 'invalid_request'])
  })

  it('refuses a number that is read as infinity, wherever things are made: 400, and where it stands', async () => {
    const b = bed()
    const headers = { ...(await bearer(b, 'operator-manage')), 'content-type': 'application/json' }
    const acme = '/manage/accounts/acme'
    for (const [path, wish] of [
      [`${acme}/keys`, WISH],
      [`${acme}/holders`, { type: 'machine', name: 'M' }],
      [`${acme}/sub-accounts`, { name: 'S' }],
      ['/manage/accounts', { name: 'A', plan: 'starter' }],
    ] as const) {
      for (const number of ['1e400', '-1e400', '9'.repeat(400)]) {
        const body = `${JSON.stringify(wish).slice(0, -1)},"customData":{"a":1e308,"b/c":[0,{"d":${number}}]}}`
        const answer = await b.post(path, { body, headers })
        expect([answer.status, answer.json().code], answer.text).to.deep.equal([400, 'invalid_request'])
        expect((answer.json().errors as { pointer: string }[])[0]?.pointer).to.equal('/customData/b~1c/1/d')
      }
    }
  })

  it('nobody grants more than the plan has', async () => {
    const b = bed()
    const headers = await bearer(b, 'operator-manage')
    const beyond = await b.post('/manage/accounts/globex/keys', { json: WISH, headers })
    expect([beyond.status, beyond.json().code]).to.deep.equal([403, 'exceeds_your_rights'])
    expect(beyond.json().detail).to.match(/^Plan starter does not have orders:write orders:read\./)
    const v3 = await b.post('/manage/accounts/globex/keys', {
      json: { ...WISH, namespace: 'v3', grants: [{ subAccount: null, scopes: ['vehicles:read'] }] },
      headers,
    })
    expect([v3.status, v3.json().code]).to.deep.equal([403, 'namespace_not_enabled'])
  })

  it('a flagged holder needs confirm', async () => {
    const b = bed()
    const { store } = b.latchkey
    const holder = await store.get('acme', 'holders', b.demo.holders.fleetparts)
    await store.commit('acme', {
      replace: [{ collection: 'holders', document: { ...holder!, flags: ['chargebacks'] } }],
    })
    const headers = await bearer(b, 'acme-manage')
    const json = { ...WISH, holderId: b.demo.holders.fleetparts }
    expect((await b.post(KEYS, { json, headers })).json()).to.include({ status: 409, code: 'holder_flagged' })
    expect((await b.post(KEYS, { json: { ...json, confirm: true }, headers })).status).to.equal(201)
  })

  it('lists in pages that miss and repeat nothing, with filters', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = (await b.get(`${KEYS}?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`, headers)).json() as {
        items: { id: string }[]
        nextCursor: string | null
      }
      seen.push(...page.items.map((k) => k.id))
      // A key made during the walk disturbs nobody.
      await b.post(KEYS, { json: { ...WISH, name: 'meanwhile' }, headers: await bearer(b, 'acme-manage') })
      cursor = seen.length > 40 ? null : page.nextCursor
    } while (cursor !== null)
    expect(new Set(seen).size).to.equal(seen.length)
    for (const name of ['acme-v2-server', 'acme-v3-server', 'acme-northwind', 'acme-manage'])
      expect(seen).to.include(b.keyId(name))
    const held = (await b.get(`${KEYS}?holderType=partner`, headers)).json() as { items: { id: string }[] }
    expect(held.items.map((k) => k.id)).to.deep.equal([b.keyId('acme-northwind')])
    const v3 = (await b.get(`${KEYS}?namespace=v3`, headers)).json() as { items: { id: string }[] }
    expect(v3.items.map((k) => k.id)).to.deep.equal([b.keyId('acme-v3-server')])
  })

  for (const query of [
    'limit=0',
    'limit=201',
    'limit=x',
    'cursor=x.y',
    'cursor=',
    'nonsense=1',
    'holderType=enemy',
    'limit=1&limit=2',
  ]) {
    it(`refuses ?${query}: 400`, async () => {
      const answer = await bed().get(`${KEYS}?${query}`, await bearer(bed(), 'acme-manage'))
      expect([answer.status, answer.json().code], answer.text).to.deep.equal([400, 'invalid_request'])
    })
  }

  it('a cursor is good for its own list only', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    const { nextCursor } = (await b.get(`${KEYS}?limit=1`, headers)).json()
    expect((await b.get(`${KEYS}?limit=1&namespace=v2&cursor=${nextCursor}`, headers)).status).to.equal(400)
  })

  it('revokes for good, with the reason, once', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    const { key, secret } = (await b.post(KEYS, { json: WISH, headers })).json() as {
      key: { id: string }
      secret: string
    }
    expect((await b.post(`${KEYS}/${key.id}/revoke`, { json: { reason: 'boredom' }, headers })).status).to.equal(400)
    const answer = await b.post(`${KEYS}/${key.id}/revoke`, {
      json: { reason: 'exposed', note: 'in a public repository' },
      headers,
    })
    expect(answer.json()).to.deep.include({
      status: 'revoked',
      version: 2,
      revoked: {
        at: new Date(b.now()).toISOString(),
        by: { type: 'program', id: b.keyId('acme-manage'), name: 'acme-manage' },
        reason: 'exposed',
        note: 'in a public repository',
      },
    })
    expect((await b.post(`${KEYS}/${key.id}/revoke`, { json: { reason: 'exposed' }, headers })).json()).to.include({
      status: 409,
      code: 'key_revoked',
    })
    expect((await b.post('/v2/jwts', { json: { apiKey: secret } })).status).to.equal(401)
  })

  it('100 revocations at once, over two accounts, all land', async () => {
    const b = bed()
    b.pass(61_000)
    const headers = await bearer(b, 'operator-manage')
    const grants = [{ subAccount: null, scopes: ['links:read'] }]
    const made = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const account = n % 2 === 0 ? 'acme' : 'globex'
        const path = `/manage/accounts/${account}/keys`
        const { key } = (await b.post(path, { json: { ...WISH, grants }, headers })).json() as { key: { id: string } }
        return `${path}/${key.id}`
      }),
    )
    const answers = await Promise.all(
      made.map((path) => b.post(`${path}/revoke`, { json: { reason: 'other' }, headers })),
    )
    expect(new Set(answers.map((a) => a.status))).to.deep.equal(new Set([200]))
  }).timeout(30_000)

  it('a key whose creation was committed is answered with its secret, though its status cannot be published yet', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    const { store } = b.latchkey
    const commit = store.commit.bind(store)
    const gone = () => Promise.reject(new StoreUnavailable('gone'))
    // Away as soon as the key stands; before, the caller's token is looked at.
    const committed = async (account: string, changes: Commit) => {
      const result = await commit(account, changes)
      if (changes.insert?.some(({ collection }) => collection === 'keys'))
        Object.defineProperty(store, 'page', { configurable: true, value: gone })
      return result
    }
    Object.defineProperty(store, 'commit', { configurable: true, value: committed })
    try {
      expect((await b.post(KEYS, { json: WISH, headers })).status).to.equal(201)
      expect((await b.get(KEYS, headers)).status).to.equal(503)
    } finally {
      Reflect.deleteProperty(store, 'commit')
      Reflect.deleteProperty(store, 'page')
    }
  })

  it('missing, malformed and foreign ids are one 404', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    for (const id of [
      'key_000000000000',
      'nonsense',
      `key_${'x'.repeat(10_000)}`,
      '%00',
      '{"$ne":null}',
      b.keyId('globex-v2-server'),
    ]) {
      const answer = await b.get(`${KEYS}/${encodeURIComponent(id)}`, headers)
      expect([answer.status, answer.json().code], id.slice(0, 40)).to.deep.equal([404, 'not_found'])
    }
    expect(formatKey('v2', 'secret', 'key_000000000000', 'a'.repeat(32))).to.be.a('string')
  })

  it('a revoked manage key’s own tokens stop working at once', async () => {
    const b = bed()
    const headers = await bearer(b, 'operator-manage')
    const mine = await bearer(b, 'resource-server')
    expect((await b.get('/manage/whoami', mine)).status).to.equal(200)
    const path = `/manage/accounts/operator/keys/${b.keyId('resource-server')}/revoke`
    expect((await b.post(path, { json: { reason: 'other' }, headers })).status).to.equal(200)
    expect((await b.get('/manage/whoami', mine)).status).to.equal(401)
  })
})

onBothStores('Management: events', (bed) => {
  it('tell every change, gap-free, with the subject exactly as its GET shows it', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    const created = await b.post(KEYS, { json: WISH, headers })
    const { key } = created.json() as { key: { id: string } }
    await b.post(`${KEYS}/${key.id}/revoke`, { json: { reason: 'other' }, headers })
    const { items } = (await b.get(`/manage/accounts/acme/events?subject=${key.id}`, headers)).json() as {
      items: Record<string, unknown>[]
    }
    expect(items.map((e) => e.type)).to.deep.equal(['key.created', 'key.revoked'])
    expect(items[0]).to.deep.include({
      account: 'acme',
      requestId: created.headers.get('request-id'),
      actor: { type: 'program', id: b.keyId('acme-manage'), name: 'acme-manage' },
      subject: { type: 'key', id: key.id, name: WISH.name },
      data: { object: key },
    })
    expect(items[1]?.data).to.deep.equal({ object: (await b.get(`${KEYS}/${key.id}`, headers)).json() })
    const all: number[] = []
    let after = 0
    for (;;) {
      const page = (await b.get(`/manage/accounts/acme/events?after=${after}&limit=7`, headers)).json() as {
        items: { seq: number }[]
        nextCursor: string | null
      }
      all.push(...page.items.map((e) => e.seq))
      if (page.nextCursor === null) break
      after = all.at(-1) as number
    }
    expect(all).to.deep.equal(all.map((_, i) => i + 1))
    const last = (await b.get('/manage/accounts/acme/events?order=desc&limit=1', headers)).json() as {
      items: { seq: number }[]
    }
    expect(last.items[0]?.seq).to.equal(all.length)
  })

  it('name the operator who acts for a customer', async () => {
    const b = bed()
    const headers = await bearer(b, 'operator-manage')
    const { key } = (await b.post(KEYS, { json: WISH, headers })).json() as { key: { id: string } }
    const { items } = (await b.get(`/manage/accounts/acme/events?subject=${key.id}`, headers)).json() as {
      items: Record<string, unknown>[]
    }
    expect(items[0]?.actor).to.deep.equal({
      type: 'program',
      id: b.keyId('operator-manage'),
      name: 'operator-manage',
      onBehalfOf: 'acme',
    })
  })

  it('never hold a secret', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    const { secret } = (await b.post(KEYS, { json: WISH, headers })).json() as { secret: string }
    const text = (await b.get('/manage/accounts/acme/events?limit=200', headers)).text
    expect(text).to.not.include(secret.slice(21, 53))
    expect(text).to.not.match(/lk_[a-z0-9]+_[sp]k_[0-9A-Za-z]{50}/)
  })
})

onBothStores('Usage of the exchange path, written with the flush', (bed) => {
  it('last use, counts, and refusals worth an event, once a minute', async () => {
    const b = bed()
    const headers = await bearer(b, 'acme-manage')
    const { key, secret } = (
      await b.post(KEYS, { json: { ...WISH, allowedIps: ['203.0.113.9'] }, headers })
    ).json() as { key: { id: string }; secret: string }
    for (let i = 0; i < 5; i++)
      expect((await b.post('/v2/jwts', { json: { apiKey: secret } })).json().code).to.equal('ip_not_allowed')
    await b.token('acme-v2-readonly')
    await b.token('acme-v2-readonly')
    await b.latchkey.flush()
    const used = (await b.get(`${KEYS}/${b.keyId('acme-v2-readonly')}`, headers)).json() as {
      lastUsedAt: string
      version: number
      secrets: { lastUsedAt: string }[]
    }
    expect(used.lastUsedAt).to.equal(new Date(b.now()).toISOString())
    expect(used.secrets[0]?.lastUsedAt).to.equal(used.lastUsedAt)
    expect(used.version).to.equal(1)
    const usage = await b.latchkey.store.page('acme', 'usage', {
      where: { keyId: b.keyId('acme-v2-readonly') },
      limit: 10,
    })
    expect(usage.items.map((u) => [u.month, u.day, u.scopes, u.exchanges, u.refused])).to.deep.equal([
      ['2026-11', 20261121, 'analytics:read links:read', 2, 0],
    ])
    const refused = await b.latchkey.store.page('acme', 'usage', { where: { keyId: key.id }, limit: 10 })
    expect(refused.items.map((u) => [u.exchanges, u.refused])).to.deep.equal([[0, 5]])
    const { items } = (
      await b.get(`/manage/accounts/acme/events?type=ip.denied&subject=${key.id}`, headers)
    ).json() as { items: Record<string, unknown>[] }
    expect(items).to.have.length(1)
    expect(items[0]?.data).to.include({ code: 'ip_not_allowed', address: '127.0.0.1' })
  })
})
