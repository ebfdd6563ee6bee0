/** What comes in by the command line and by stdin. */
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { InvalidArgumentError } from 'commander'
import { CliFault, EXIT } from './exit.ts'
import { remark } from './output.ts'

const MAX_STDIN_CHARS = 64 * 1024

/** The argument itself, or with `-` what stands on stdin, so that a secret is in no shell history. */
export async function argumentOrStdin(value: string, what: string): Promise<string> {
  if (value !== '-') return value
  if (process.stdin.isTTY) remark(`Paste the ${what}, then press Enter and Ctrl-D.`)
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk as string
    if (text.length > MAX_STDIN_CHARS) throw new CliFault(EXIT.usage, 'usage', `stdin holds too much to be a ${what}.`)
  }
  if (text.trim() === '') throw new CliFault(EXIT.usage, 'usage', `stdin is empty; it should hold the ${what}.`)
  return text.trim()
}

/** Collects an option that may be given more than once. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

export function positiveInteger(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It must be a whole number, 1 or more.')
}

export function wholeNumber(value: string): number {
  if (/^(0|[1-9]\d{0,8})$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It must be a whole number, 0 or more.')
}

export interface Grant {
  subAccount: string | null
  scopes: string[]
}

/** `links:read links:write` for the whole account, `acme-eu=orders:write` for one sub-account. */
export function grant(value: string, before: Grant[] | undefined): Grant[] {
  const cut = value.indexOf('=')
  const subAccount = cut < 0 ? null : value.slice(0, cut).trim()
  const scopes = value
    .slice(cut + 1)
    .split(/[\s,]+/)
    .filter((scope) => scope !== '')
  if (subAccount === '' || scopes.length === 0) {
    throw new InvalidArgumentError('Write scopes parted by spaces, and before them, if any, a sub-account and "=".')
  }
  return [...(before ?? []), { subAccount, scopes }]
}

/** `v2=https://api.acme.example/v2`; with nothing behind the "=" the catalog's own host again. */
export function host(value: string, before: Record<string, string | null> | undefined): Record<string, string | null> {
  const [, namespace, url] = /^([^=]+)=(.*)$/.exec(value) ?? []
  if (namespace === undefined) throw new InvalidArgumentError('Write a namespace, "=" and an https URL.')
  return { ...before, [namespace]: url || null }
}

export function jsonObject(value: string): Record<string, unknown> {
  try {
    const data: unknown = JSON.parse(value)
    if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data as Record<string, unknown>
  } catch {}
  throw new InvalidArgumentError('Write a JSON object, such as {"tier": 2}.')
}

/** Of all that has customData. */
export const CUSTOM_DATA = ['--custom-data <json>', 'JSON object that is kept with it, all of it', jsonObject] as const

/** RFC 3339, a UTC date, or days from now as in `90d`; answers RFC 3339. */
export function expiry(value: string, now: number = Date.now()): string {
  const days = /^([1-9]\d{0,3})d$/.exec(value)
  if (days !== null) return new Date(now + Number(days[1]) * 86_400_000).toISOString()
  const written = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(value)
  const at = written ? Date.parse(value) : Number.NaN
  if (!Number.isNaN(at)) return new Date(at).toISOString()
  throw new InvalidArgumentError('Write 2027-01-31, 2027-01-31T12:00:00Z, or days from now as in 90d.')
}

/** Asks on `output` and reads one line of `input`; anything but y or yes is no. */
export function confirm(
  question: string,
  input: Readable = process.stdin,
  output: Writable = process.stderr,
): Promise<boolean> {
  const lines = createInterface({ input, output })
  return new Promise((resolve) => {
    lines.once('close', () => resolve(false))
    lines.question(`${question} [y/N] `, (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()))
      lines.close()
    })
  })
}
