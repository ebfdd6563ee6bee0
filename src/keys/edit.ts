/** One edit of one key: judged, and made ready to be written with whatever it ends. */
import type { Account } from '../accounts/rules.ts'
import type { Holder } from '../holders/rules.ts'
import type { StatusChange } from '../status/flip.ts'
import { INVALID } from '../status/rules.ts'
import type { Kept, NewEvent } from '../store/store.ts'
import { type Changeable, changedKey, changeFault, membersChanged, namespaceOf, widens } from './change.rules.ts'
import type { KeyWish } from './create.rules.ts'
import { type KeyAsker, type KeyDeps, keyEvent, refuseBeyond } from './create.ts'
import { renewed } from './end-tokens.ts'
import { narrows } from './narrows.rules.ts'
import { withinKey } from './rotation.rules.ts'
import { type ApiKey, type KeyUse, statusRefs } from './rules.ts'
import { type ShownKey, showKey } from './shape.ts'

export interface Edit {
  key: Kept<ApiKey>
  use: KeyUse | null
  wish: KeyWish
  /** What the wish is judged by. */
  around: { account: Account; holder: Holder | null; subAccounts: ReadonlySet<string> }
  asker: KeyAsker
}

export interface Edited {
  /** The next version of the key. */
  key: Kept<ApiKey>
  shown: ShownKey
  ends: StatusChange[]
  event: NewEvent
}

/**
 * Where the edit narrows the key, what it gave before ends: its credentials move on, and the old entries are invalid.
 *
 * @returns null where all is so already
 * @throws Refusal
 */
export async function editKey(deps: KeyDeps, { key, use, wish, around, asker }: Edit): Promise<Edited | null> {
  const { catalog, allocator } = deps
  const now = deps.now()
  const { account, holder } = around
  const namespace = namespaceOf(key, catalog)
  const edited = changedKey(key, wish, holder)
  const changed: Changeable[] = membersChanged(key, edited)
  const jwksUriFault = wish.jwksUri === null ? null : deps.outbound.faultOf(wish.jwksUri)
  const fault = changeFault({ ...around, wish, jwksUriFault, catalog, now }, namespace, changed)
  if (fault !== null) throw fault
  if (changed.length === 0) return null
  if (asker.bound && widens(key, edited, namespace)) refuseBeyond(edited, account, namespace, { catalog, ...asker })
  const next = { ...edited, secrets: withinKey(edited, now), updatedAt: now, version: key.version + 1 }
  const narrowed = narrows(key, next, namespace)
  const written = narrowed ? await renewed(allocator, next) : next
  const shown = showKey(written, { holder, use, now })
  return {
    key: written,
    shown,
    ends: narrowed ? statusRefs(key).map((ref) => ({ ref, value: INVALID })) : [],
    event: keyEvent(deps, 'key.updated', asker, written, { object: shown, changed }),
  }
}
