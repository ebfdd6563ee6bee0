import { expect } from 'chai'
import { canonicalJson, firstBreak, newEvent, sealer } from '../../src/events/rules.ts'
import { ring } from '../../src/secrets.ts'
import type { EventDocument } from '../../src/store/store.ts'

const OLD = { id: 'm1', bytes: new Uint8Array(32).fill(1) }
const NEW = { id: 'm2', bytes: new Uint8Array(32).fill(2) }

function chain(count: number, keys = [OLD]): EventDocument[] {
  const seal = sealer(ring(keys))
  const events: EventDocument[] = []
  for (let seq = 1; seq <= count; seq++) {
    const fresh = newEvent(`evt_${seq}`, {
      type: 'key.created',
      actor: { type: 'system', id: null, name: 'x' },
      subject: { type: 'key', id: 'k', name: 'n' },
      data: { b: 1, a: [seq, null, 'ü'] },
    })
    const event = { ...fresh, account: 'acme', seq, time: seq * 1000 }
    events.push({ ...event, ...seal(events.at(-1)?.mac ?? '', event) })
  }
  return events
}
const START = { seq: 0, mac: '' }

describe('The event chain', () => {
  it('holds, from the start and from any event on', () => {
    const events = chain(5)
    expect(firstBreak(ring([OLD]), START, events)).to.equal(null)
    expect(firstBreak(ring([OLD]), events[1] as EventDocument, events.slice(2))).to.equal(null)
  })

  it('shows the first event that was changed, taken out, put in, moved or re-sealed by another', () => {
    const at = (i: number) => chain(5)[i] as EventDocument
    const tampered: [EventDocument[], number][] = [
      [chain(5).map((e, i) => (i === 2 ? { ...e, time: 1 } : e)), 3],
      [chain(5).map((e, i) => (i === 2 ? { ...e, data: { ...e.data, c: 1 } } : e)), 3],
      [chain(5).filter((_, i) => i !== 2), 3],
      [[at(0), at(1), at(1), at(2)], 3],
      [[at(0), at(2), at(1)], 2],
      [[at(0), at(1), chain(3, [NEW])[2] as EventDocument], 3],
    ]
    for (const [events, bad] of tampered) expect(firstBreak(ring([OLD]), START, events)).to.equal(bad)
  })

  it('goes on under a new master key, and the old entries stay verifiable', () => {
    const before = chain(3)
    const seal = sealer(ring([NEW, OLD]))
    const { mac: _, macKey: __, ...next } = { ...(before[2] as EventDocument), seq: 4 }
    const all = [...before, { ...next, ...seal(before[2]?.mac as string, next) }]
    expect(all[3]?.macKey).to.equal('m2')
    expect(firstBreak(ring([NEW, OLD]), START, all)).to.equal(null)
    expect(firstBreak(ring([NEW]), START, all)).to.equal(1)
  })

  it('canonical JSON is that of RFC 8785', () => {
    expect(canonicalJson({ b: 2, a: 1, '\u20ac': '\u0000', A: [true, undefined, { z: undefined }] })).to.equal(
      '{"A":[true,null,{}],"a":1,"b":2,"€":"\\u0000"}',
    )
    expect(canonicalJson(1e21)).to.equal('1e+21')
  })
})
