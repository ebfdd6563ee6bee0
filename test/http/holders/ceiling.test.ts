import { expect } from 'chai'
import fc from 'fast-check'
import type { NamespaceEntry } from '../../../src/catalog.ts'
import { effectiveRights, type Grant } from '../../../src/keys/rights.rules.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { makeKey, whole } from '../keys/making.ts'
import { type Caller, callerOf } from '../manage/caller.ts'
import { signIn } from '../people/browser.ts'

const HOLDERS = '/manage/accounts/acme/holders'
const KEYS = '/manage/accounts/acme/keys'
const EU = (...scopes: string[]) => [{ subAccount: 'acme-eu', scopes }]

/** A holder of acme under a ceiling, made by somebody who may do everything there. */
async function holderUnder(b: Bed, grants: Grant[] | null) {
  const maker = await callerOf(b, 'acme-manage')
  const { id } = (await maker.post(HOLDERS, { type: 'machine', name: 'Press', grants })).json() as { id: string }
  const path = `${HOLDERS}/${id}`
  const version = async () => (await maker.get(path)).json().version as number
  const lift = async (who: Pick<Caller, 'patch'>, to: Grant[] | null) =>
    who.patch(path, { grants: to }, await version())
  return { id, path, lift, maker }
}
const said = (answer: { status: number; json: () => Record<string, unknown> }) => [answer.status, answer.json().code]
const EXCEEDS = [403, 'exceeds_your_rights']

