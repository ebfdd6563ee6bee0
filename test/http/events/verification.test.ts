import { expect } from 'chai'
import { beginning, type Link, sealAnchor } from '../../../src/events/proof.rules.ts'
import { chainMac, newEvent, sealer } from '../../../src/events/rules.ts'
import { createVerifyEvents, type Verification } from '../../../src/events/verify.ts'
import { eventRings, open } from '../../../src/open.ts'
import { pooledRandom } from '../../../src/random.ts'
import { loadOrMakeSecrets, ring } from '../../../src/secrets.ts'
import type { EventDocument } from '../../../src/store/store.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { signIn } from '../people/browser.ts'
import { type Any, openRaw, type Raw } from './raw.ts'

const DAY = 86_400_000
const FORGER = eventRings(ring([{ id: 'm1', bytes: new Uint8Array(32).fill(7) }]))
const told = (n: number) =>
  newEvent(`evt_${n}_${Math.random().toString(36).slice(2)}`, {
    type: 'holder.updated',
    actor: { type: 'system', id: null, name: 'test' },
    subject: { type: 'holder', id: 'hld_1', name: 'Somebody' },
    data: { object: { n, 'dotted.$name': ['ü', null, 1.5] } },
  })

const linkTo = ({ seq, mac, macKey }: EventDocument): Link => ({ seq, mac, macKey, sealedFrom: 1 })

let accounts = 0
/** A new account with so many events. */
async function accountWith(b: Bed, events: number): Promise<string> {
  const id = `chain-${++accounts}`
  const operator = await signIn(b, 'operator')
  const made = await operator.post('/manage/accounts', { id, name: 'Chain', plan: 'starter' })
  expect(made.status, made.text).to.equal(201)
  await tell(b, id, events - 1)
  return id
}
async function tell(b: Bed, account: string, events: number): Promise<void> {
  const done = await b.latchkey.store.commit(account, { events: Array.from({ length: events }, (_, n) => told(n)) })
  expect(done.ok).to.equal(true)
}
async function verification(b: Bed, account: string): Promise<Verification> {
  const headers = { authorization: `Bearer ${await b.token('operator-manage')}` }
  const answer = await b.get(`/manage/accounts/${account}/events/verification`, headers)
  expect(answer.status, answer.text).to.equal(200)
  return answer.json() as unknown as Verification
}
async function eventsOf(b: Bed, account: string): Promise<(EventDocument & Any)[]> {
  return (await b.latchkey.store.page(account, 'events', { limit: 1000 })).items as unknown as (EventDocument & Any)[]
}

