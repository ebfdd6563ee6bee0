import { distance, fields, utc } from './output.ts'

const TIMES = ['iat', 'nbf', 'exp']

/** Claims as a table, in the order of the token: times in words, lists of scopes a line each. */
export function claimsTable(claims: Readonly<Record<string, unknown>>, now: number): string {
  return fields(Object.entries(claims).map(([name, value]) => [name, inWords(name, value, now)]))
}

function inWords(name: string, value: unknown, now: number): string {
  if (TIMES.includes(name) && Number.isSafeInteger(value)) {
    return `${utc((value as number) * 1000)} (${distance((value as number) - now / 1000)})`
  }
  if (name === 'scope' && typeof value === 'string') return value.split(' ').join('\n')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
