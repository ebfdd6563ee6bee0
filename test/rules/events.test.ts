import { expect } from 'chai'
import fc from 'fast-check'
import { follow, headBreak, type Link } from '../../src/events/proof.rules.ts'
import { canonicalJson, chainMac, newEvent, sealer } from '../../src/events/rules.ts'
import { eventRings } from '../../src/open.ts'
import { ring, type VersionedSecret } from '../../src/secrets.ts'
import type { EventDocument, Head } from '../../src/store/store.ts'

const OLD = { id: 'm1', bytes: new Uint8Array(32).fill(1) }
const NEW = { id: 'm2', bytes: new Uint8Array(32).fill(2) }
const BEFORE_ALL: Link = { seq: 0, mac: '', macKey: null, sealedFrom: null }
const rings = (...keys: VersionedSecret[]) => eventRings(ring(keys))

interface Log {
  events: EventDocument[]
  head: Head
}
const EMPTY: Log = { events: [], head: { id: 'acme', account: 'acme', seq: 0, mac: '', movedAt: 0, counts: {} } }

/** @param sealed false: as releases before seals did */
function chain(count: number, { keys = [OLD], on = EMPTY, sealed = true } = {}): Log {
  const with_ = rings(...keys)
  const seal = sealer(with_)
  const events = [...on.events]
  let { head } = on
  for (let n = 0; n < count; n++) {
    const seq = head.seq + 1
    const fresh = newEvent(`evt_${seq}`, {
      type: 'key.created',
      actor: { type: 'system', id: null, name: 'x' },
      subject: { type: 'key', id: 'k', name: 'n' },
      data: { b: 1, a: [seq, null, 'ü'] },
    })
    const event = { ...fresh, account: 'acme', seq, time: seq * 1000 }
    const macKey = keys[0]?.id as string
    if (sealed) {
      const made = seal(head.seal ?? head.mac, event)
      head = { ...EMPTY.head, seq, mac: made.mac, seal: made.seal, macKey }
    } else {
      head = { ...EMPTY.head, seq, mac: chainMac(with_.chain.current.bytes, head.mac, event) }
    }
    events.push({ ...event, mac: head.mac, macKey })
  }
  return { events, head }
}

/** The first seq that does not hold; null: all do. */
function firstBad({ events, head }: Log, keys = [OLD], from = BEFORE_ALL) {
  const { last, broken } = follow(rings(...keys), from, events)
  return broken ?? headBreak(rings(...keys), head, { before: from, page: events, last })
}
const bad = (seq: number, missingKey: string | null = null) => ({ seq, missingKey })

describe('The event chain', () => {
  it('holds, from the start and from any event on', () => {
    const { events, head } = chain(5)
    expect(firstBad({ events, head })).to.equal(null)
    const { last } = follow(rings(OLD), BEFORE_ALL, events.slice(0, 2))
    expect(firstBad({ events: events.slice(2), head }, [OLD], last)).to.equal(null)
  })

  it('shows the first event that was changed, taken out, put in, moved or re-sealed by another', () => {
    const { events, head } = chain(5)
    const at = (i: number) => events[i] as EventDocument
    const tampered: [EventDocument[], number][] = [
      [events.map((e, i) => (i === 2 ? { ...e, time: 1 } : e)), 3],
      [events.map((e, i) => (i === 2 ? { ...e, data: { ...e.data, c: 1 } } : e)), 3],
      [events.map((e, i) => (i === 2 ? { ...e, more: 1 } : e)), 3],
      [events.filter((_, i) => i !== 2), 3],
      [[at(0), at(1), at(1), at(2)], 3],
      [[at(0), at(2), at(1)], 2],
      [[at(0), at(1), { ...(chain(3, { keys: [NEW] }).events[2] as EventDocument), macKey: 'm1' }], 3],
    ]
    for (const [rest, seq] of tampered) expect(firstBad({ events: rest, head })).to.deep.equal(bad(seq))
  })

  it('goes on under a new master key; without the old or the new one it tells which is missing', () => {
    const all = chain(1, { keys: [NEW, OLD], on: chain(3) })
    expect(all.events[3]?.macKey).to.equal('m2')
    expect(firstBad(all, [NEW, OLD])).to.equal(null)
    expect(firstBad(all, [NEW])).to.deep.equal(bad(1, 'm1'))
    expect(firstBad(all, [OLD])).to.deep.equal(bad(4, 'm2'))
  })

  it('ends where the head is sealed: no event tells what a head before it was', () => {
    const { events, head } = chain(5)
    const kept = events.slice(0, 4)
    const { mac } = kept[3] as EventDocument
    const { seal: _, macKey: __, ...unsealed } = { ...head, seq: 4, mac }
    const forged: Head[] = [{ ...head, seq: 4, mac }, unsealed, { ...unsealed, seal: mac, macKey: 'm1' }]
    for (const one of forged) expect(firstBad({ events: kept, head: one })).to.deep.equal(bad(5))
    for (const one of forged) {
      const on = chain(2, { on: { events: kept, head: one } })
      expect(firstBad(on), 'and nothing holds that follows it').to.deep.equal(bad(5))
    }
    expect(firstBad({ events: kept, head: { ...unsealed, seal: 'x', macKey: 'm9' } })).to.deep.equal(bad(5, 'm9'))
    expect(firstBad(chain(4)), 'but for the head that stood there').to.equal(null)
  })

  it('begun by a release without seals holds, and is sealed from the next commit on', () => {
    const old = chain(3, { sealed: false })
    expect(firstBad(old)).to.equal(null)
    const on = chain(3, { on: old })
    expect(firstBad(on)).to.equal(null)
    expect(follow(rings(OLD), BEFORE_ALL, on.events).last.sealedFrom).to.equal(5)
    expect(firstBad(chain(1, { on, sealed: false }))).to.deep.equal(bad(7))
  })

  it('canonical JSON is that of RFC 8785', () => {
    expect(canonicalJson({ b: 2, a: 1, '\u20ac': '\u0000', A: [true, undefined, { z: undefined }] })).to.equal(
      '{"A":[true,null,{}],"a":1,"b":2,"€":"\\u0000"}',
    )
    expect(canonicalJson(1e21)).to.equal('1e+21')
  })

  it('canonical JSON of a value is that of what is read back of it', () => {
    const leaf = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(undefined, Number.NaN, -0, '"\\', 'é\u2028\u007f'),
      fc.date({ noInvalidDate: true }),
    )
    const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('10', '9', 'toJSON', '__proto__'))
    const values = fc.oneof(leaf, fc.array(leaf), fc.dictionary(name, fc.oneof(leaf, fc.array(leaf))))
    fc.assert(
      fc.property(values, (data) => {
        expect(canonicalJson({ data })).to.equal(canonicalJson(JSON.parse(JSON.stringify({ data }))))
      }),
      { numRuns: 2000 },
    )
  })
})
