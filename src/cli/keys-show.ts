import type { ShownKey } from '../keys/shape.ts'
import { manage } from './manage.ts'
import { fields, type JsonOption, print, printJson, utc } from './output.ts'
import { keyIdOf } from './written.ts'

export interface ShowOptions extends JsonOption {
  account?: string
}

/** `latchkey keys show <id>` */
export async function showKey(argument: string, { account, json }: ShowOptions): Promise<void> {
  const session = await manage(account)
  const key = await session.call<ShownKey>(`/keys/${encodeURIComponent(keyIdOf(argument))}`)
  if (json) printJson(key)
  else print(keyText(key))
}

/** A key as people read it. */
export function keyText(key: ShownKey): string {
  const { holder, revoked } = key
  const list = (items: readonly string[]): string | null => (items.length === 0 ? null : items.join('\n'))
  const time = (at: string | null): string | null => (at === null ? null : utc(at))
  return fields([
    ['name', key.name],
    ['id', key.id],
    ['account', key.account],
    ['namespace', key.namespace],
    ['kind', key.kind],
    ['description', key.description || null],
    ['holder', holder === null ? null : `${holder.name} (${holder.type}, ${holder.id})`],
    ['status', key.status],
    [
      'revoked',
      revoked === null
        ? null
        : `${utc(revoked.at)} by ${revoked.by.name}: ${revoked.reason}${revoked.note === null ? '' : `, ${revoked.note}`}`,
    ],
    [
      'grants',
      key.grants
        .map(({ subAccount, scopes }) => `${subAccount === null ? '' : `${subAccount}=`}${scopes.join(' ')}`)
        .join('\n'),
    ],
    ['allowed IPs', list(key.allowedIps)],
    ['allowed origins', list(key.allowedOrigins)],
    ['expires', time(key.expiresAt)],
    ['created', `${utc(key.createdAt)} by ${key.createdBy.name}`],
    ['last used', time(key.lastUsedAt) ?? 'never'],
    ['secrets', list(key.secrets.map(secretText))],
    ['public keys', key.jwksUri ?? list((key.jwks?.keys ?? []).map(publicKeyText))],
    ['tokens', key.dpopBoundAccessTokens ? 'bound to a key (DPoP)' : null],
  ])
}

function secretText({ last4, createdAt, expiresAt }: ShownKey['secrets'][number]): string {
  return `…${last4}, made ${utc(createdAt)}${expiresAt === null ? '' : `, ends ${utc(expiresAt)}`}`
}

function publicKeyText({ kid, alg, kty, crv }: Record<string, string>): string {
  return [kid ?? 'without kid', alg, kty, crv].filter(Boolean).join(', ')
}
