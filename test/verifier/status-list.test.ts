import { deflateSync } from 'node:zlib'
import { expect } from 'chai'
import { decodeStatusArray, statusAt } from '../../src/verifier/status-list.ts'
import vectors from '../vectors/status-list.json' with { type: 'json' }
import long from '../vectors/status-list-long.json' with { type: 'json' }

describe('verifier: status list decoding (draft-ietf-oauth-status-list-21 §4)', () => {
  for (const { bits, bytesHex, lst, values, setIndexes } of vectors) {
    it(`the vector of ${bits} bits`, () => {
      const list = decodeStatusArray({ bits, lst })
      expect(Buffer.from(list.bytes).toString('hex')).to.equal(bytesHex)
      const size = (list.bytes.length * 8) / bits
      const expected = values ?? Array.from({ length: size }, (_, index) => (setIndexes?.includes(index) ? 1 : 0))
      expect(Array.from({ length: size }, (_, index) => statusAt(list, index))).to.deep.equal(expected)
      expect(statusAt(list, size)).to.equal(null)
    })
  }

  for (const { bits, entries, set, lst } of long) {
    it(`the vector of ${bits} bits and a million entries`, () => {
      const list = decodeStatusArray({ bits, lst })
      const values = new Map(set as [number, number][])
      for (let index = 0; index < entries; index++) {
        const value = statusAt(list, index)
        if (value !== (values.get(index) ?? 0)) expect.fail(`${value} at ${index}`)
      }
      expect(statusAt(list, entries)).to.equal(null)
    })
  }

  it('packs each width from the least significant bit', () => {
    const lst = deflateSync(Buffer.from([0xb4, 0x1e])).toString('base64url')
    const read = (bits: number, count: number) =>
      Array.from({ length: count }, (_, index) => statusAt(decodeStatusArray({ bits, lst }), index))
    expect(read(1, 16)).to.deep.equal([0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0])
    expect(read(2, 8)).to.deep.equal([0, 1, 3, 2, 2, 3, 1, 0])
    expect(read(4, 4)).to.deep.equal([4, 11, 14, 1])
    expect(read(8, 2)).to.deep.equal([0xb4, 0x1e])
  })

  it('inflates 4 MiB and no more', () => {
    const lst = (size: number) => deflateSync(Buffer.alloc(size)).toString('base64url')
    expect(decodeStatusArray({ bits: 8, lst: lst(4 << 20) }).bytes.length).to.equal(4 << 20)
    expect(() => decodeStatusArray({ bits: 8, lst: lst((4 << 20) + 1) })).to.throw(RangeError)
  })

  for (const claim of [
    undefined,
    null,
    {},
    { bits: 2 },
    { bits: '2', lst: 'eNo' },
    { bits: 2, lst: 'e+' },
    { bits: 0, lst: '' },
  ]) {
    it(`refuses ${JSON.stringify(claim)}`, () => {
      expect(() => decodeStatusArray(claim)).to.throw()
    })
  }
})
