import { expect } from 'chai'
import fc from 'fast-check'
import { onBothStores } from '../bed.ts'
import { type Caller, callerOf, eventsOf, statusOf } from '../manage/caller.ts'
import { KEYS, makeKey, whole } from './making.ts'

const MATRIX = '/manage/accounts/acme/matrix?namespace=v2'
interface Row {
  keyId: string
  version: number
  grants: { subAccount: string | null; scopes: string[] }[]
}

async function read(caller: Caller): Promise<Map<string, Row>> {
  const rows: Row[] = []
  let cursor: unknown = null
  do {
    const page = await caller.get(`${MATRIX}&limit=7${cursor === null ? '' : `&cursor=${cursor}`}`)
    expect(page.status, page.text).to.equal(200)
    rows.push(...(page.json().rows as Row[]))
    cursor = page.json().nextCursor
  } while (cursor !== null)
  return new Map(rows.map((row) => [row.keyId, row]))
}

onBothStores('The permission matrix', (bed) => {
  it('holds every key of the namespace that is not revoked', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const [one, two] = [await makeKey(b, acme), await makeKey(b, acme)]
    await acme.post(`${two.path}/revoke`, { reason: 'other' })
    const rows = await read(acme)
    expect(rows.get(one.id)).to.deep.equal({ keyId: one.id, version: 1, grants: whole('links:read', 'links:write') })
    expect([rows.has(two.id), rows.has(b.keyId('acme-v3-server')), rows.has(b.keyId('acme-v2-server'))]).to.deep.equal([
      false,
      false,
      true,
    ])
    expect((await acme.get('/manage/accounts/acme/matrix')).status).to.equal(400)
  })

  it('written rows change together, others stay, and tokens of narrowed keys end', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const [narrower, wider, same, other] = await Promise.all([1, 2, 3, 4].map(() => makeKey(b, acme)))
    const keys = [narrower, wider, same, other].map((key) => key as NonNullable<typeof key>)
    const tokens = await Promise.all(keys.map((key) => key.token()))
    const before = await read(acme)
    const to = [
      whole('links:read'),
      whole('links:read', 'links:write', 'orders:read'),
      whole('links:read', 'links:write'),
    ]
    const rows = to.map((grants, i) => ({ keyId: keys[i]?.id as string, version: 1, grants }))
    const answer = await acme.put(MATRIX, { rows })
    expect(answer.status, answer.text).to.equal(200)
    expect(answer.json()).to.deep.equal({ rows: rows.map((row, i) => ({ ...row, version: i === 2 ? 1 : 2 })) })
    expect(tokens.map((token) => statusOf(b, token))).to.deep.equal([1, 0, 0, 0])
    const after = await read(acme)
    expect(after.size).to.equal(before.size)
    for (const [id, row] of before)
      if (!rows.some(({ keyId }) => keyId === id)) expect(after.get(id)).to.deep.equal(row)
    const events = await eventsOf(acme, 'acme', keys[0]?.id as string)
    expect(events.at(-1)).to.deep.include({
      type: 'key.updated',
      data: { object: await keys[0]?.shown(), changed: ['grants'] },
    })
    expect(await eventsOf(acme, 'acme', keys[2]?.id as string)).to.have.length(1)
  })

  it('all or nothing: a row that cannot be written is told, and none is', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const [good, bad] = [await makeKey(b, acme), await makeKey(b, acme)]
    const revoked = await makeKey(b, acme)
    await acme.post(`${revoked.path}/revoke`, { reason: 'other' })
    const row = (keyId: string, scopes: string[], version = 1) => ({ keyId, version, grants: whole(...scopes) })
    const cases: [object[], number, string, RegExp][] = [
      [[row(bad.id, ['links:read'], 7)], 412, 'precondition_failed', new RegExp(bad.id)],
      [[row(bad.id, ['nope:read'])], 422, 'unknown_scope', /\/rows\/1\/grants\/0\/scopes\/0/],
      [[row(revoked.id, ['links:read'], 2)], 409, 'key_revoked', new RegExp(revoked.id)],
      [[row('key_000000000000', ['links:read'])], 404, 'not_found', /key_000000000000/],
      [[row(b.keyId('globex-v2-server'), ['links:read'])], 404, 'not_found', /namespace/],
      [[row(b.keyId('acme-v3-server'), ['vehicles:read'])], 404, 'not_found', /namespace/],
      [[row(good.id, ['links:read'])], 400, 'invalid_request', /\/rows\/1\/keyId/],
    ]
    for (const [rows, status, code, says] of cases) {
      const answer = await acme.put(MATRIX, { rows: [row(good.id, ['links:read']), ...rows] })
      expect([answer.status, answer.json().code], answer.text).to.deep.equal([status, code])
      expect(answer.text).to.match(says)
    }
    expect((await acme.put(MATRIX, { rows: [] })).status).to.equal(400)
    expect((await good.shown()).version).to.equal(1)
  })

  it('nobody grants more than they have', async () => {
    const b = bed()
    const operator = await callerOf(b, 'operator-manage')
    const acme = await callerOf(b, 'acme-manage')
    const put = (caller: Caller, account: string, namespace: string, row: object) =>
      caller.put(`/manage/accounts/${account}/matrix?namespace=${namespace}`, { rows: [{ version: 1, ...row }] })
    const beyond = { keyId: b.keyId('globex-v2-server'), grants: whole('orders:write') }
    expect((await put(operator, 'globex', 'v2', beyond)).json()).to.include({ code: 'exceeds_your_rights' })
    const strong = { keyId: b.keyId('acme-manage'), grants: whole('members:write', 'keys:read') }
    expect((await put(acme, 'acme', 'manage', strong)).status).to.equal(200)
    const again = { ...strong, version: 2, grants: whole('members:write', 'keys:write') }
    const writer = await callerOf(b, 'operator-manage')
    expect((await put(writer, 'acme', 'manage', again)).json()).to.include({ code: 'exceeds_your_rights' })
  })
})