onBothStores('Ceilings: what their change grants', (bed) => {
  it('who may only change holders gives no key anything', async () => {
    const b = bed()
    const weak = await callerOf(b, 'acme-manage', { scope: 'holders:write' })
    const { id, lift, maker } = await holderUnder(b, whole('links:read'))
    const key = await makeKey(b, maker, { holderId: id, grants: [...whole('links:write'), ...EU('orders:write')] })
    for (const to of [null, whole('links:write'), [...whole('links:read'), ...EU('orders:read')]]) {
      const refused = await lift(weak, to)
      expect(said(refused), refused.text).to.deep.equal(EXCEEDS)
    }
    expect((await lift(weak, null)).json().detail).to.match(
      /gain links:write orders:read orders:write by it.*keys:write/,
    )
    // What none of the keys was granted gives nothing.
    expect((await lift(weak, whole('links:read', 'domains:read'))).status).to.equal(200)
    expect((await lift(weak, EU('links:read'))).status).to.equal(200)
    expect((await lift(maker, null)).status).to.equal(200)
    expect((await key.exchange()).status).to.equal(200)
  })

  it('a manage key takes back no right that its ceiling withholds', async () => {
    const b = bed()
    const owner = await signIn(b, 'owner')
    const { id, lift } = await holderUnder(b, whole('holders:write', 'keys:write'))
    const wish = { name: 'Own', namespace: 'manage', holderId: id }
    const made = await owner.post(KEYS, { ...wish, grants: whole('holders:write', 'keys:write', 'members:write') })
    expect(made.status, made.text).to.equal(201)
    const { secret } = made.json() as { secret: string }
    const token = (await b.post('/manage/jwts', { json: { apiKey: secret } })).text
    const itself: Pick<Caller, 'patch'> = {
      async patch(path, json, version) {
        const headers = {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'if-match': `"${version}"`,
        }
        const answer = await fetch(new URL(path, b.url), { method: 'PATCH', headers, body: JSON.stringify(json) })
        const text = await answer.text()
        return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) }
      },
    }
    const manager = await signIn(b, 'manager')
    for (const who of [itself, manager]) expect(said(await lift(who, null))).to.deep.equal(EXCEEDS)
    expect((await lift(owner, null)).status).to.equal(200)
  })

  it('without keys a holder gets any ceiling; a key made meanwhile is judged', async () => {
    const b = bed()
    const weak = await callerOf(b, 'acme-manage', { scope: 'holders:write' })
    for (let n = 0; n < 5; n++) {
      const { id, path, lift, maker } = await holderUnder(b, whole('links:read'))
      const wish = { name: 'Late', namespace: 'v2', holderId: id, grants: whole('links:write') }
      const [made, lifted] = await Promise.all([maker.post(KEYS, wish), lift(weak, null)])
      expect(made.status, made.text).to.equal(201)
      const log = (await maker.get('/manage/accounts/acme/events?order=desc&limit=50')).json().items as {
        seq: number
        type: string
        subject: { id: string }
      }[]
      const key = (made.json() as { key: { id: string } }).key.id
      const seqOf = (type: string, subject: string) => log.find((e) => e.type === type && e.subject.id === subject)?.seq
      // Lifted before the key was there, or not at all.
      if (lifted.status === 200) expect(seqOf('holder.updated', id)).to.be.lessThan(seqOf('key.created', key) as number)
      else expect([...said(lifted), (await maker.get(path)).json().version]).to.deep.equal([...EXCEEDS, 1])
    }
  })

  it('nobody lets a key have more than they may give, whatever the ceilings', async () => {
    const b = bed()
    const v2 = b.latchkey.catalog.namespaces.get('v2') as NamespaceEntry
    const scopes = fc.subarray(['links:read', 'links:write', 'orders:read', 'orders:write'], { minLength: 1 })
    const grants = fc.array(fc.record({ subAccount: fc.constantFrom(null, 'acme-eu'), scopes }), {
      minLength: 1,
      maxLength: 2,
    })
    const ceiling = fc.option(grants)
    const callers = {
      weak: await callerOf(b, 'acme-manage', { scope: 'holders:write keys:read' }),
      strong: await callerOf(b, 'acme-manage', { scope: 'holders:write keys:write' }),
    }
    const held = (key: Grant[], under: Grant[] | null) => {
      const { account, subAccounts } = effectiveRights({
        kind: 'secret',
        grants: key,
        ceiling: under,
        offered: v2.scopeNames,
        namespace: v2,
        subAccounts: new Map([['acme-eu', { kind: 'primary' }]]),
      })
      return new Set(
        [...account]
          .flatMap((s) => [s, `eu ${s}`])
          .concat([...(subAccounts.get('acme-eu') ?? [])].map((s) => `eu ${s}`)),
      )
    }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('weak', 'strong'),
        grants,
        ceiling,
        ceiling,
        async (who: 'weak' | 'strong', key: Grant[], before: Grant[] | null, after: Grant[] | null) => {
          const { id, lift, maker } = await holderUnder(b, before)
          await makeKey(b, maker, { holderId: id, grants: key })
          const answer = await lift(callers[who], after)
          const had = held(key, before)
          const gains = [...held(key, after)].some((right) => !had.has(right))
          const expected = gains && who === 'weak' ? EXCEEDS : [200, undefined]
          expect(said(answer), answer.text).to.deep.equal(expected)
        },
      ),
      { numRuns: 15 },
    )
  }).timeout(60_000)
})

onBothStores(
  'Kinds of sub-accounts: what their change grants',
  (bed) => {
    it('who may only change accounts gives no key anything by it', async () => {
      const b = bed()
      const maker = await callerOf(b, 'acme-manage')
      const weak = await callerOf(b, 'acme-manage', { scope: 'accounts:write' })
      const path = '/manage/accounts/acme/sub-accounts'
      await maker.post(path, { id: 'acme-nick', name: 'Nick', kind: 'nickname' })
      await makeKey(b, maker, { grants: [{ subAccount: 'acme-nick', scopes: ['orders:read'] }] })
      const refused = await weak.patch(`${path}/acme-nick`, { kind: 'primary' }, 1)
      expect(said(refused), refused.text).to.deep.equal(EXCEEDS)
      expect((await weak.patch(`${path}/acme-nick`, { kind: 'alias' }, 1)).status).to.equal(200)
      expect((await maker.patch(`${path}/acme-nick`, { kind: 'primary' }, 2)).status).to.equal(200)
    })
  },
  { catalog: (yaml) => yaml.replace(/(orders:read: \{)/, '$1 subAccountKinds: [primary],') },
)
