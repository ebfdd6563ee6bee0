/** Ends live tokens of many keys at once; the keys stay as they are. */
import type { Catalog } from '../catalog.ts'
import { Refusal, sayable } from '../errors.ts'
import { newEvent } from '../events/rules.ts'
import type { EventSubject, Store } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import type { EndTokens } from './end-tokens.ts'

export interface RevokeTokensDeps {
  store: Store
  catalog: Catalog
  endTokens: EndTokens
  newId: (prefix: string) => string
}

/** Keys that have all that is named; `all` stands alone. */
export interface Selection {
  keyId?: string | undefined
  holderId?: string | undefined
  namespace?: string | undefined
  scope?: string | undefined
  all?: true | undefined
}

/**
 * Ends every token that the keys have given. Whatever happens on the way, all of them end, and it is told once they
 * have: where it rejects, the rest ends within seconds, and asking again does no harm.
 *
 * @returns how many keys it concerned
 * @throws Refusal `not_found`, `unknown_namespace`, `unknown_scope`
 */
export async function revokeTokens(
  deps: RevokeTokensDeps,
  account: string,
  selection: Selection,
  { actor, requestId }: Asker,
): Promise<{ keys: number }> {
  refuseUnknown(deps.catalog, selection)
  const subject = await subjectOf(deps.store, account, selection)
  const { keyId, holderId, namespace, scope = null } = selection
  const of = {
    ...(keyId === undefined ? {} : { keyId }),
    ...(holderId === undefined ? {} : { holderId }),
    ...(namespace === undefined ? {} : { namespace }),
  }
  const event = newEvent(deps.newId('evt'), { type: 'token.revoked', actor, requestId, subject, data: { selection } })
  await deps.endTokens.demand(account, { of, demand: { scope, keys: 0, event } })
  const told = await deps.store.get(account, 'events', event.id)
  return { keys: told?.data.keys as number }
}

function refuseUnknown(catalog: Catalog, { namespace, scope }: Selection): void {
  const named = namespace === undefined ? [...catalog.namespaces.values()] : [catalog.namespaces.get(namespace)]
  if (named.includes(undefined)) {
    const detail = `"${sayable(namespace ?? '')}" is not a namespace. There are: ${[...catalog.namespaces.keys()].join(', ')}.`
    throw new Refusal('unknown_namespace', { errors: [{ pointer: '/namespace', detail }] })
  }
  if (scope === undefined || named.some((one) => one?.scopes.has(scope))) return
  const detail = `"${sayable(scope)}" is not a scope of ${namespace ?? 'any namespace'}.`
  throw new Refusal('unknown_scope', { errors: [{ pointer: '/scope', detail }] })
}

/** What it is told of: the key, the holder, or else the account. */
async function subjectOf(store: Store, account: string, { keyId, holderId }: Selection): Promise<EventSubject> {
  const holder = holderId === undefined ? undefined : await store.get(account, 'holders', holderId)
  const key = keyId === undefined ? undefined : await store.get(account, 'keys', keyId)
  if (holder === null || key === null) throw new Refusal('not_found')
  if (key !== undefined) return { type: 'key', id: key.id, name: key.name }
  if (holder !== undefined) return { type: 'holder', id: holder.id, name: holder.name }
  const { name } = (await store.get(account, 'accounts', account)) ?? { name: account }
  return { type: 'account', id: account, name }
}
