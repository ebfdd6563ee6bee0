/** What another catalog takes away at a restart ends, whoever starts, however often, and wherever a start was cut off. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parseCatalog } from '../../../src/catalog.ts'
import { adoptCatalog } from '../../../src/keys/adopt-catalog.ts'
import { type Store, StoreUnavailable } from '../../../src/store/store.ts'
import type { Bed } from '../bed.ts'
import { makeKey, whole } from '../keys/making.ts'
import { callerOf, statusOf } from '../manage/caller.ts'
import { onOneStore } from '../one-store.ts'

/** The demo's, with scopes to lose. */
const OFFERED = readFileSync('latchkey.yaml', 'utf8')
  .replace('links:write: {', 'links:write: { implies: ["links:export"],')
  .replace('reports:read: {', 'reports:read: { publishable: true,')
const lose = (yaml: string, ...edits: [string, string][]): string =>
  edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`nothing to edit: ${from}`)
    return text.replace(from, to)
  }, yaml)
/** Nothing here takes a right away. */
const RETOLD = lose(
  OFFERED,
  ['List and read short links.', 'Links.'],
  ['exchangesPerMinutePerKey: 60', 'exchangesPerMinutePerKey: 30'],
  ['title: Partner API\n', 'title: Partner\n'],
  ['version: "2026-11"', 'version: "2026-12"'],
  ['requiredFrom: 2026-11-01', 'requiredFrom: 2027-11-01'],
)
const NARROWED = lose(
  OFFERED,
  ['      products:read: { title: Read products, description: "List and read products." }\n', ''],
  [' implies: ["links:export"],', ''],
  [' publishable: true, title: Read reports', ' title: Read reports'],
  [', implies: ["orders:read"]', ', implies: ["orders:read"], subAccountKinds: [moon]'],
  ['"analytics:read", "folders:read"', '"folders:read"'],
  ['stage: beta', 'stage: retired'],
)

