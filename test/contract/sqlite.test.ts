import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import { openSqlite } from '../../src/store/sqlite.ts'
import { type Store, type StoreOptions, StoreUnavailable } from '../../src/store/store.ts'
import { aHolder, land, must, type Opened, rejection, START, seal, write } from './harness.ts'
import { storeRaces } from './races.ts'
import { storeContract } from './suite.ts'

async function inMemory(options: StoreOptions): Promise<Opened> {
  const store = openSqlite(':memory:', options)
  const at = ':memory:'
  return {
    store,
    another: async () => openSqlite(at, options),
    target: { kind: 'sqlite', at },
    close: () => store.close(),
  }
}

async function inFile(options: StoreOptions): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-store-'))
  const at = join(directory, 'latchkey.db')
  const stores: Store[] = []
  const another = async () => {
    const store = openSqlite(at, options)
    stores.push(store)
    return store
  }
  const close = async () => {
    for (const store of stores) await store.close()
    await rm(directory, { recursive: true })
  }
  return { store: await another(), another, target: { kind: 'sqlite', at }, close }
}

storeContract('sqlite', inMemory)
storeRaces('sqlite', inFile)

describe('sqlite: its file', () => {
  let opened: Opened
  beforeEach(async () => {
    opened = await inFile({ now: () => START, seal })
  })
  afterEach(async () => opened.close())

  it('is written ahead, and every page has an index to walk', async () => {
    await land(opened.store, { insert: [write('holders', aHolder('h1'))] })
    expect((await stat(`${opened.target.at}-wal`)).size).to.be.greaterThan(0)
    const database = new Database(opened.target.at, { readonly: true })
    const plan = (where: string) => {
      const sql = `EXPLAIN QUERY PLAN SELECT * FROM holders WHERE ${where} AND (sort, id) > (1, '') ORDER BY sort, id LIMIT 10`
      return (database.prepare(sql).all() as { detail: string }[]).map(({ detail }) => detail).join()
    }
    expect(plan(`account = 'a'`)).to.equal(
      'SEARCH holders USING INDEX holders by account (account=? AND (sort,id)>(?,?))',
    )
    expect(plan(`account = 'a' AND json_extract(doc, '$."type"') = 'x'`)).to.equal(
      'SEARCH holders USING INDEX holders by type (<expr>=? AND account=? AND (sort,id)>(?,?))',
    )
    database.close()
  })

  it('answers StoreUnavailable while another process holds it for too long, and serves again afterwards', async () => {
    const store = openSqlite(opened.target.at, { now: () => START, seal }, 100)
    const other = new Database(opened.target.at)
    other.exec('BEGIN IMMEDIATE')
    const commit = { insert: [write('holders', aHolder('h1'))] }
    expect(await rejection(store.commit('acme', commit))).to.be.instanceOf(StoreUnavailable)
    expect(await store.get('acme', 'holders', 'h1')).to.equal(null)
    other.exec('ROLLBACK')
    other.close()
    await land(store, commit)
    expect(await must(store, 'holders', 'h1')).to.include({ rev: 1 })
    await store.close()
  })

  it('is refused when a later release wrote it', async () => {
    const database = new Database(opened.target.at)
    database.pragma('user_version = 999')
    database.close()
    expect(await rejection(opened.another()))
      .to.have.property('message')
      .that.includes('later release (schema 999)')
  })
})
