/** The management API as a caller with LATCHKEY_KEY sees it. Tokens live in memory, for one command. */
import { parseKey } from '../keys/grammar.rules.ts'
import { CliFault, EXIT } from './exit.ts'
import { type CallInit, call, download, serverUrl } from './http.ts'
import { exchange, type TokenAnswer } from './token.ts'
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
export async function manage(
  account: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  now: () => number = Date.now,
): Promise<Manage> {
  const url = serverUrl(env)
  const key = manageKey(env)
  const token = renewing(() => exchange(url, key), now)
  const of = account ?? (await call<{ account: string }>(`${url}/manage/whoami`, { token: await token() })).account
  const root = `${url}/manage`
  const base = `${root}/accounts/${encodeURIComponent(of)}`
  return {
    account: of,
    call: async (path, init = {}) => call(`${base}${path}`, { ...init, token: await token() }),
    callAny: async (path, init = {}) => call(`${root}${path}`, { ...init, token: await token() }),
    async *download(path, accept) {
      yield* download(`${root}${path}`, { token: await token(), accept })
    },
  }
}

/** Part of a token's life after which another is fetched: a long walk outlives the first. */
const RENEW_AFTER = 0.8

function renewing(fetchToken: () => Promise<TokenAnswer>, now: () => number): () => Promise<string> {
  let kept: { token: string; renewAt: number } | null = null
  return async () => {
    if (kept === null || now() >= kept.renewAt) {
      const { access_token: token, expires_in } = await fetchToken()
      kept = { token, renewAt: now() + expires_in * 1000 * RENEW_AFTER }
    }
    return kept.token
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
