/** `latchkey keys edit | suspend | resume | delete | rights`. */
import type { Explained, Right } from '../keys/explain.rules.ts'
import type { ShownKey } from '../keys/shape.ts'
import { CliFault, EXIT } from './exit.ts'
import { confirm, type Grant } from './input.ts'
import { keyText } from './keys-show.ts'
import { type Manage, manage } from './manage.ts'
import { type JsonOption, plain, print, printJson, table } from './output.ts'
import { keyIdOf } from './written.ts'

export interface KeyOptions extends JsonOption {
  account?: string
}

export interface EditOptions extends KeyOptions {
  name?: string
  description?: string
  grant?: Grant[]
  holder?: string
  allowIp?: string[]
  allowOrigin?: string[]
  /** RFC 3339, or `never`. */
  expires?: string
  dpop?: boolean
  customData?: Record<string, unknown>
  confirm?: boolean
}

/** Changes what it has just read: whoever changes it meanwhile makes this fail rather than be overwritten. */
export async function editKey(argument: string, { account, json, ...options }: EditOptions): Promise<void> {
  const { name, description, grant: grants, holder, allowIp, allowOrigin, expires, dpop, customData, confirm } = options
  const change = {
    name,
    description,
    grants,
    holderId: holder === 'none' ? null : holder,
    allowedIps: allowIp,
    allowedOrigins: allowOrigin,
    expiresAt: expires === 'never' ? null : expires,
    dpopBoundAccessTokens: dpop,
    customData,
    confirm,
  }
  const session = await manage(account)
  const path = pathOf(argument)
  const { version } = await session.call<ShownKey>(path)
  printKey(await session.call<ShownKey>(path, { method: 'PATCH', json: change, ifMatch: version }), json)
}

/** @param verb `suspend` or `resume` */
export async function turnKey(verb: string, argument: string, { account, json }: KeyOptions): Promise<void> {
  const session = await manage(account)
  printKey(await session.call<ShownKey>(`${pathOf(argument)}/${verb}`, { method: 'POST', json: {} }), json)
}

/** Final, so people are asked first and scripts must say --yes. */
export async function deleteKey(
  argument: string,
  { account, yes = false }: KeyOptions & { yes?: boolean },
): Promise<void> {
  if (!yes && !process.stdin.isTTY) {
    throw new CliFault(EXIT.usage, 'usage', 'Deleting is final. Without a terminal to ask at, say --yes.')
  }
  const session = await manage(account)
  if (!yes && !(await isSure(session, argument))) throw new CliFault(EXIT.failed, 'cancelled', 'Nothing was changed.')
  await session.call(pathOf(argument), { method: 'DELETE' })
  print(`Deleted ${keyIdOf(argument)}. All its tokens are ended.`)
}

async function isSure(session: Manage, argument: string): Promise<boolean> {
  const { name, namespace, id } = await session.call<ShownKey>(pathOf(argument))
  return confirm(`Delete "${plain(name)}" (${namespace}, ${id}) for good? All its tokens end now.`)
}

export interface RightsOptions extends KeyOptions {
  /** Grants to try. */
  grant?: Grant[]
}

export async function showRights(argument: string, { account, grant: grants, json }: RightsOptions): Promise<void> {
  const session = await manage(account)
  const tried = grants === undefined ? {} : ({ method: 'POST', json: { grants } } as const)
  const rights = await session.call<Explained & { lost?: Right[] }>(`${pathOf(argument)}/rights`, tried)
  if (json) return printJson(rights)
  const place = (subAccount: string | null): string => subAccount ?? '(whole account)'
  const has = rights.effective.flatMap(({ subAccount, scopes }) => scopes.map((s) => [place(subAccount), s, 'yes']))
  const lacks = rights.missing.map(({ subAccount, scope, because }) => [place(subAccount), scope, `no: ${because}`])
  print(`${plain(rights.summary)}\n\n${table(['WHERE', 'SCOPE', 'MAY'], [...has, ...lacks])}`)
  if (rights.lost === undefined) return
  const lost = rights.lost.map(({ subAccount, scope }) => [place(subAccount), scope])
  print(lost.length === 0 ? '\nNothing would be lost.' : `\nWould be lost:\n${table(['WHERE', 'SCOPE'], lost)}`)
}

function pathOf(argument: string): string {
  return `/keys/${encodeURIComponent(keyIdOf(argument))}`
}

function printKey(key: ShownKey, json: boolean | undefined): void {
  if (json) printJson(key)
  else print(keyText(key))
}