type Log = { raw: Raw; account: string; at: (seq: number) => EventDocument & Any; head: Any }
/** What somebody with the database alone may try on a log of six events, and the seq where it shows. */
const TAMPERED: [string, (log: Log) => Promise<void>, number][] = [
  ['a changed member', ({ raw, at }) => raw.write('events', { ...at(3), type: 'holder.created' }), 3],
  ['a changed time', ({ raw, at }) => raw.write('events', { ...at(2), time: at(2).time + 1 }), 2],
  [
    'a changed member deep down',
    ({ raw, at }) => raw.write('events', { ...at(4), data: { object: { n: 2, 'dotted.$name': ['ü', null, 1.25] } } }),
    4,
  ],
  ['an event removed', ({ raw, at }) => raw.remove('events', at(3).id), 3],
  ['the first event removed', ({ raw, at }) => raw.remove('events', at(1).id), 1],
  ['a tail cut', ({ raw, at }) => raw.remove('events', at(6).id), 6],
  [
    'a tail cut, and the head moved to hide it',
    async ({ raw, at, head }) => {
      await raw.remove('events', at(6).id)
      await raw.write('heads', { ...head, seq: 5 })
    },
    5,
  ],
  ['the head put back', ({ raw, at, head }) => raw.write('heads', { ...head, seq: 4, mac: at(4).mac }), 5],
  ['the head gone', ({ raw, head }) => raw.remove('heads', head.id), 1],
  [
    'a tail cut, and the head put to the last event that is kept',
    async ({ raw, at, head }) => {
      await raw.remove('events', at(6).id)
      await raw.write('heads', { ...head, seq: 5, mac: at(5).mac })
    },
    6,
  ],
  [
    'a tail cut, and the head put there as a release without seals would have',
    async ({ raw, at, head: { seal: _, macKey: __, ...head } }) => {
      await raw.remove('events', at(6).id)
      await raw.write('heads', { ...head, seq: 5, mac: at(5).mac })
    },
    6,
  ],
  [
    'a tail cut, and a head written that is sealed with another key',
    async ({ raw, at, head }) => {
      await raw.remove('events', at(6).id)
      const { mac, seal } = sealer(FORGER)('', at(5))
      await raw.write('heads', { ...head, seq: 5, mac: at(5).mac, seal })
      expect(mac).not.to.equal(at(5).mac)
    },
    6,
  ],
  [
    'all of it gone, and the head too',
    async ({ raw, at, head }) => {
      for (const seq of [1, 2, 3, 4, 5, 6]) await raw.remove('events', at(seq).id)
      await raw.remove('heads', head.id)
    },
    1,
  ],
  [
    'all of it gone, and the head put before it',
    async ({ raw, at, head }) => {
      for (const seq of [1, 2, 3, 4, 5, 6]) await raw.remove('events', at(seq).id)
      await raw.write('heads', { ...head, seq: 0, mac: '' })
    },
    1,
  ],
  ['a member put beside the others', ({ raw, at }) => raw.write('events', { ...at(3), more: 'x' }), 3],
  ['another id', ({ raw, at }) => raw.rename('events', at(4).id, 'evt_other'), 4],
  [
    'two events in each other’s place',
    async ({ raw, at }) => {
      for (const seq of [3, 4]) await raw.remove('events', at(seq).id)
      await raw.write('events', { ...at(3), seq: 4 })
      await raw.write('events', { ...at(4), seq: 3 })
    },
    3,
  ],
  [
    'a tail written anew without the key',
    async ({ raw, at, head }) => {
      let [mac, seal] = [at(3).mac, head.seal as string]
      for (const seq of [4, 5, 6]) {
        const event = { ...at(seq), type: 'holder.deleted' }
        ;({ mac, seal } = sealer(FORGER)(seal, event))
        await raw.write('events', { ...event, mac })
      }
      await raw.write('heads', { ...head, mac, seal })
    },
    4,
  ],
  [
    'an event put behind the last',
    ({ raw, at }) => raw.write('events', { ...at(6), id: 'evt_more', seq: 7, mac: at(5).mac }),
    7,
  ],
  [
    'a forged anchor that would hide a cut beginning',
    async ({ raw, at, account }) => {
      for (const seq of [1, 2]) await raw.remove('events', at(seq).id)
      await raw.write('anchors', sealAnchor(FORGER.anchors, account, linkTo(at(2))) as unknown as Any)
    },
    1,
  ],
]

