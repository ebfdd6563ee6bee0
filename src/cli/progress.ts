/** How far a long work has come: for people at a terminal, on stderr, and gone when the work is done. */

interface Terminal {
  isTTY?: boolean
  write(text: string): unknown
}

export interface Progress {
  at(done: number): void
  end(): void
}

export interface ProgressOptions {
  /** What is counted, such as `keys`. */
  of: string
  /** Where it is known. */
  total?: number
  /** Shows none. */
  quiet?: boolean | undefined
}

const CLEAR_LINE = '\r\u001b[K'
const CELLS = 24

export function progress({ of, total, quiet = false }: ProgressOptions, to: Terminal = process.stderr): Progress {
  if (quiet || to.isTTY !== true) return { at: () => {}, end: () => {} }
  return {
    at: (done) => to.write(`${CLEAR_LINE}${total === undefined ? `${number(done)} ${of}` : bar(done, total, of)}`),
    end: () => to.write(CLEAR_LINE),
  }
}

/** `[######------------------] 25 %  25,000 of 100,000 keys` */
function bar(done: number, total: number, of: string): string {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const full = Math.floor(share * CELLS)
  const cells = '#'.repeat(full) + '-'.repeat(CELLS - full)
  return `[${cells}] ${Math.floor(share * 100)} %  ${number(done)} of ${number(total)} ${of}`
}

function number(count: number): string {
  return count.toLocaleString('en')
}
