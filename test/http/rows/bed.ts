/** What the rows of the product have in common: keys that people make, tokens of them, and calls with the tokens. */
import { inflateRawSync } from 'node:zlib'
import { expect } from 'chai'
import type { Bed } from '../bed.ts'

export const ACME = '/manage/accounts/acme'
export const KEYS = `${ACME}/keys`
export { whole } from '../keys/making.ts'

interface Answered {
  status: number
  text: string
  json(): Record<string, unknown>
}
type Members = Record<string, unknown>

/** The answer's members, where it is a good one. */
export function ok<T = Members>(answer: Answered): T {
  expect(answer.status, answer.text).to.be.within(200, 299)
  return (answer.text === '' ? {} : answer.json()) as T
}

export function refused(answer: Answered): unknown[] {
  return [answer.status, answer.json().code]
}

export interface Made {
  key: Members & { id: string; version: number; secrets: { last4: string }[] }
  secret: string
}

/** Whoever may, makes a key. */
export async function make(by: { post(path: string, json: object): Promise<Answered> }, wish: object, keys = KEYS) {
  const made = ok<Made>(await by.post(keys, { name: 'Made', namespace: 'v2', ...wish }))
  return { ...made, path: `${keys}/${made.key.id}` }
}

/** A developer exchanges a key. */
export function exchange(b: Bed, apiKey: string, headers: Record<string, string> = {}, namespace = 'v2') {
  return b.post(`/${namespace}/jwts`, { json: { apiKey }, headers })
}

export async function tokenOf(b: Bed, apiKey: string, namespace = 'v2'): Promise<string> {
  const answer = await exchange(b, apiKey, {}, namespace)
  expect(answer.status, answer.text).to.equal(200)
  return answer.text
}

/** A program calls the operator's own API with a token. */
export async function call(b: Bed, token: string, path: string, json?: object): Promise<Answered> {
  const response = await fetch(new URL(path, b.resourceUrl), {
    method: json === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, ...(json && { 'content-type': 'application/json' }) },
    ...(json && { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  return { status: response.status, text, json: () => JSON.parse(text) as Members }
}

/** The files of an archive, by name. */
export function unzipped(zip: Uint8Array): Record<string, string> {
  const bytes = Buffer.from(zip)
  const files: Record<string, string> = {}
  for (let at = 0; bytes.readUInt32LE(at) === 0x04034b50; ) {
    const [size, nameLength, extraLength] = [18, 26, 28].map((place, i) =>
      i === 0 ? bytes.readUInt32LE(at + place) : bytes.readUInt16LE(at + place),
    ) as [number, number, number]
    const name = bytes.toString('utf8', at + 30, at + 30 + nameLength)
    const from = at + 30 + nameLength + extraLength
    files[name] = inflateRawSync(bytes.subarray(from, from + size)).toString('utf8')
    at = from + size
  }
  return files
}
