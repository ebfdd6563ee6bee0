import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type InitDeps, type Invited, initialise, recoverAdmin } from '../../src/accounts/init.ts'
import { OPERATOR } from '../../src/accounts/rules.ts'
import { loadCatalog } from '../../src/catalog.ts'
import { sealer } from '../../src/events/rules.ts'
import { base62 } from '../../src/keys/grammar.rules.ts'
import { eventRings } from '../../src/open.ts'
import { enrolment } from '../../src/people/enrol.rules.ts'
import { findPerson, findSessions } from '../../src/people/find.ts'
import { linkHash } from '../../src/people/link.rules.ts'
import { ring } from '../../src/secrets.ts'
import { createAllocator } from '../../src/status/allocate.ts'
import { openSqlite } from '../../src/store/sqlite.ts'

const NOW = Date.parse('2026-11-21T09:00:00Z')
const ANN = { email: 'ann@example.com', name: 'Ann' }
const publicUrl = 'https://latchkey.example'
const secrets = ring([{ id: 'p1', bytes: new Uint8Array(randomBytes(32)) }])
const now = (): number => NOW
const newId = (prefix: string): string => `${prefix}_${base62(16, randomBytes)}`

describe('accounts: the first act of an installation', () => {
  let deps: InitDeps
  const tokenOf = (url: string): string => url.slice(`${publicUrl}/invitations/`.length)
  const member = (id: string) => deps.store.get(OPERATOR, 'members', `${OPERATOR}/${id}`)
  const eventTypes = async () => (await deps.store.page(OPERATOR, 'events', { limit: 100 })).items.map((e) => e.type)

  beforeEach(() => {
    const store = openSqlite(':memory:', { now, seal: sealer(eventRings(secrets)) })
    const catalog = loadCatalog(fileURLToPath(new URL('../../latchkey.yaml', import.meta.url)), publicUrl)
    const allocator = createAllocator(store, randomBytes)
    const outside = { publicUrl, now, random: randomBytes, newId }
    deps = {
      ...{ store, catalog, peppers: secrets, allocator, ...outside },
      findPerson: (email) => findPerson(store, email),
      findSessions: (personId) => findSessions(store, personId),
    }
  })
  afterEach(() => deps.store.close())

  it('makes account, admin and key in one commit, and keeps no secret', async () => {
    const made = await initialise(deps, ANN)
    const account = await deps.store.get(OPERATOR, 'accounts', OPERATOR)
    expect(account).to.deep.include({ plan: 'agency', namespaces: ['v2', 'v3'], terms: null, status: 'active' })
    expect(await member(made.member.id)).to.deep.include({
      role: 'admin',
      status: 'invited',
      invitation: {
        hash: linkHash(tokenOf(made.invitationUrl)),
        expiresAt: NOW + 7 * 86_400_000,
        usedAt: null,
        setsPassword: true,
      },
    })
    expect(made.key.grants).to.deep.equal([{ subAccount: null, scopes: [...deps.catalog.manage.scopeNames] }])
    expect(made.key).to.include({ namespace: 'manage', kind: 'secret' })
    expect((await deps.store.get(OPERATOR, 'heads', OPERATOR))?.counts).to.deep.equal({ keys: 1 })
    const { items } = await deps.store.page(OPERATOR, 'events', { limit: 100 })
    expect(items.map((e) => e.type)).to.deep.equal(['account.created', 'member.invited', 'key.created'])
    const kept = JSON.stringify([
      items,
      await deps.store.get(OPERATOR, 'keys', made.key.id),
      await member(made.member.id),
    ])
    expect(kept).not.to.include(made.secret.slice(-38, -6)).and.not.to.include(tokenOf(made.invitationUrl))
  })

  it('happens once, however many try at the same time', async () => {
    const tried = await Promise.allSettled([initialise(deps, ANN), initialise(deps, ANN), initialise(deps, ANN)])
    expect(tried.filter((t) => t.status === 'fulfilled')).to.have.length(1)
    for (const t of tried) if (t.status === 'rejected') expect(t.reason).to.have.property('code', 'already_exists')
    expect(await eventTypes()).to.have.length(3)
  })

  it('invites one more admin', async () => {
    const first = await initialise(deps, ANN)
    const more = await recoverAdmin(deps, { email: 'bob@example.com', name: 'Bob' })
    expect(more.member.id).not.to.equal(first.member.id)
    expect((await member(first.member.id))?.invitation).not.to.equal(null)
    expect((await member(more.member.id))?.role).to.equal('admin')
    expect((await eventTypes()).slice(3)).to.deep.equal(['member.invited'])
  })

  it('invites the same admin again, and ends the invitation before', async () => {
    const first = await initialise(deps, ANN)
    const again = await recoverAdmin(deps, { email: ' ANN@example.com', name: 'Anybody' })
    expect(again.member).to.deep.equal(first.member)
    const kept = await member(first.member.id)
    expect(kept?.invitation?.hash).to.equal(linkHash(tokenOf((again as Invited).invitationUrl)))
    expect(kept?.version).to.equal(2)
  })

  it('makes a known person of another account an admin', async () => {
    await initialise(deps, ANN)
    const wish = { account: 'acme', email: 'eve@example.com', name: 'Eve', role: 'viewer', password: 'x' } as const
    const enrolled = enrolment(
      { ...wish, invitation: null },
      { newId, now, actor: { type: 'system', id: null, name: 'T' } },
    )
    await deps.store.commit('acme', { insert: enrolled.insert, events: enrolled.events })
    const { member: invited } = await recoverAdmin(deps, { email: 'eve@example.com', name: 'Eve' })
    expect(invited.id).to.equal(enrolled.person.id)
    expect(await member(invited.id)).to.include({ role: 'admin', status: 'invited' })
    expect((await deps.store.get('acme', 'members', `acme/${invited.id}`))?.role).to.equal('viewer')
  })

  it('recovers nothing in an empty store', async () => {
    const refused = await recoverAdmin(deps, ANN).catch((error: unknown) => error)
    expect(refused).to.have.property('code', 'not_found')
  })
})
