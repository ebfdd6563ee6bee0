import { OPERATOR } from '../accounts/rules.ts'
import type { NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { newEvent } from '../events/rules.ts'
import { act, type Decision } from '../store/act.ts'
import type { Guarded, Store, Write } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { findSigningKeys } from './find.ts'
import { LATE_CLOCKS_MS, rotationOf, type ShownSigningKey, showSigningKeys } from './rotation.rules.ts'
import type { SigningKey } from './rules.ts'

export interface RotateDeps {
  store: Store
  now: () => number
  newId: (prefix: string) => string
  makeKey: (namespace: NamespaceEntry, due: { generation: number; activatesAt: number }) => Promise<SigningKey>
  /** Reads the keys again, and makes the one that is due now. */
  refresh: () => Promise<void>
  /** The other instances that run. */
  others: () => Promise<readonly unknown[]>
}

/** Every key of the namespace, the oldest first. */
export async function listSigningKeys(
  { store, now }: Pick<RotateDeps, 'store' | 'now'>,
  namespace: NamespaceEntry,
): Promise<ShownSigningKey[]> {
  return showSigningKeys(await findSigningKeys(store, namespace.id), namespace, now())
}

/**
 * Has the next key take over, or in an emergency a new one at once.
 *
 * @throws Refusal `next_key_too_new` until the next key has been published for as long as the keys may be cached
 */
export async function rotateSigningKey(
  deps: RotateDeps,
  namespace: NamespaceEntry,
  emergency: boolean,
  asker: Asker,
): Promise<ShownSigningKey[]> {
  await deps.refresh()
  await act(deps.store, () => decide(deps, namespace, emergency, asker), asker.once)
  await deps.refresh()
  return listSigningKeys(deps, namespace)
}

async function decide(
  deps: RotateDeps,
  namespace: NamespaceEntry,
  emergency: boolean,
  { actor, requestId }: Asker,
): Promise<Decision<null>> {
  const now = deps.now()
  const keys = await findSigningKeys(deps.store, namespace.id)
  const rotation = rotationOf(keys, namespace, now, { emergency, alone: (await deps.others()).length === 0 })
  if (!rotation.ok) throw new Refusal('next_key_too_new', { retryAfterSeconds: rotation.retryAfterSeconds })
  const insert: Write[] = []
  const replace: Guarded[] = []
  let current: SigningKey
  if ('activate' in rotation) {
    current = { ...rotation.activate, activatesAt: now }
    replace.push({ collection: 'signingKeys', document: { ...rotation.activate, activatesAt: now } })
  } else {
    const at = now - LATE_CLOCKS_MS
    current = await deps.makeKey(namespace, { generation: rotation.generation, activatesAt: at })
    insert.push({ collection: 'signingKeys', document: current })
    for (const key of rotation.retire) replace.push({ collection: 'signingKeys', document: { ...key, retiresAt: at } })
  }
  const subject = { type: 'signing_key', id: current.kid, name: namespace.id }
  const [object] = showSigningKeys([current], namespace, now)
  const data = { object, emergency }
  const event = newEvent(deps.newId('evt'), { type: 'signing_key.rotated', actor, requestId, subject, data })
  return { account: OPERATOR, commit: { insert, replace, events: [event] }, answer: null }
}
