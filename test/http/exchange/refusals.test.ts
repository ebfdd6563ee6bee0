import { request } from 'node:http'
import { expect } from 'chai'
import { PLAIN_WISH } from '../../../src/keys/create.rules.ts'
import { formatKey } from '../../../src/keys/grammar.rules.ts'
import { REFUSAL_MS } from '../../../src/tokens/authenticate.ts'
import { type Bed, claimsOf, onBothStores, type PostInit } from '../bed.ts'

/** fetch joins headers of one name; this does not. */
function rawPost(url: string, headers: string[]): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const req = request(url, { method: 'POST', headers: ['Host', new URL(url).host, ...headers] }, async (res) => {
      let body = ''
      for await (const chunk of res) body += chunk
      resolve({ status: res.statusCode, body })
    })
    req.on('error', reject)
    req.end()
  })
}

/** The problem without what differs from request to request. */
async function refusal(bed: Bed, path: string, init: PostInit) {
  const answer = await bed.post(path, init)
  const { requestId, ...problem } = answer.json()
  expect(requestId).to.equal(answer.headers.get('request-id'))
  expect(answer.headers.get('content-type')).to.equal('application/problem+json')
  expect(answer.headers.get('cache-control')).to.equal('no-store')
  return { answer, problem }
}

onBothStores('POST /{ns}/jwts: refusals of a request', (bed) => {
  const cases: [string, (b: Bed) => PostInit, number, string][] = [
    ['no key at all', () => ({}), 400, 'invalid_request'],
    ['an empty JSON body', () => ({ json: {} }), 400, 'invalid_request'],
    [
      'two places',
      (b) => ({ json: { apiKey: b.secret('acme-v2-server') }, headers: { 'x-api-key': b.secret('acme-v2-server') } }),
      400,
      'invalid_request',
    ],
    [
      'three places',
      (b) => ({
        form: { apiKey: 'x' },
        headers: { 'x-api-key': 'x', authorization: `Bearer ${b.secret('acme-v2-server')}` },
      }),
      400,
      'invalid_request',
    ],
    ['Basic where Bearer belongs', () => ({ headers: { authorization: 'Basic eDp5' } }), 400, 'invalid_request'],
    [
      'broken JSON',
      () => ({ body: '{"apiKey":', headers: { 'content-type': 'application/json' } }),
      400,
      'invalid_request',
    ],
    ['JSON that is no object', () => ({ json: ['lk'] }), 400, 'invalid_request'],
    ['an operator in place of the key', () => ({ json: { apiKey: { $ne: null } } }), 400, 'invalid_request'],
    ['an unknown member', () => ({ json: { apiKey: 'x', admin: true } }), 400, 'invalid_request'],
    [
      '__proto__',
      () => ({ body: '{"__proto__":{"apiKey":"x"}}', headers: { 'content-type': 'application/json' } }),
      400,
      'invalid_request',
    ],
    ['a nested form', () => ({ form: { 'apiKey[$ne]': '1' } }), 400, 'invalid_request'],
    [
      'a parameter twice',
      () => ({
        form: [
          ['apiKey', 'a'],
          ['apiKey', 'b'],
        ],
      }),
      400,
      'invalid_request',
    ],
    [
      'no UTF-8',
      () => ({ body: new Uint8Array([0xff, 0xfe, 0x7b]), headers: { 'content-type': 'application/json' } }),
      400,
      'invalid_request',
    ],
    ['ttlSeconds 0', (b) => ({ json: { apiKey: b.secret('acme-v2-server'), ttlSeconds: 0 } }), 400, 'invalid_request'],
    [
      'ttlSeconds -1',
      (b) => ({ json: { apiKey: b.secret('acme-v2-server'), ttlSeconds: -1 } }),
      400,
      'invalid_request',
    ],
    [
      'ttlSeconds 1.5',
      (b) => ({ json: { apiKey: b.secret('acme-v2-server'), ttlSeconds: 1.5 } }),
      400,
      'invalid_request',
    ],
    [
      'ttlSeconds abc',
      (b) => ({ form: { apiKey: b.secret('acme-v2-server'), ttlSeconds: 'abc' } }),
      400,
      'invalid_request',
    ],
    [
      'a scope with a quote',
      (b) => ({ json: { apiKey: b.secret('acme-v2-server'), scope: 'links:"read' } }),
      400,
      'invalid_request',
    ],
    ['XML', () => ({ body: '<key/>', headers: { 'content-type': 'application/xml' } }), 415, 'unsupported_media_type'],
    [
      'UTF-16',
      () => ({ body: '{}', headers: { 'content-type': 'application/json; charset=utf-16' } }),
      415,
      'unsupported_media_type',
    ],
    [
      'gzip',
      () => ({ body: 'x', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }),
      415,
      'unsupported_media_type',
    ],
    ['64 KiB and a byte', () => ({ form: { apiKey: 'x'.repeat(65_536) } }), 413, 'payload_too_large'],
  ]
  for (const [what, init, status, code] of cases) {
    it(`${what}: ${status} ${code}`, async () => {
      const { answer, problem } = await refusal(bed(), '/v2/jwts', init(bed()))
      expect(answer.status).to.equal(status)
      expect(problem).to.include({ code, status })
      expect(problem.detail).to.be.a('string').with.length.greaterThan(20)
      expect(answer.text).to.not.match(/lk_v2_sk_/)
    })
  }

  it('a key where a name belongs is not said back', async () => {
    const b = bed()
    const key = b.secret('acme-v2-server')
    const asked = [
      { body: key, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      { json: { [key]: '' } },
      {
        form: [
          ['x', '1'],
          [key, '1'],
          [key, '2'],
        ] as [string, string][],
      },
      { json: { apiKey: key, scope: key } },
    ]
    for (const init of asked) {
      const answer = await b.post('/v2/jwts', init)
      expect(answer.status, answer.text).to.equal(400)
      expect(answer.text).to.not.include(key.slice(9, 40))
    }
  })

  it('a header given twice is two places', async () => {
    const { url, secret } = bed()
    for (const name of ['X-API-Key', 'Authorization']) {
      const value = name === 'Authorization' ? `Bearer ${secret('acme-v2-server')}` : secret('acme-v2-server')
      const { status, body } = await rawPost(`${url}/v2/jwts`, [name, value, name, value])
      expect(status).to.equal(400)
      expect(body).to.include('more than one place')
    }
  })

  it('a key in the query is no place, and is told why', async () => {
    const { post, secret } = bed()
    const answer = await post(`/v2/jwts?apiKey=${secret('acme-v2-server')}`)
    expect(answer.status).to.equal(400)
    expect(answer.json().detail).to.match(/A query parameter is not read/)
  })

  it('points at what is wrong', async () => {
    const { problem } = await refusal(bed(), '/v2/jwts', { json: { apiKey: 7, 'a/b': 1 } })
    expect(problem.errors).to.deep.equal([
      { pointer: '/apiKey', detail: 'Invalid input: expected string, received number' },
      { pointer: '/a~1b', detail: 'is not a member of this request; leave it out.' },
    ])
  })

  it('GET: 405 with Allow; unknown paths: 404', async () => {
    const { get } = bed()
    const wrong = await get('/v2/jwts')
    expect([wrong.status, wrong.headers.get('allow'), wrong.json().code]).to.deep.equal([
      405,
      'POST',
      'method_not_allowed',
    ])
    for (const path of ['/v9/jwts', '/v2/', '/%00', '/v2/%E0%A4%A', `/${'x'.repeat(10_000)}`]) {
      const answer = await get(path)
      expect([answer.status, answer.json().code], path).to.deep.equal([404, 'not_found'])
    }
  })

  it('answers a preflight from anywhere', async () => {
    const answer = await fetch(`${bed().url}/v2/jwts`, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
    })
    expect(answer.status).to.equal(204)
    expect(answer.headers.get('access-control-allow-origin')).to.equal('*')
    expect(answer.headers.get('access-control-allow-headers')).to.include('X-API-Key')
    expect(answer.headers.get('access-control-allow-credentials')).to.equal(null)
  })
})

