import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { type Bed, claimsOf, onBothStores, openBed } from '../bed.ts'
import { callerOf, eventsOf, statusOf } from '../manage/caller.ts'
import { importingCatalog } from './catalog.ts'

const IMPORT = '/manage/accounts/acme/keys/import'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const whole = (...scopes: string[]) => [{ subAccount: null, scopes }]
const item = (text: string, more: object = {}) => ({
  plain: text,
  name: 'From before',
  grants: whole('links:read'),
  ...more,
})

interface Result {
  index: number
  key?: { id: string; secrets: { last4: string }[]; version: number; status: string }
  code?: string
  detail?: string
}
const itemsOf = (answer: { json(): Record<string, unknown> }) => answer.json().items as Result[]

const refused = async (b: Bed, path: string, apiKey: string) => {
  const { status, text } = await b.post(path, { json: { apiKey } })
  const { requestId: _, ...problem } = JSON.parse(text)
  return { status, problem }
}

onBothStores(
  'Imported keys',
  (bed) => {
    it('are presented as they were, by text and by SHA-256', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const answer = await acme.post(IMPORT, {
        namespace: 'v2',
        keys: [
          item('old-system-key-0001', { holderId: b.demo.holders.northwind }),
          { sha256: sha256('old-system-key-0002').toUpperCase(), name: 'Second', grants: whole('orders:write') },
        ],
      })
      expect(answer.status, answer.text).to.equal(200)
      expect(answer.text).not.to.contain('old-system-key').and.not.to.contain(sha256('old-system-key-0001'))
      const [first, second] = itemsOf(answer)
      expect(first?.key?.secrets[0]?.last4).to.equal('0001')
      expect(second?.key?.secrets[0]?.last4).to.equal('')
      for (const [text, result, scope] of [
        ['old-system-key-0001', first, 'links:read'],
        ['old-system-key-0002', second, 'orders:read orders:write'],
      ] as const) {
        const token = await b.post('/v2/jwts', { headers: { 'x-api-key': text } })
        expect(token.status, token.text).to.equal(200)
        expect(claimsOf(token.text)).to.deep.include({ client_id: result?.key?.id, scope })
        const oauth = await b.post('/v2/oauth/token', {
          form: { grant_type: 'client_credentials', client_id: result?.key?.id as string, client_secret: text },
        })
        expect(oauth.status, oauth.text).to.equal(200)
        const [event, ...more] = await eventsOf(acme, 'acme', result?.key?.id as string)
        expect(event?.type).to.equal('key.created')
        expect(event?.data).to.deep.equal({ object: result?.key, imported: true })
        expect(more).to.have.length(0)
      }
      const another = await b.post('/v2/oauth/token', {
        form: {
          grant_type: 'client_credentials',
          client_id: second?.key?.id as string,
          client_secret: 'old-system-key-0001',
        },
      })
      expect([another.status, another.json().error]).to.deep.equal([401, 'invalid_client'])
    })

    it('keep nothing that could be presented', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const text = 'old-system-key-kept'
      const [made] = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys: [item(text)] }))
      const kept = await b.latchkey.store.get('acme', 'keys', made?.key?.id as string)
      expect(JSON.stringify(kept)).not.to.contain(text).and.not.to.contain(sha256(text))
      for (const presented of [sha256(text), kept?.importedHash as string])
        expect((await refused(b, '/v2/jwts', presented)).problem.code).to.equal('invalid_api_key')
    })

    it('give each item a result, and no key twice', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const keys = [
        item('old-system-key-a001'),
        item('old-system-key-a001'),
        item('old-system-key-a002', { grants: whole('nothing:read') }),
        item('old-system-key-a003', { holderId: 'hld_none' }),
        item('old-system-key-a004', { grants: [{ subAccount: 'nowhere', scopes: ['orders:read'] }] }),
        item('old-system-key-a005', { grants: [{ subAccount: 'acme-eu', scopes: ['orders:read'] }] }),
      ]
      const codes = (results: Result[]) => results.map(({ index, code }) => [index, code ?? 'made'])
      const first = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys }))
      expect(codes(first)).to.deep.equal([
        [0, 'made'],
        [1, 'already_imported'],
        [2, 'unknown_scope'],
        [3, 'unknown_holder'],
        [4, 'unknown_sub_account'],
        [5, 'made'],
      ])
      expect(first[2]?.detail).to.contain('nothing:read')
      const again = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys }))
      expect(codes(again).filter(([, code]) => code === 'made')).to.deep.equal([])
      const globex = await callerOf(b, 'operator-manage')
      const elsewhere = await globex.post('/manage/accounts/globex/keys/import', { namespace: 'v2', keys: [keys[0]] })
      expect(codes(itemsOf(elsewhere))).to.deep.equal([[0, 'already_imported']])
      const beyond = await globex.post('/manage/accounts/globex/keys/import', {
        namespace: 'v2',
        keys: [item('old-system-key-a006', { grants: whole('orders:write') })],
      })
      expect(codes(itemsOf(beyond))).to.deep.equal([[0, 'exceeds_your_rights']])
    })

    it('that are malformed have a result of their own too', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const malformed = [
        item('old-system-key-m001', { sha256: sha256('x') }),
        item('short'),
        item('old system key with spaces'),
        item(b.secret('acme-v2-server')),
        item('named-like-itself', { name: 'named-like-itself' }),
        item('old-system-key-m002', { grants: [] }),
        item('old-system-key-m003', { more: 1 }),
        { sha256: sha256('m'), grants: whole('links:read') },
        'no item',
        null,
      ]
      const answer = await acme.post(IMPORT, { namespace: 'v2', keys: [...malformed, item('old-system-key-m004')] })
      expect(answer.status, answer.text).to.equal(200)
      const results = itemsOf(answer)
      expect(results.map(({ index }) => index)).to.deep.equal([...malformed, 'good'].map((_, i) => i))
      expect(results.pop()?.key?.secrets[0]?.last4).to.equal('m004')
      for (const { code, detail } of results) expect([code, detail]).to.deep.equal(['invalid_request', detail])
      expect(results[1]?.detail).to.contain('/plain: must be 16 to 512')
      expect(answer.text).not.to.contain('old-system-key').and.not.to.contain('named-like-itself')
      expect(answer.text).not.to.contain(b.secret('acme-v2-server'))
      const none = await acme.post(IMPORT, { namespace: 'v2', keys: [null] })
      expect(itemsOf(none).map(({ code }) => code)).to.deep.equal(['invalid_request'])
    })

    it('that are known already are said to work only where they do', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const operator = await callerOf(b, 'operator-manage')
      const keys = [item('old-system-key-known')]
      const again = async (account = 'acme', caller = acme) => {
        const [result] = itemsOf(await caller.post(IMPORT.replace('acme', account), { namespace: 'v2', keys }))
        return result?.detail
      }
      const [made] = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys }))
      expect(await again()).to.contain('works as it is')
      expect(await again('globex', operator))
        .to.contain('known already')
        .and.not.to.contain('works')
      await acme.post(`/manage/accounts/acme/keys/${made?.key?.id}/rotate`, { overlapSeconds: 0 })
      expect(await again())
        .to.contain('known already')
        .and.not.to.contain('works')
    })

    it('imported twice at once are made once', async () => {
      const acme = await callerOf(bed(), 'acme-manage')
      const keys = Array.from({ length: 20 }, (_, n) => item(`old-system-key-race-${n}`))
      const calls = await Promise.all([1, 2, 3].map(() => acme.post(IMPORT, { namespace: 'v2', keys })))
      for (const call of calls) expect(call.status, call.text).to.equal(200)
      const made = calls.flatMap(itemsOf).filter(({ key }) => key !== undefined)
      expect(made).to.have.length(20)
    })

    it('end like any key', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const text = 'old-system-key-ending'
      const [made] = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys: [item(text)] }))
      const { text: token } = await b.post('/v2/jwts', { json: { apiKey: text } })
      expect((await refused(b, '/v3/jwts', text)).problem.code).to.equal('wrong_namespace')
      await acme.post(`/manage/accounts/acme/keys/${made?.key?.id}/revoke`, { reason: 'exposed' })
      expect(statusOf(b, token)).to.equal(1)
      expect(await refused(b, '/v2/jwts', text)).to.deep.equal(await refused(b, '/v2/jwts', 'old-system-key-unknown'))
    })

    it('are revoked by whoever presents them (RFC 7009)', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const text = 'old-system.key.to-be-lost'
      const [made] = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys: [item('old-system-key-lost')] }))
      const revoke = (ns: string, token: string) => b.post(`/${ns}/oauth/revoke`, { form: { token } })
      expect((await revoke('v3', 'old-system-key-lost')).json().error).to.equal('invalid_request')
      for (const token of ['old-system-key-lost', 'old-system-key-lost', 'old-system-key-never'])
        expect((await revoke('v2', token)).status).to.equal(200)
      const key = (await acme.get(`/manage/accounts/acme/keys/${made?.key?.id}`)).json()
      expect(key.revoked).to.deep.include({ reason: 'other' })
      expect((await revoke('v2', text)).json().error).to.equal('invalid_client')
    })

    it('are deleted like any key: a new import of the same text has an id of its own', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const keys = [item('old-system-key-deleted')]
      const [first] = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys }))
      expect((await acme.delete(`/manage/accounts/acme/keys/${first?.key?.id}`)).status).to.equal(204)
      const [second] = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys }))
      expect(second?.key?.id).to.be.a('string').and.not.to.equal(first?.key?.id)
      const token = await b.post('/v2/jwts', { json: { apiKey: 'old-system-key-deleted' } })
      expect(claimsOf(token.text).client_id).to.equal(second?.key?.id)
    })

    it('never get the id of a deleted key', async () => {
      const b = bed()
      const { store } = b.latchkey
      const acme = await callerOf(b, 'acme-manage')
      const getMany = store.getMany.bind(store)
      let deleted = ''
      store.getMany = async (scope, refs) => {
        const [ref] = refs
        const found = await getMany(scope, refs)
        if (ref?.collection !== 'deletedKeys' || deleted !== '') return found
        deleted = ref.id
        return [{ id: ref.id, account: '', rev: 1 }, ...found.slice(1)]
      }
      try {
        const keys = ['d1', 'd2', 'd3'].map((end) => item(`old-system-key-${end}`))
        const ids = itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys })).map(({ key }) => key?.id)
        expect(deleted).to.match(/^key_/)
        expect(new Set(ids).size).to.equal(3)
        expect(ids).not.to.include(deleted)
      } finally {
        store.getMany = getMany
      }
    })

    it('cost one store call to find or to miss', async () => {
      const b = bed()
      const { store } = b.latchkey
      let calls = 0
      const get = store.getLinked.bind(store)
      store.getLinked = ((...args: Parameters<typeof get>) => {
        calls++
        return get(...args)
      }) as typeof store.getLinked
      try {
        for (const text of ['old-system-key-0001', 'old-system-key-none']) {
          calls = 0
          const since = performance.now()
          const { status } = await b.post('/v2/jwts', { json: { apiKey: text } })
          expect(calls).to.equal(1)
          if (status === 401) expect(performance.now() - since).to.be.at.least(20)
        }
        calls = 0
        await b.post('/v2/jwts', { json: { apiKey: 'lk_v2_sk_nonsense' } })
        await b.post('/v2/jwts', { json: { apiKey: 'short' } })
        expect(calls).to.equal(0)
      } finally {
        store.getLinked = get as typeof store.getLinked
      }
    })

    it('are refused whole where none could be', async () => {
      const b = bed()
      const acme = await callerOf(b, 'acme-manage')
      const reader = await callerOf(b, 'acme-manage', { scope: 'keys:read' })
      const keys = [item('old-system-key-b001')]
      for (const [caller, body, status, code] of [
        [acme, { namespace: 'v3', keys }, 422, 'not_importable'],
        [acme, { namespace: 'manage', keys }, 422, 'not_importable'],
        [acme, { namespace: 'v9', keys }, 422, 'unknown_namespace'],
        [reader, { namespace: 'v2', keys }, 403, 'forbidden'],
        [acme, { namespace: 'v2', keys: [] }, 400, 'invalid_request'],
        [acme, { namespace: 'v2', keys: Array(1001).fill(keys[0]) }, 400, 'invalid_request'],
        [
          acme,
          { namespace: 'v2', keys: [item('x'.repeat(500), { name: 'y'.repeat(1_100_000) })] },
          413,
          'payload_too_large',
        ],
      ] as const) {
        const answer = await caller.post(IMPORT, body)
        expect([answer.status, answer.json().code], answer.text.slice(0, 300)).to.deep.equal([status, code])
        expect(answer.text).not.to.contain('old-system-key').and.not.to.contain('named-like-itself')
      }
    })
  },
  { env: { LATCHKEY_CATALOG: importingCatalog() } },
)

describe('Many imported keys', () => {
  it('come a thousand at a time, up to what the account may have', async () => {
    const b = await openBed({ LATCHKEY_CATALOG: importingCatalog(1_500) })
    try {
      const acme = await callerOf(b, 'acme-manage')
      const send = async (call: number): Promise<Result[]> => {
        const keys = Array.from({ length: 1_000 }, (_, n) => ({
          sha256: sha256(`many ${call} ${n}`),
          name: `Key ${n}`,
          grants: whole('links:read'),
        }))
        return itemsOf(await acme.post(IMPORT, { namespace: 'v2', keys }))
      }
      expect((await send(1)).filter(({ key }) => key)).to.have.length(1_000)
      const rest = (await send(2)).filter(({ key }) => key).length
      expect(rest).to.be.within(450, 500)
      expect((await send(3)).every(({ code }) => code === 'keys_full')).to.equal(true)
      expect((await send(2)).filter(({ code }) => code === 'already_imported')).to.have.length(rest)
    } finally {
      await b.latchkey.close()
    }
  }).timeout(60_000)
})
