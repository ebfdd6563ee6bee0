/** The real command in a process of its own, and its output with what changes from run to run masked. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** As it is installed; it was built before the tests. */
export const LATCHKEY = fileURLToPath(new URL('../../scripts/latchkey.mjs', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
  json: () => Record<string, unknown>
}

export type Env = Record<string, string | undefined>

/** @param env all there is, but for PATH */
export function run(args: readonly string[], env: Env = {}, stdin = '', cwd = ROOT): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [LATCHKEY, ...args], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> })
    })
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
  })
}

export const SECRET = /lk_[a-z0-9]+_sk_[0-9A-Za-z]{50}/
export const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/

/** Keys, tokens, ids, times and addresses of servers replaced by their names. */
export function masked(text: string): string {
  return text
    .replace(new RegExp(SECRET, 'g'), 'SECRET')
    .replace(new RegExp(JWT, 'g'), 'TOKEN')
    .replace(/\b(key|hld|usr|req|sec|evt)_[0-9A-Za-z]+/g, '$1_ID')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, 'TIME')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, 'TIME')
    .replace(/http:\/\/localhost:\d+/g, 'URL')
}
