import { expect } from 'chai'
import { openMongo } from '../../src/store/mongo.ts'
import { type Store, type StoreOptions, StoreUnavailable } from '../../src/store/store.ts'
import { type Relay, relayTo, standaloneServer } from './fake-servers.ts'
import { aHolder, anEvent, checkHistory, land, must, type Opened, rejection, START, seal, write } from './harness.ts'
import { deviation, dropDatabase, freshName, mongoTestUri, NO_MONGO } from './mongo-server.ts'
import { storeRaces } from './races.ts'
import { storeContract } from './suite.ts'

const options: StoreOptions = { now: () => START, seal }

async function inDatabase(storeOptions: StoreOptions): Promise<Opened> {
  const at = mongoTestUri(freshName()) as string
  const stores: Store[] = []
  const another = async () => {
    const store = await openMongo(at, storeOptions)
    stores.push(store)
    return store
  }
  const close = async () => {
    await Promise.all(stores.map((store) => store.close()))
    await dropDatabase(at)
  }
  return { store: await another(), another, target: { kind: 'mongodb', at }, close, deviation: await deviation() }
}

if (mongoTestUri('any') === null) {
  describe('mongodb: the contract of a store', () => {
    it(NO_MONGO, function () {
      this.skip()
    })
  })
} else {
  storeContract('mongodb', inDatabase)
  storeRaces('mongodb', inDatabase)
  describe('mongodb: its connection', () => connectionContract())
}

describe('mongodb: opening', () => {
  it('is refused by a server that is no replica set, with what to do', async () => {
    const server = await standaloneServer()
    const error = await rejection(openMongo(`mongodb://127.0.0.1:${server.port}/x?directConnection=true`, options))
    expect(error).to.not.be.instanceOf(StoreUnavailable)
    expect(error.message).to.include('not a replica set').and.include('rs.initiate()')
    await server.close()
  })

  it('rejects with StoreUnavailable where nobody answers, in bounded time', async () => {
    const { port, close } = await standaloneServer()
    await close()
    const from = performance.now()
    const error = await rejection(openMongo(`mongodb://127.0.0.1:${port}/x?replicaSet=rs0`, options))
    expect(error).to.be.instanceOf(StoreUnavailable)
    expect(performance.now() - from).to.be.lessThan(4000)
  })
})

function connectionContract(): void {
  let relay: Relay
  let store: Store
  let direct: string
  beforeEach(async () => {
    direct = mongoTestUri(freshName()) as string
    const { host, hostname, port } = new URL(direct.replace(/^mongodb:\/\/(?:[^@/]*@)?([^,/]*)[^/]*/, 'http://$1'))
    relay = await relayTo(hostname, Number(port || 27017))
    const through = new URL(direct.replace(/^mongodb:/, 'http:').replace(host, `127.0.0.1:${relay.port}`))
    through.searchParams.set('directConnection', 'true')
    store = await openMongo(through.href.replace(/^http:/, 'mongodb:'), options)
  })
  afterEach(async () => {
    await store.close()
    await relay.down()
    await dropDatabase(direct)
  })

  it('answers StoreUnavailable in bounded time while the server is away, and recovers by itself', async function () {
    this.timeout(30_000)
    await land(store, { insert: [write('holders', aHolder('h1'))], events: [anEvent()] })
    await store.merge('b0', [])
    await relay.down()
    const from = performance.now()
    const calls = [
      store.get('acme', 'holders', 'h1'),
      store.getMany('acme', [{ collection: 'holders', id: 'h1' }]),
      store.getLinked('acme', 'keys', 'k1'),
      store.page('acme', 'holders', { limit: 1 }),
      store.merge('b1', []),
      store.commit('', { insert: [write('instances', { id: 'i1', account: '', asked: 0, answered: 0, seenAt: 0 })] }),
      store.ping(),
      ...Array.from({ length: 10 }, () => store.commit('acme', { events: [anEvent()] })),
    ]
    for (const error of await Promise.all(calls.map(rejection))) expect(error).to.be.instanceOf(StoreUnavailable)
    expect(performance.now() - from).to.be.lessThan(8000)
    await relay.up()
    const landed = await untilLanded(store)
    expect(landed).to.equal(true)
    expect(await must(store, 'holders', 'h1')).to.include({ rev: 1 })
    expect(await checkHistory(store)).to.have.length(2)
  })

  it('keeps commits whole when the connection is cut in the middle', async function () {
    this.timeout(30_000)
    for (let round = 0; round < 5; round += 1) {
      const writing = Array.from({ length: 10 }, (_, n) => {
        const insert = [write('holders', aHolder(`h${round}-${n}`))]
        return store.commit('acme', { insert, events: [anEvent()] }).catch((error) => error as Error)
      })
      await writing[round]
      await relay.down()
      await relay.up()
      for (const result of await Promise.all(writing))
        if (result instanceof Error) expect(result).to.be.instanceOf(StoreUnavailable)
    }
    const history = await checkHistory(store)
    const { items } = await store.page('acme', 'holders', { limit: 100 })
    expect(items).to.have.length(history.length)
  })
}

async function untilLanded(store: Store): Promise<boolean> {
  const until = performance.now() + 10_000
  while (performance.now() < until) {
    try {
      return (await store.commit('acme', { events: [anEvent()] })).ok
    } catch (error) {
      expect(error).to.be.instanceOf(StoreUnavailable)
    }
  }
  return false
}
