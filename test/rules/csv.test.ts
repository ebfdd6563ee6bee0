import { expect } from 'chai'
import fc from 'fast-check'
import { csvLine } from '../../src/web/csv.ts'

/** RFC 4180: the cells of one line. */
function parseLine(line: string): string[] {
  const cells: string[] = []
  let rest = line
  for (;;) {
    const [whole, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))/.exec(rest) as unknown as [string, ...string[]]
    cells.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'))
    rest = rest.slice(whole.length)
    if (rest === '\r\n') return cells
    expect(rest[0], line).to.equal(',')
    rest = rest.slice(1)
  }
}

const FORMULA = '=+-@＝＋－＠﹦﹢﹣﹫'
const ODD = [...FORMULA, ...' \u00a0\ufeff\u200b\u2060\u3000\t\r\n\v\0\'",;a1(é', '😀', '\ud800']
const strange = fc.oneof(
  fc.array(fc.constantFrom(...ODD), { maxLength: 8 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
)

describe('A line of CSV', () => {
  it('parses back to the values, but for an apostrophe before what would be a formula', () => {
    fc.assert(
      fc.property(fc.array(strange, { minLength: 1, maxLength: 5 }), (values) => {
        const cells = parseLine(csvLine(values))
        expect(cells).to.have.length(values.length)
        for (const [index, value] of values.entries()) expect([value, `'${value}`]).to.include(cells[index])
      }),
      { numRuns: 3000 },
    )
  })

  it('has no cell that begins with a formula, however it is trimmed', () => {
    fc.assert(
      fc.property(strange, (value) => {
        const [cell = ''] = parseLine(csvLine([value]))
        const trimmed = cell.replace(/^[\s\u200b\u2060\0\v]+/, '')
        expect(FORMULA.includes(trimmed[0] ?? 'none'), JSON.stringify(value)).to.equal(false)
        expect(/^[\t\r\n]/.test(cell)).to.equal(false)
      }),
      { numRuns: 3000 },
    )
  })

  it('leaves alone what is none, and quotes what another separator would split', () => {
    expect(csvLine(['a=1', '1-2', 'x@y.example', ' a', -5, null, true])).to.equal('a=1,1-2,x@y.example, a,-5,,true\r\n')
    expect(csvLine(['Acme;=1+1;x', 'a\tb', 'a,b'])).to.equal('"Acme;=1+1;x","a\tb","a,b"\r\n')
    expect(csvLine(['\ufeff =1', '＝1', '\n@x'])).to.equal(`'\ufeff =1,'＝1,"'\n@x"\r\n`)
  })
})
