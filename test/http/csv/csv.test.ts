import { expect } from 'chai'
import { onBothStores } from '../bed.ts'
import { type Document, type Operation, operations } from '../documents/openapi.rules.ts'
import { callerOf } from '../manage/caller.ts'
import { type Browser, signIn } from '../people/browser.ts'

const KEYS = '/manage/accounts/acme/keys'
const HOLDERS = '/manage/accounts/acme/holders'

/** Members of the items of a list, as the document shows its page; null: no list. */
function itemsOf(document: Document, { responses }: Operation): string[] | null {
  const resolve = (schema: Schema | undefined): Schema | undefined =>
    schema?.$ref === undefined
      ? schema
      : (document.components.schemas?.[schema.$ref.split('/').at(-1) as string] as Schema)
  const page = resolve(responses[200]?.content?.['application/json']?.schema as Schema | undefined)
  const list = resolve(page?.properties?.items ?? page?.properties?.rows)
  const item = resolve(list?.items)
  return item === undefined ? null : Object.keys(item.properties ?? {})
}
interface Schema {
  $ref?: string
  properties?: Record<string, Schema>
  items?: Schema
}

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, cell = '', end] of text.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/g)) {
    rows.at(-1)?.push(cell.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"'))
    if (end !== ',') rows.push([])
  }
  return rows.slice(0, -1)
}

async function whole(me: Browser, path: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = []
  let cursor: unknown = null
  do {
    const answer = await me.get(cursor === null ? path : `${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`)
    expect(answer.status, answer.text).to.equal(200)
    const page = answer.json()
    items.push(...((page.items ?? page.rows) as Record<string, unknown>[]))
    cursor = page.nextCursor ?? null
  } while (cursor !== null)
  return items
}

