import { readFileSync } from 'node:fs'
import { deflateSync, inflateSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  emptyList,
  LIST_SIZE,
  permutation,
  placeOf,
  type StatusValue,
  setEntry,
  statusClaim,
} from '../../src/status/rules.ts'
import long from '../vectors/status-list-long.json' with { type: 'json' }

describe('Status list', () => {
  it('packs entries least significant bits first, as the draft’s two-bit vector does', () => {
    const vectors = JSON.parse(readFileSync(new URL('../vectors/status-list.json', import.meta.url), 'utf8')) as {
      bits: number
      values?: number[]
      bytesHex: string
      lst: string
    }[]
    const { values, bytesHex, lst } = vectors.find((v) => v.bits === 2) as {
      values: number[]
      bytesHex: string
      lst: string
    }
    const packed = emptyList(values.length)
    for (const [i, value] of values.entries()) setEntry(packed, i, value as StatusValue)
    expect(Buffer.from(packed).toString('hex')).to.equal(bytesHex)
    expect(inflateSync(Buffer.from(lst, 'base64url')).toString('hex')).to.equal(bytesHex)
    expect(inflateSync(deflateSync(packed, { level: 9 })).toString('hex')).to.equal(bytesHex)
  })

  it('packs a million entries as the draft’s long two-bit vector does', () => {
    const { entries, set, lst } = long.find((v) => v.bits === 2) as (typeof long)[number]
    const packed = emptyList(entries)
    for (const [index, value] of set as [number, StatusValue][]) setEntry(packed, index, value)
    expect(inflateSync(Buffer.from(lst, 'base64url')).equals(packed)).to.equal(true)
  })

  it('an entry can be set back', () => {
    const packed = emptyList(8)
    setEntry(packed, 5, 2)
    setEntry(packed, 5, 0)
    expect([...packed]).to.deep.equal([0, 0])
  })

  it('hands out every index once, in an order that is the seed’s own', () => {
    const seen = new Uint8Array(LIST_SIZE)
    const indexOf = permutation('seed')
    let twice = 0
    for (let counter = 0; counter < LIST_SIZE; counter++) {
      const index = indexOf(counter)
      twice += seen[index] ?? 1
      seen[index] = 1
    }
    expect(twice).to.equal(0)
    expect(permutation('seed')(7)).to.equal(indexOf(7)).and.not.to.equal(permutation('another')(7))
    expect([0, 1, 2, 4096, LIST_SIZE - 1].map(indexOf)).to.deep.equal([18500, 64992, 873146, 708366, 82361])
  }).timeout(20_000)

  it('no two counters share an index, whatever the seed', () => {
    const counters = fc.uniqueArray(fc.integer({ min: 0, max: LIST_SIZE - 1 }), { minLength: 2, maxLength: 64 })
    fc.assert(
      fc.property(fc.string(), counters, (seed, taken) => {
        expect(new Set(taken.map(permutation(seed)))).to.have.property('size', taken.length)
      }),
    )
  })

  it('what is handed out one after another lies all over the list', () => {
    const sixteenths = new Array<number>(16).fill(0)
    const indexOf = permutation('seed')
    for (let counter = 0; counter < 4096; counter++) {
      const at = Math.floor((indexOf(counter) * 16) / LIST_SIZE)
      sixteenths[at] = (sixteenths[at] as number) + 1
    }
    for (const count of sixteenths) expect(count).to.be.within(176, 336)
  })

  it('rolls over to the next list when one is full', () => {
    expect(placeOf(LIST_SIZE - 1)).to.deep.equal({ number: 0, counter: LIST_SIZE - 1, room: 1 })
    expect(placeOf(LIST_SIZE)).to.deep.equal({ number: 1, counter: 0, room: LIST_SIZE })
    expect(statusClaim('https://a.example/v2', { list: 'v2/1', index: 9 })).to.deep.equal({
      status_list: { idx: 9, uri: 'https://a.example/v2/status/1' },
    })
  })
})