onBothStores(
  'Verification of the event log',
  (bed) => {
    let raw: Raw
    before(async () => {
      raw = await openRaw(bed())
    })
    after(() => raw?.close())

    it('a whole log is ok, over many pages, while others write', async () => {
      const b = bed()
      const account = await accountWith(b, 450)
      expect(await verification(b, account)).to.deep.equal({ ok: true, checked: 450, firstBad: null })
      const [during] = await Promise.all([
        verification(b, account),
        ...Array.from({ length: 20 }, () => tell(b, account, 3)),
      ])
      expect(during).to.include({ ok: true, firstBad: null })
      expect(await verification(b, account)).to.deep.equal({ ok: true, checked: 510, firstBad: null })
    }).timeout(60_000)

    for (const [what, tamper, firstBad] of TAMPERED) {
      it(`finds ${what}`, async () => {
        const b = bed()
        const account = await accountWith(b, 6)
        const events = await eventsOf(b, account)
        const at = (seq: number) => events[seq - 1] as EventDocument & Any
        await tamper({ raw, account, at, head: await raw.read('heads', account) })
        expect(await verification(b, account)).to.deep.equal({ ok: false, checked: firstBad - 1, firstBad })
      })
    }

    it('what follows a forged head, or a log that is gone, never holds', async () => {
      const b = bed()
      const cut = await accountWith(b, 6)
      const [events, head] = [await eventsOf(b, cut), await raw.read('heads', cut)]
      await raw.remove('events', events[5]?.id as string)
      const { seal: _, macKey: __, ...unsealed } = head
      await raw.write('heads', { ...unsealed, seq: 5, mac: events[4]?.mac } as Any)
      await tell(b, cut, 2)
      await tell(b, cut, 1)
      expect(await verification(b, cut)).to.deep.equal({ ok: false, checked: 5, firstBad: 6 })
      const gone = await accountWith(b, 2)
      for (const { id } of await eventsOf(b, gone)) await raw.remove('events', id)
      await raw.remove('heads', gone)
      await tell(b, gone, 2)
      expect(await verification(b, gone)).to.deep.equal({ ok: false, checked: 0, firstBad: 1 })
    })

    it('a head of a release without seals is sealed by the next commit', async () => {
      const b = bed()
      const account = await accountWith(b, 1)
      const [event, head] = [(await eventsOf(b, account))[0] as EventDocument & Any, await raw.read('heads', account)]
      const keys = ring(loadOrMakeSecrets(b.latchkey.config.dataDir, pooledRandom()).masterKeys)
      const mac = chainMac(eventRings(keys).chain.current.bytes, '', event)
      const { seal: _, macKey: __, ...unsealed } = head
      await raw.write('events', { ...event, mac })
      await raw.write('heads', { ...unsealed, mac } as Any)
      expect(await verification(b, account)).to.deep.equal({ ok: true, checked: 1, firstBad: null })
      await tell(b, account, 2)
      await tell(b, account, 1)
      expect(await raw.read('heads', account)).to.include({ macKey: 'm1' })
      expect(await verification(b, account)).to.deep.equal({ ok: true, checked: 4, firstBad: null })
    })

    it('finds a change on a later page', async () => {
      const b = bed()
      const account = await accountWith(b, 300)
      const { items } = await b.latchkey.store.page(account, 'events', { after: { at: 249, id: '\uffff' }, limit: 1 })
      await raw.write('events', { ...(items[0] as unknown as Any), requestId: 'req_other' })
      expect(await verification(b, account)).to.deep.equal({ ok: false, checked: 249, firstBad: 250 })
    })

    it('goes on under a new master key, which proves nothing without the old', async () => {
      const b = bed()
      const account = await accountWith(b, 3)
      const { config } = b.latchkey
      const old = loadOrMakeSecrets(config.dataDir, pooledRandom()).masterKeys
      const fresh = { id: 'm2', bytes: new Uint8Array(32).fill(2) }
      const { store, masterKeys } = await open(
        { ...config, masterKeys: [fresh, ...old] },
        { now: b.now, random: pooledRandom() },
      )
      await store.commit(account, { events: [told(9)] })
      const with_ = (keys: typeof masterKeys) => createVerifyEvents({ store, rings: eventRings(keys) })(account)
      expect(await with_(masterKeys)).to.deep.equal({ ok: true, checked: 4, firstBad: null })
      expect(await with_(ring(old))).to.deep.equal({
        ok: false,
        checked: 3,
        firstBad: 4,
        missingMasterKeys: ['m2'],
      })
      expect(await with_(ring([fresh]))).to.deep.equal({
        ok: false,
        checked: 0,
        firstBad: 1,
        missingMasterKeys: ['m1'],
      })
      const other = { id: 'm3', bytes: new Uint8Array(32).fill(3) }
      expect((await with_(ring([other]))).missingMasterKeys).to.deep.equal(['m1', 'm2'])
      await store.close()
    })

    it('is for whoever may read the whole log: a holder has 404, a program without events:read 403', async () => {
      const b = bed()
      const path = '/manage/accounts/acme/events/verification'
      expect((await (await signIn(b, 'viewer')).get(path)).json()).to.include({ ok: true })
      expect((await (await signIn(b, 'holder')).get(path)).status).to.equal(404)
      expect((await (await signIn(b, 'viewer')).get(path.replace('acme', 'globex'))).status).to.equal(404)
      const headers = { authorization: `Bearer ${await b.token('acme-manage', { scope: 'keys:read' })}` }
      expect((await b.get(path, headers)).status).to.equal(403)
    })
  },
  { onFile: true },
)