onBothStores('Lists as CSV', (bed) => {
  it('are every list of the management API, with as many rows', async () => {
    const b = bed()
    const document = (await b.get('/manage/openapi.json')).json() as unknown as Document
    const admin = await signIn(b, 'operator')
    const lists = operations(document).filter(
      (one) => one.method === 'get' && itemsOf(document, one.operation) !== null,
    )
    const known = ['/accounts', '/members', '/sub-accounts', '/holders', '/keys', '/matrix', '/usage', '/events']
    for (const end of [...known, '/sessions', '/signing-keys'])
      expect(
        lists.some(({ path }) => path.endsWith(end)),
        end,
      ).to.equal(true)
    for (const { path, operation } of lists) {
      const { responses, parameters = [] } = operation
      expect(Object.keys(responses[200]?.content ?? {}), path).to.include('text/csv')
      expect(
        parameters.some((one) => 'name' in one && one.name === 'format'),
        path,
      ).to.equal(true)
      const called = path.replace('{account}', 'acme').replace('/matrix', '/matrix?namespace=v2')
      const items = await whole(admin, called)
      const [header, ...rows] = parseCsv(
        (await admin.get(`${called}${called.includes('?') ? '&' : '?'}format=csv`)).text,
      )
      if (path.endsWith('/matrix')) {
        expect(header).to.deep.equal(['keyId', 'name', 'version', 'subAccount', 'scopes'])
        expect(rows).to.have.length(items.flatMap(({ grants }) => grants as object[]).length)
      } else {
        expect(header, path).to.include(itemsOf(document, operation)?.[0])
        expect(rows, path).to.have.length(items.length)
      }
      for (const row of rows) expect(row, path).to.have.length(header?.length as number)
    }
  }).timeout(30_000)

  it('are of the matrix a row a grant', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const whose = (rows: string[][], name: string) => rows.filter(([id]) => id === b.keyId(name))
    const answer = await acme.get('/manage/accounts/acme/matrix?namespace=v2', { accept: 'text/csv' })
    expect(answer.headers.get('content-disposition')).to.equal('attachment; filename="describeMatrix.csv"')
    const rows = parseCsv(answer.text)
    expect(whose(rows, 'acme-v2-orders')).to.deep.equal([
      [b.keyId('acme-v2-orders'), 'acme-v2-orders', '1', 'acme-eu', 'orders:write'],
    ])
    expect(whose(rows, 'acme-v2-readonly')).to.deep.equal([
      [b.keyId('acme-v2-readonly'), 'acme-v2-readonly', '1', '', 'links:read analytics:read'],
    ])
    const wish = { name: '=1+1', namespace: 'v2' }
    const grants = [
      { subAccount: null, scopes: ['links:read'] },
      { subAccount: 'acme-eu', scopes: ['orders:read', 'orders:write'] },
    ]
    const { key } = (await acme.post('/manage/accounts/acme/keys', { ...wish, grants })).json() as {
      key: { id: string }
    }
    const after = parseCsv((await acme.get('/manage/accounts/acme/matrix?namespace=v2&format=csv')).text)
    expect(after.filter(([id]) => id === key.id)).to.deep.equal([
      [key.id, "'=1+1", '1', '', 'links:read'],
      [key.id, "'=1+1", '1', 'acme-eu', 'orders:read orders:write'],
    ])
    const paged = await acme.get('/manage/accounts/acme/matrix?namespace=v2&format=csv&limit=3')
    expect(paged.status).to.equal(400)
  })

  it('hold every row and every member, harmless to a spreadsheet', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const wish = {
      type: 'machine',
      name: '=HYPERLINK("https://evil.example","a, b")',
      externalId: '+49 7',
      flags: ['one', 'two'],
      grants: [{ subAccount: null, scopes: ['links:read'] }],
    }
    const { id, createdAt } = (await acme.post(HOLDERS, wish)).json()
    const answer = await acme.get(`${HOLDERS}?type=machine`, { accept: 'text/csv' })
    expect(answer.status, answer.text).to.equal(200)
    expect(answer.headers.get('content-type')).to.equal('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).to.equal('attachment; filename="listHolders.csv"')
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(answer.text).to.equal(
      'id,account,type,name,externalId,email,grants,status,flags,customData,createdAt,version\r\n' +
        `${id},acme,machine,"'=HYPERLINK(""https://evil.example"",""a, b"")",'+49 7,,` +
        `"[{""subAccount"":null,""scopes"":[""links:read""]}]",active,one two,{},${createdAt},1\r\n`,
    )
    expect((await acme.get(`${HOLDERS}?type=machine&format=csv`)).text).to.equal(answer.text)
    const json = await acme.get(`${HOLDERS}?type=machine&format=json`, { accept: 'text/csv' })
    expect(json.headers.get('content-type')).to.equal('application/json')
    const none = await acme.get(`${HOLDERS}?status=suspended&format=csv`)
    expect(none.text.split('\r\n')).to.have.length(2)
  })

  it('go on over many pages', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    for (let n = 0; n < 230; n += 10)
      await Promise.all(
        Array.from({ length: 10 }, (_, m) => acme.post(HOLDERS, { type: 'vendor', name: `Vendor ${n + m}` })),
      )
    const lines = (await acme.get(`${HOLDERS}?q=vendor&format=csv`)).text.trimEnd().split('\r\n')
    expect(new Set(lines).size).to.equal(231)
    for (const list of [
      'accounts',
      'accounts/acme/keys',
      'accounts/acme/events?type=holder.created',
      'accounts/acme/sub-accounts',
    ]) {
      const answer = await acme.get(`/manage/${list}`, { accept: 'text/csv' })
      expect([answer.status, answer.headers.get('content-type')], list).to.deep.equal([200, 'text/csv; charset=utf-8'])
    }
  }).timeout(30_000)

  it('of keys are flat: a row a key, with whose it is, what it may do and who made it', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const wish = {
      name: '=1+1',
      description: 'Sync, at night',
      namespace: 'v2',
      holderId: b.demo.holders.bluemedia,
      grants: [
        { subAccount: null, scopes: ['links:read', 'links:write'] },
        { subAccount: 'acme-eu', scopes: ['orders:write'] },
      ],
      allowedIps: ['203.0.113.7', '198.51.100.0/24'],
      customData: { crm: 7 },
    }
    const { key, secret } = (await acme.post(KEYS, wish)).json() as { key: Record<string, string>; secret: string }
    expect((await b.post('/v2/jwts', { json: { apiKey: secret }, headers: {} })).status).to.equal(403)
    await acme.post(`${KEYS}/${key.id}/revoke`, { reason: 'partner_ended', note: 'See the mail' })
    const csv = await acme.get(`${KEYS}?holderType=affiliate&format=csv`)
    expect(csv.status, csv.text).to.equal(200)
    expect(csv.text).not.to.include(secret)
    const [head, ...rows] = csv.text.trimEnd().split('\r\n') as [string, ...string[]]
    expect(head).to.equal(
      'id,account,namespace,name,description,kind,status,holderType,holder,holderId,externalId,rights,subAccounts,' +
        'allowedIps,allowedOrigins,last4,createdAt,createdBy,updatedAt,lastUsedAt,expiresAt,rotationEndsAt,' +
        'revokedAt,revokedBy,revokedReason,revokedNote,tokenEndpointAuthMethod,dpopBoundAccessTokens,customData,version',
    )
    const at = new Date(b.now()).toISOString()
    expect(rows.find((row) => row.startsWith(key.id as string))).to.equal(
      `${key.id},acme,v2,'=1+1,"Sync, at night",secret,revoked,affiliate,Blue Media,${b.demo.holders.bluemedia},A-1001,` +
        '"links:read links:write; acme-eu=orders:write",acme-eu,203.0.113.7 198.51.100.0/24,,' +
        `${secret.slice(-4)},${at},acme-manage,${at},,,,${at},acme-manage,partner_ended,See the mail,` +
        'client_secret_basic,false,"{""crm"":7}",2',
    )
  })

  it('are refused as any list is', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    for (const query of [
      'format=xml',
      'format=csv&limit=5',
      'format=csv&cursor=x',
      'format=csv&format=json',
      'format=csv&x=1',
    ]) {
      const answer = await acme.get(`${HOLDERS}?${query}`)
      expect([answer.status, answer.json().code], query).to.deep.equal([400, 'invalid_request'])
    }
    const foreign = await acme.get('/manage/accounts/globex/holders?format=csv')
    expect([foreign.status, foreign.headers.get('content-type')]).to.deep.equal([404, 'application/problem+json'])
    expect((await b.get(`${HOLDERS}?format=csv`)).status).to.equal(401)
  })
})