onBothStores('POST /{ns}/jwts: a key that is not authentic', (bed) => {
  it('malformed, unknown, wrong, expired and revoked get the same bytes', async () => {
    const b = bed()
    const { latchkey, secret, keyId } = b
    const real = secret('acme-v2-readonly')
    const wrong = formatKey('v2', 'secret', keyId('acme-v2-readonly'), 'a'.repeat(32))
    const unknown = formatKey('v2', 'secret', 'key_000000000000', 'a'.repeat(32))
    const expired = await keyThat(b, (key) => ({ ...key, expiresAt: b.now() }))
    const revoked = await keyThat(b, (key) => ({
      ...key,
      revoked: { at: 1, by: { type: 'system', id: null, name: 'x' }, reason: 'other', note: null },
    }))
    const noLonger = await keyThat(b, (key) => ({
      ...key,
      secrets: key.secrets.map((s) => ({ ...s, expiresAt: b.now() })),
    }))
    const seen = new Set<string>()
    for (const apiKey of ['', 'x', `${real}x`, real.slice(0, -1), wrong, unknown, expired, revoked, noLonger].filter(
      Boolean,
    )) {
      const { answer, problem } = await refusal(b, '/v2/jwts', { json: { apiKey } })
      expect(answer.status).to.equal(401)
      expect(answer.headers.get('www-authenticate')).to.equal('Bearer')
      seen.add(
        JSON.stringify([
          problem,
          [...answer.headers].filter(([name]) => !['date', 'request-id', 'keep-alive'].includes(name)),
        ]),
      )
    }
    expect(seen.size).to.equal(1)
    expect([...seen][0]).to.include('invalid_api_key')
    expect(latchkey.store.kind).to.be.oneOf(['sqlite', 'mongodb'])
  })

  it('unknown, wrong and revoked take the same time; only a malformed one, which shows itself, is told sooner', async () => {
    const b = bed()
    const wrong = formatKey('v2', 'secret', b.keyId('acme-v2-readonly'), 'b'.repeat(32))
    const unknown = formatKey('v2', 'secret', 'key_111111111111', 'b'.repeat(32))
    const revoked = await keyThat(b, (key) => ({
      ...key,
      revoked: { at: 1, by: { type: 'system', id: null, name: 'x' }, reason: 'other', note: null },
    }))
    for (const apiKey of [wrong, unknown, revoked]) {
      for (let i = 0; i < 3; i++) {
        const startedAt = performance.now()
        await b.post('/v2/jwts', { json: { apiKey } })
        expect(performance.now() - startedAt).to.be.at.least(REFUSAL_MS - 1)
      }
    }
  })

  it('malformed ones cost no store call', async () => {
    const b = bed()
    const { store } = b.latchkey
    let calls = 0
    const get = store.getLinked.bind(store)
    store.getLinked = ((...args: Parameters<typeof get>) => {
      calls++
      return get(...args)
    }) as typeof store.getLinked
    try {
      await b.post('/v2/jwts', { json: { apiKey: `${b.secret('acme-v2-server').slice(0, -1)}_` } })
      expect(calls).to.equal(0)
      await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-v2-server') } })
      expect(calls).to.equal(1)
    } finally {
      store.getLinked = get as typeof store.getLinked
    }
  })

  it('over its limit an address gets 429, and an authentic key from there still its token', async () => {
    const b = bed()
    b.pass(60_000)
    const statuses: number[] = []
    for (let i = 0; i < 31; i++) statuses.push((await b.post('/v2/jwts', { json: { apiKey: 'nonsense' } })).status)
    expect(statuses.slice(0, 30)).to.deep.equal(Array.from({ length: 30 }, () => 401))
    const { answer, problem } = await refusal(b, '/v2/jwts', { json: { apiKey: 'nonsense' } })
    expect(answer.status).to.equal(429)
    expect(problem).to.include({ code: 'rate_limited', limit: 'address' })
    expect(answer.headers.get('retry-after')).to.equal('60')
    expect(answer.headers.get('ratelimit-policy')).to.equal('"address";q=30;w=60')
    expect(answer.headers.get('ratelimit')).to.equal('"address";r=0;t=60')
    expect((await b.post('/v2/jwts', { json: { apiKey: b.secret('acme-v2-server') } })).status).to.equal(200)
    b.pass(60_000)
    expect((await b.post('/v2/jwts', { json: { apiKey: 'nonsense' } })).status).to.equal(401)
  })
})