onOneStore('Another catalog at a restart', (start, stopAll) => {
  async function restart(catalog: string): Promise<Bed> {
    await stopAll()
    const bed = await start({ catalog })
    await bed.latchkey.endTokens.sweep()
    return bed
  }
  const generations = async ({ latchkey }: Bed) =>
    (await latchkey.store.page('', 'servedCatalogs', { limit: 100 })).items.map(({ id, settled }) => [id, settled])

  it('ends the tokens of the keys that lose by it, and of no others; what comes back counts again', async () => {
    let b = await start({ catalog: OFFERED })
    const acme = await callerOf(b, 'acme-manage')
    const keys = {
      'a scope that is gone': await makeKey(b, acme, { grants: whole('products:read', 'links:read') }),
      'a scope that is implied no more': await makeKey(b, acme, { grants: whole('links:write') }),
      'a scope that is publishable no more': await makeKey(b, acme, {
        kind: 'publishable',
        allowedOrigins: ['https://a.example'],
        grants: whole('reports:read', 'conversions:write'),
      }),
      'a scope that fits the sub-account no more': await makeKey(b, acme, {
        grants: [{ subAccount: 'acme-eu', scopes: ['orders:write'] }],
      }),
      'a namespace that is retired': await makeKey(b, acme, { namespace: 'v3', grants: whole('vehicles:read') }),
      'nothing of it': await makeKey(b, acme, { grants: whole('links:read', 'reports:read', 'links:export') }),
    }
    const tokens: Record<string, string> = { 'a scope that the plan has no more': await b.token('globex-v2-server') }
    for (const [name, key] of Object.entries(keys))
      tokens[name] = (await key.exchange({ origin: 'https://a.example' })).text
    const states = () => Object.fromEntries(Object.entries(tokens).map(([name, token]) => [name, statusOf(b, token)]))
    const live = Object.fromEntries(Object.keys(tokens).map((name) => [name, 0]))

    b = await restart(RETOLD)
    expect(states()).to.deep.equal(live)
    expect(await generations(b)).to.deep.equal([['1', true]])

    b = await restart(NARROWED)
    const ended = { 'a namespace that is retired': 2, 'nothing of it': 0 }
    const all = { ...Object.fromEntries(Object.keys(tokens).map((name) => [name, 1])), ...ended }
    expect(states()).to.deep.equal(all)
    const scopesOf = async (name: keyof typeof keys) => {
      const { secret } = keys[name]
      const headers = { origin: 'https://a.example', accept: 'application/json' }
      return (await b.post('/v2/jwts', { json: { apiKey: secret }, headers })).json()
    }
    expect((await scopesOf('a scope that is gone')).scope).to.equal('links:read')
    expect((await scopesOf('a scope that is publishable no more')).scope).to.equal('conversions:write')
    expect((await scopesOf('a scope that fits the sub-account no more')).authorization_details).to.deep.equal([
      { type: 'sub_account', identifier: 'acme-eu', actions: ['orders:read'] },
    ])
    const retired = await b.post('/v3/jwts', { json: { apiKey: keys['a namespace that is retired'].secret } })
    expect([retired.status, retired.json().code]).to.deep.equal([410, 'namespace_retired'])

    b = await restart(OFFERED)
    expect(states()).to.deep.equal({ ...all, 'a namespace that is retired': 0 })
    expect(await generations(b)).to.deep.equal([
      ['1', true],
      ['2', true],
      ['3', true],
    ])
  }).timeout(60_000)

  it('a start that was cut off anywhere is taken up by the next, and each account has one ending', async () => {
    let b = await start({ catalog: OFFERED })
    const { store, endTokens } = b.latchkey
    for (let n = 0; n < 30; n++) {
      const account = {
        ...((await store.get('acme', 'accounts', 'acme')) as object),
        id: `a${n}x`,
        account: `a${n}x`,
      }
      await store.commit(`a${n}x`, { insert: [{ collection: 'accounts', document: account as never }] })
    }
    const token = await b.token('acme-v2-server')
    const begun: string[] = []
    const counting = { begin: (...given: Parameters<typeof endTokens.begin>) => endTokens.begin(...given) }
    const narrowed = parseCatalog(NARROWED, 'latchkey.yaml', b.url)
    for (let commits = 0; ; commits = (commits % 4) + 1) {
      const cut = await adoptCatalog({
        store: killedAfter(store, commits, begun),
        catalog: narrowed,
        endTokens: counting,
      }).then(
        () => null,
        (error: unknown) => error,
      )
      if (cut === null) break
      expect(cut).to.be.instanceOf(StoreUnavailable)
    }
    expect(begun).to.have.length(33)
    expect(new Set(begun).size).to.equal(33)
    // Who serves the old catalog leaves them to others.
    await endTokens.sweep()
    expect((await store.page('acme', 'endings', { limit: 10 })).items).to.have.length(1)
    b = await restart(NARROWED)
    expect(statusOf(b, token)).to.equal(1)
    expect((await b.latchkey.store.page('acme', 'endings', { limit: 10 })).items).to.deep.equal([])
  }).timeout(60_000)

  it('instances that start at the same time end it once', async () => {
    const first = await start({ catalog: OFFERED })
    const token = await first.token('acme-v2-server')
    const both = await Promise.all([
      start({ catalog: NARROWED }),
      start({ catalog: NARROWED }),
      start({ catalog: NARROWED }),
    ])
    for (const b of both) {
      await b.latchkey.endTokens.sweep()
      await b.latchkey.publisher.refresh()
      expect(statusOf(b, token)).to.equal(1)
    }
    expect(await generations(first)).to.deep.equal([
      ['1', true],
      ['2', true],
    ])
  }).timeout(60_000)
})

/** The store until the process is killed, which notes whose endings it has written. */
function killedAfter(store: Store, commits: number, begun: string[]): Store {
  let left = commits
  const commit: Store['commit'] = async (account, given) => {
    if (left-- <= 0) throw new StoreUnavailable('killed')
    const done = await store.commit(account, given)
    if (done.ok && given.insert?.some(({ collection }) => collection === 'endings')) begun.push(account)
    return done
  }
  return new Proxy(store, {
    get(target, name) {
      const member = name === 'commit' ? commit : Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