onBothStores('The permission matrix, against others', (bed) => {
  it('against a change of one of its keys: one of the two is told, and nothing is half written', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    for (let n = 0; n < 5; n++) {
      const keys = await Promise.all([makeKey(b, acme), makeKey(b, acme)])
      const rows = keys.map(({ id }) => ({ keyId: id, version: 1, grants: whole('links:read') }))
      const [matrix, change] = await Promise.all([
        acme.put(MATRIX, { rows }),
        acme.patch(keys[1].path, { name: 'Changed' }, 1),
      ])
      expect([matrix.status, change.status].sort()).to.deep.equal([200, 412])
      const shown = await Promise.all(keys.map((key) => key.shown()))
      expect(shown.map(({ version }) => version)).to.deep.equal(matrix.status === 200 ? [2, 2] : [1, 2])
    }
  })

  it('whatever is written, it reads back so, and every token of before allows no more than the next', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const keys = await Promise.all([1, 2, 3].map(() => makeKey(b, acme)))
    const scopes = fc.subarray(['links:read', 'links:write', 'orders:read'], { minLength: 1 })
    const grants = fc.array(fc.record({ subAccount: fc.constantFrom(null, 'acme-eu'), scopes }), {
      minLength: 1,
      maxLength: 2,
    })
    const wish = fc.array(fc.option(grants), { minLength: 3, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(wish, async (wishes) => {
        const before = await read(acme)
        const tokens = await Promise.all(keys.map((key) => key.token()))
        const rows = keys.flatMap(({ id }, i) => {
          const to = wishes[i] ?? null
          return to === null ? [] : [{ keyId: id, version: before.get(id)?.version as number, grants: to }]
        })
        if (rows.length > 0) expect((await acme.put(MATRIX, { rows })).status).to.equal(200)
        const after = await read(acme)
        for (const [id, row] of before) {
          const written = rows.find(({ keyId }) => keyId === id)
          expect(after.get(id)?.grants).to.deep.equal((written ?? row).grants)
        }
        for (const [i, key] of keys.entries()) {
          const next = scopesOf(await key.token())
          const lost = scopesOf(tokens[i] as string).some((right) => !next.includes(right))
          expect(statusOf(b, tokens[i] as string) === 1, key.id).to.equal(lost)
        }
      }),
      { numRuns: 15 },
    )
  }).timeout(60_000)

  it('hundreds of rows at once, read and written whole', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const keys = []
    for (let n = 0; n < 290; n++) keys.push(await makeKey(b, acme))
    const rows = keys.map(({ id }) => ({ keyId: id, version: 1, grants: whole('links:read') }))
    const answer = await acme.put(MATRIX, { rows })
    expect(answer.status, answer.text.slice(0, 500)).to.equal(200)
    const read = (await acme.get(MATRIX)).json() as { rows: Row[]; nextCursor: null }
    expect(read.nextCursor).to.equal(null)
    const ids = new Set(keys.map(({ id }) => id))
    expect(read.rows.filter(({ keyId }) => ids.has(keyId))).to.have.deep.members(answer.json().rows as Row[])
    expect((await acme.get(`${MATRIX}&limit=50`)).json().rows).to.have.length(50)
    expect((await acme.put(MATRIX, { rows: [...rows, rows[0]] })).status).to.equal(400)
    const stale = [...(answer.json().rows as Row[]).slice(1), rows[0]]
    expect((await acme.put(MATRIX, { rows: stale })).status).to.equal(412)
    const tooMany = await acme.put(MATRIX, { rows: Array(800).fill(rows[0]) })
    expect([tooMany.status, tooMany.json().detail]).to.deep.equal([
      413,
      'The body is larger than 64 KiB. Write the rows in parts: those not named stay as they are.',
    ])
    expect((await acme.get(`${KEYS}/counts`)).json().active).to.be.greaterThan(200)
  }).timeout(60_000)
})

/** Scope and place of each right, for the whole account as on each sub-account. */
function scopesOf(token: string): string[] {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString('utf8')) as {
    scope?: string
    authorization_details?: { identifier: string; actions: string[] }[]
  }
  const account = (claims.scope ?? '').split(' ').filter(Boolean)
  const details = (claims.authorization_details ?? []).flatMap(({ identifier, actions }) =>
    actions.map((action) => `${identifier} ${action}`),
  )
  return [...account, ...account.map((scope) => `acme-eu ${scope}`), ...details]
}
