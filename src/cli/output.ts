/** What people see: aligned tables and fields, times in words. No colours. */

export interface JsonOption {
  json?: boolean
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** Beside the answer, for people only. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Text of others, made harmless to a terminal: control characters and direction marks are written out. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Columns two spaces apart; cut to `width` characters where it is given. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], width = terminalWidth()): string {
  const lines = [head, ...rows.map((row) => row.map(plain))]
  const widths = head.map((_, i) => Math.max(...lines.map((line) => length(line[i] ?? ''))))
  return lines.map((line) => cut(line.map((cell, i) => pad(cell, widths[i] as number)).join('  '), width)).join('\n')
}

/** One name and value a line. Values of null are left out; further lines of a value stand below its first. */
export function fields(rows: readonly (readonly [string, string | null])[], width = terminalWidth()): string {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== null)
  const widest = Math.max(...shown.map(([name]) => length(name)))
  return shown
    .flatMap(([name, value]) => {
      const [first = '', ...rest] = value.split('\n')
      return [
        cut(`${pad(name, widest)}  ${plain(first)}`, width),
        ...rest.map((l) => cut(`${' '.repeat(widest + 2)}${plain(l)}`, width)),
      ]
    })
    .join('\n')
}

function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY
}

function length(text: string): number {
  return [...text].length
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - length(text)))
}

function cut(line: string, width: number): string {
  const text = line.trimEnd()
  return length(text) <= width ? text : `${[...text].slice(0, Math.max(1, width - 1)).join('')}…`
}

/** Sentences broken between words into lines of at most `width` characters; a longer word has a line of its own. */
export function wrapped(text: string, width = 100): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && length(last) + 1 + length(word) <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** `2026-11-21 09:00:00 UTC`. */
export function utc(time: string | number): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return String(time)
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const

/** `4 min 59 s`: the two largest units that count. */
export function span(seconds: number): string {
  let left = Math.max(0, Math.floor(Math.abs(seconds)))
  const parts: string[] = []
  for (const [size, unit] of UNITS) {
    if (left >= size && parts.length < 2) parts.push(`${Math.floor(left / size)} ${unit}`)
    left %= size
  }
  return parts.join(' ') || '0 s'
}

/** `in 4 min 59 s`, `3 s ago`, from seconds ahead of now. */
export function distance(seconds: number): string {
  return seconds >= 0 ? `in ${span(seconds)}` : `${span(seconds)} ago`
}