type Key = import('../../../src/keys/rules.ts').ApiKey
let made = 0

/** A new key of acme, changed behind the API's back; answers its text. */
async function keyThat(b: Bed, change: (key: Key) => Key, wish: Record<string, unknown> = {}): Promise<string> {
  const { store, keys } = b.latchkey
  const { createKey } = await import('../../../src/keys/create.ts')
  const grants = [{ subAccount: null, scopes: ['links:read'] }]
  const asker = { actor: { type: 'system' as const, id: null, name: 'test' }, requestId: null, bound: false }
  const { key, secret } = await createKey(
    keys,
    'acme',
    { ...PLAIN_WISH, name: `made ${made++}`, namespace: 'v2', grants, ...wish },
    asker,
  )
  const kept = await store.get('acme', 'keys', key.id)
  if (kept === null) throw new Error('no key')
  const done = await store.commit('acme', {
    replace: [{ collection: 'keys', document: { ...change(kept), rev: kept.rev } }],
  })
  if (!done.ok) throw new Error('not changed')
  return secret as string
}

onBothStores('POST /{ns}/jwts: refusals of an authentic key, in order', (bed) => {
  const expectRefusal = async (
    apiKey: string,
    status: number,
    code: string,
    detail: RegExp,
    init: PostInit = {},
    path = '/v2/jwts',
  ) => {
    const { answer, problem } = await refusal(bed(), path, { json: { apiKey }, ...init })
    expect(problem).to.include({ status, code })
    expect(answer.status).to.equal(status)
    expect(problem.detail).to.match(detail)
  }

  it('wrong_namespace names the key’s own', async () => {
    await expectRefusal(
      bed().secret('acme-v2-server'),
      403,
      'wrong_namespace',
      /Partner API \(v2\).*\/v2\/jwts/,
      {},
      '/v3/jwts',
    )
  })
  it('ip_not_allowed', async () => {
    await expectRefusal(
      await keyThat(bed(), (k) => ({ ...k, allowedIps: ['203.0.113.0/24'] })),
      403,
      'ip_not_allowed',
      /address/,
    )
    const allowed = await keyThat(bed(), (k) => ({ ...k, allowedIps: ['203.0.113.7', '127.0.0.0/8', '::1'] }))
    expect((await bed().post('/v2/jwts', { json: { apiKey: allowed } })).status).to.equal(200)
  })
  it('origin_not_allowed, by another origin and by none', async () => {
    await expectRefusal(bed().secret('acme-v2-browser'), 403, 'origin_not_allowed', /origin/)
    await expectRefusal(bed().secret('acme-v2-browser'), 403, 'origin_not_allowed', /origin/, {
      headers: { origin: 'https://evil.example' },
    })
  })
  it('key_suspended', async () => {
    await expectRefusal(await keyThat(bed(), (k) => ({ ...k, suspendedAt: 1 })), 403, 'key_suspended', /suspended/)
  })
  it('holder_suspended', async () => {
    const { store } = bed().latchkey
    const holder = await store.get('acme', 'holders', bed().demo.holders.fleetparts)
    await store.commit('acme', { replace: [{ collection: 'holders', document: { ...holder!, status: 'suspended' } }] })
    const key = await keyThat(bed(), (k) => ({ ...k, holderId: bed().demo.holders.fleetparts }))
    await expectRefusal(key, 403, 'holder_suspended', /holder/)
  })
  it('account_suspended, terms_not_accepted, namespace_not_enabled', async () => {
    const key = bed().secret('acme-v2-readonly')
    await withAccount(
      bed(),
      (a) => ({ ...a, status: 'suspended', terms: null }),
      () => expectRefusal(key, 403, 'account_suspended', /Contact API Support, support@example.com/),
    )
    await withAccount(
      bed(),
      (a) => ({ ...a, terms: null, namespaces: [] }),
      () => expectRefusal(key, 403, 'terms_not_accepted', /version 2026-11/),
    )
    await withAccount(
      bed(),
      (a) => ({ ...a, terms: { ...a.terms!, version: '2020-01' } }),
      () => expectRefusal(key, 403, 'terms_not_accepted', /2026-11/),
    )
    await withAccount(
      bed(),
      (a) => ({ ...a, namespaces: ['v3'] }),
      () => expectRefusal(key, 403, 'namespace_not_enabled', /contact API Support, support@example.com, \+1 555 0100/),
    )
  })
  it('namespace_not_enabled: V3 is a beta that support enables', async () => {
    await expectRefusal(
      bed().secret('globex-v3-server'),
      403,
      'namespace_not_enabled',
      /Partner API V3 \(Experimental\) is not enabled/,
      {},
      '/v3/jwts',
    )
  })
  it('the holder’s ceiling cuts a whole-account key to the sub-account that it names', async () => {
    const b = bed()
    const { store } = b.latchkey
    const holder = await store.get('acme', 'holders', b.demo.holders.bluemedia)
    const grants = [{ subAccount: 'acme-eu', scopes: ['orders:read', 'links:read'] }]
    await store.commit('acme', { replace: [{ collection: 'holders', document: { ...holder!, grants } }] })
    const key = await keyThat(b, (k) => ({ ...k, holderId: b.demo.holders.bluemedia }), {
      grants: [{ subAccount: null, scopes: ['orders:read'] }],
    })
    const claims = claimsOf((await b.post('/v2/jwts', { json: { apiKey: key } })).text)
    expect(claims).to.not.have.property('scope')
    expect(claims.authorization_details).to.deep.equal([
      { type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read'] },
    ])
  })
  it('a token never outlives its key, to the second', async () => {
    const b = bed()
    const key = await keyThat(b, (k) => ({ ...k, expiresAt: b.now() + 1_500 }))
    const claims = claimsOf((await b.post('/v2/jwts', { json: { apiKey: key } })).text)
    expect(claims.exp).to.equal(Math.floor((b.now() + 1_500) / 1000))
    b.pass(1_000)
    expect((await b.post('/v2/jwts', { json: { apiKey: key } })).status).to.equal(401)
  })
  it('invalid_scope where nothing is left', async () => {
    const key = await keyThat(bed(), (k) => ({ ...k, grants: [{ subAccount: 'acme-gone', scopes: ['links:read'] }] }))
    await expectRefusal(key, 400, 'invalid_scope', /Nothing is left/)
  })
  it('the first reason in the contract’s order is the one told', async () => {
    const key = await keyThat(bed(), (k) => ({ ...k, allowedIps: ['203.0.113.0/24'], suspendedAt: 1 }))
    await expectRefusal(key, 403, 'wrong_namespace', /v2/, {}, '/v3/jwts')
    await expectRefusal(key, 403, 'ip_not_allowed', /address/, { json: { apiKey: key, scope: 'nonsense' } })
  })
  it('a token that would be too large is refused with advice', async () => {
    const grants = Array.from({ length: 50 }, (_, i) => ({
      subAccount: `acme-${i}-${'x'.repeat(30)}`,
      scopes: [...bed().latchkey.catalog.namespaces.get('v2')!.scopeNames],
    }))
    const { store } = bed().latchkey
    for (const { subAccount: slug } of grants) {
      const document = {
        id: `acme/${slug}`,
        account: 'acme',
        slug,
        name: slug,
        kind: 'nickname',
        status: 'active' as const,
        customData: {},
        createdAt: 1,
        version: 1,
      }
      await store.commit('acme', { insert: [{ collection: 'subAccounts', document }] })
    }
    const key = await keyThat(bed(), (k) => k, { grants })
    await expectRefusal(key, 400, 'token_too_large', /fewer scopes/)
    const narrowed = await bed().post('/v2/jwts', { json: { apiKey: key, subAccount: grants[0]!.subAccount } })
    expect(narrowed.status).to.equal(200)
  })
})

type Account = import('../../../src/accounts/rules.ts').Account
async function withAccount(b: Bed, change: (account: Account) => Account, then: () => Promise<void>): Promise<void> {
  const { store } = b.latchkey
  const put = async (next: (account: Account) => Account) => {
    const account = await store.get('acme', 'accounts', 'acme')
    const done = await store.commit('acme', {
      replace: [{ collection: 'accounts', document: { ...next(account!), rev: account!.rev } }],
    })
    if (!done.ok) throw new Error('account not changed')
  }
  const before = await store.get('acme', 'accounts', 'acme')
  await put(change)
  try {
    await then()
  } finally {
    const { rev: _, ...old } = before!
    await put(() => old)
  }
}

onBothStores('POST /{ns}/jwts: limits of the plan', (bed) => {
  it('are told on every answer, and refuse by key', async () => {
    const b = bed()
    const apiKey = b.secret('globex-v2-server')
    const first = await b.post('/v2/jwts', { json: { apiKey } })
    expect(first.headers.get('ratelimit-policy')).to.equal('"key";q=60;w=60, "account";q=300;w=60')
    expect(first.headers.get('ratelimit')).to.equal('"key";r=59;t=60, "account";r=299;t=60')
    await Promise.all(Array.from({ length: 59 }, () => b.post('/v2/jwts', { json: { apiKey } })))
    b.pass(20_000)
    const { answer, problem } = await refusal(b, '/v2/jwts', { json: { apiKey } })
    expect(answer.status).to.equal(429)
    expect(problem).to.include({ code: 'rate_limited', limit: 'key' })
    expect(answer.headers.get('retry-after')).to.equal('40')
    b.pass(40_000)
    expect((await b.post('/v2/jwts', { json: { apiKey } })).status).to.equal(200)
  })

  it('by account: another key of it will not help', async () => {
    const b = bed()
    b.pass(120_000)
    const { createKey } = await import('../../../src/keys/create.ts')
    const asker = { actor: { type: 'system' as const, id: null, name: 'test' }, requestId: null, bound: false }
    const wish = { ...PLAIN_WISH, namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
    const secrets: string[] = []
    for (let i = 0; i < 6; i++)
      secrets.push((await createKey(b.latchkey.keys, 'globex', { ...wish, name: `n${i}` }, asker)).secret as string)
    for (const apiKey of secrets.slice(0, 5))
      await Promise.all(Array.from({ length: 60 }, () => b.post('/v2/jwts', { json: { apiKey } })))
    const { answer, problem } = await refusal(b, '/v2/jwts', { json: { apiKey: secrets[5] } })
    expect(answer.status).to.equal(429)
    expect(problem).to.include({ limit: 'account' })
    expect(problem.detail).to.match(/another key will not help/)
  })

  it('no limit, no header', async () => {
    const answer = await bed().post('/v2/jwts', { json: { apiKey: bed().secret('acme-v2-server') } })
    expect(answer.headers.get('ratelimit')).to.equal(null)
  })
})
