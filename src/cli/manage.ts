/** The management API as a caller with LATCHKEY_KEY sees it. The token lives in memory, for one command. */
import { parseKey } from '../keys/grammar.rules.ts'
import { CliFault, EXIT } from './exit.ts'
import { type CallInit, call, download, serverUrl } from './http.ts'
import { exchange } from './token.ts'
import { keyFault } from './written.ts'

export interface Manage {
  /** The account that is acted on: `--account`, or the caller's own. */
  account: string
  /** @param path below `/manage/accounts/{account}` */
  call<T>(path: string, init?: Omit<CallInit, 'token'>): Promise<T>
  /** @param path below `/manage` */
  callAny<T>(path: string, init?: Omit<CallInit, 'token'>): Promise<T>
  /** @param path below `/manage` */
  download(path: string, accept: string): AsyncGenerator<Uint8Array>
}

/** @throws CliFault */
export async function manage(account: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<Manage> {
  const url = serverUrl(env)
  const { access_token: token } = await exchange(url, manageKey(env))
  const of = account ?? (await call<{ account: string }>(`${url}/manage/whoami`, { token })).account
  const root = `${url}/manage`
  const base = `${root}/accounts/${encodeURIComponent(of)}`
  return {
    account: of,
    call: (path, init = {}) => call(`${base}${path}`, { ...init, token }),
    callAny: (path, init = {}) => call(`${root}${path}`, { ...init, token }),
    download: (path, accept) => download(`${root}${path}`, { token, accept }),
  }
}

function manageKey(env: NodeJS.ProcessEnv): string {
  const key = env.LATCHKEY_KEY?.trim()
  if (!key) {
    throw config('LATCHKEY_KEY: must hold a key of namespace manage. "latchkey init" makes the first one.')
  }
  const fault = keyFault(key)
  if (fault !== null) throw config(`LATCHKEY_KEY: ${fault}`)
  const namespace = parseKey(key)?.namespace
  if (namespace === 'manage') return key
  throw config(`LATCHKEY_KEY: this is a key of namespace ${namespace}; here a key of namespace manage is needed.`)
}

function config(detail: string): CliFault {
  return new CliFault(EXIT.config, 'bad_config', detail)
}