onBothStores(
  'Events that are kept for 30 days',
  (bed) => {
    let raw: Raw
    before(async () => {
      raw = await openRaw(bed())
    })
    after(() => raw?.close())
    const seqsOf = async (b: Bed, account: string) => (await eventsOf(b, account)).map(({ seq }) => seq)

    it('are removed after that, a few at a time; what is kept is proven, and seq goes on', async () => {
      const b = bed()
      const account = await accountWith(b, 250)
      b.pass(10 * DAY)
      await tell(b, account, 3)
      b.pass(20 * DAY - 1)
      await b.latchkey.forgetEvents()
      expect(await seqsOf(b, account)).to.have.length(253)
      b.pass(2)
      await b.latchkey.forgetEvents()
      expect(await seqsOf(b, account)).to.have.length(53)
      expect(await verification(b, account)).to.deep.equal({ ok: true, checked: 53, firstBad: null })
      await b.latchkey.forgetEvents()
      expect(await seqsOf(b, account)).to.deep.equal([251, 252, 253])
      const listed = await (await signIn(b, 'operator')).get(`/manage/accounts/${account}/events?after=7`)
      expect((listed.json().items as { seq: number }[]).map(({ seq }) => seq)).to.deep.equal([251, 252, 253])
      b.pass(30 * DAY)
      await b.latchkey.forgetEvents()
      expect(await seqsOf(b, account)).to.deep.equal([])
      expect(await verification(b, account)).to.deep.equal({ ok: true, checked: 0, firstBad: null })
      await tell(b, account, 2)
      expect(await seqsOf(b, account)).to.deep.equal([254, 255])
      expect(await verification(b, account)).to.deep.equal({ ok: true, checked: 2, firstBad: null })
    })

    const forgotten = async (b: Bed) => {
      const account = await accountWith(b, 4)
      b.pass(31 * DAY)
      await tell(b, account, 4)
      await b.latchkey.forgetEvents()
      expect(await seqsOf(b, account)).to.deep.equal([5, 6, 7, 8])
      return { account, events: await eventsOf(b, account), anchor: await raw.read('anchors', account) }
    }

    it('several instances may remove them while somebody verifies', async () => {
      const b = bed()
      const account = await accountWith(b, 600)
      b.pass(31 * DAY)
      await tell(b, account, 5)
      const found: Verification[] = []
      for (let round = 0; round < 6; round++) {
        const forgetting = [1, 2, 3].map(() => b.latchkey.forgetEvents())
        found.push(await verification(b, account))
        await Promise.all(forgetting)
      }
      for (const one of found) expect(one).to.include({ ok: true, firstBad: null })
      expect(await seqsOf(b, account)).to.deep.equal([601, 602, 603, 604, 605])
    }).timeout(60_000)

    it('leave an anchor that nobody can move, forge or do without', async () => {
      const b = bed()
      const { account, events, anchor } = await forgotten(b)
      const bad = { ok: false, checked: 0, firstBad: 1 }
      const [five, six] = events as [EventDocument & Any, EventDocument & Any]
      await raw.write('anchors', { ...anchor, seq: 5, mac: five.mac })
      expect(await verification(b, account), 'moved').to.deep.equal(bad)
      await raw.write('anchors', sealAnchor(FORGER.anchors, account, linkTo(six)) as unknown as Any)
      expect(await verification(b, account), 'forged').to.deep.equal(bad)
      await raw.write('anchors', { ...anchor, sealKey: 'nobody' })
      const missing = { ...bad, missingMasterKeys: ['nobody'] }
      expect(await verification(b, account), 'of an unknown key').to.deep.equal(missing)
      await raw.remove('anchors', account)
      expect(await verification(b, account), 'gone').to.deep.equal(bad)
      await raw.write('anchors', anchor)
      expect(await verification(b, account)).to.deep.equal({ ok: true, checked: 4, firstBad: null })
      await raw.remove('events', five.id)
      expect(await verification(b, account), 'cut behind it').to.deep.equal({ ok: false, checked: 0, firstBad: 5 })
      await raw.write('events', five)
    })

    it('that are all cut behind the anchor are missed, whatever head is written', async () => {
      const b = bed()
      const { account, events, anchor } = await forgotten(b)
      const { seal: _, macKey: __, ...unsealed } = await raw.read('heads', account)
      for (const { id } of events) await raw.remove('events', id)
      await raw.write('heads', { ...unsealed, seq: 4, mac: anchor.mac } as Any)
      expect(await verification(b, account), 'without a seal').to.deep.equal({ ok: false, checked: 0, firstBad: 5 })
      await raw.remove('heads', account)
      expect(await verification(b, account), 'without a head').to.deep.equal({ ok: false, checked: 0, firstBad: 1 })
    })

    it('are not removed where that would hide a forgery', async () => {
      const b = bed()
      const { account, events } = await forgotten(b)
      await raw.remove('events', events[1]?.id as string)
      b.pass(31 * DAY)
      const failure = await b.latchkey.forgetEvents().catch((error: Error) => error.message)
      expect(failure).to.equal(`the event log does not hold, so nothing was removed from it: ${account}`)
      expect(await seqsOf(b, account)).to.deep.equal([5, 7, 8])
      expect(await verification(b, account)).to.deep.equal({ ok: false, checked: 1, firstBad: 6 })
    })

    it('an anchor is of its own account alone', () => {
      const anchor = sealAnchor(FORGER.anchors, 'acme', { seq: 4, mac: 'x', macKey: 'm1', sealedFrom: 1 })
      expect(beginning(FORGER.anchors, anchor).seq).to.equal(4)
      expect(beginning(FORGER.anchors, { ...anchor, sealedFrom: null }).seq).to.equal(0)
      expect(beginning(FORGER.anchors, { ...anchor, account: 'globex', id: 'globex' }).seq).to.equal(0)
    })
  },
  { onFile: true, catalog: (yaml) => `${yaml}\nevents: { keepDays: 30 }\n` },
)
