import { INVALID } from '../status/rules.ts'
import { act, type Decision } from '../store/act.ts'
import { type KeyDeps, keyEvent } from './create.ts'
import { expiryWrites } from './expiry.ts'
import { findKey } from './find.ts'
import { statusRefs } from './rules.ts'
import { showKey } from './shape.ts'
import type { KeyInAccount } from './suspend.ts'

/** The key is gone, and its tokens end. Its events and its usage stay, and its id is never given again. */
export async function deleteKey(deps: KeyDeps, target: KeyInAccount): Promise<void> {
  await deps.statuses.inTurn(() => act(deps.store, () => decide(deps, target)))
  await deps.statusChanged()
}

async function decide(deps: KeyDeps, { account, id, asker }: KeyInAccount): Promise<Decision<null>> {
  const now = deps.now()
  const { key, ...beside } = await findKey(deps.store, account, id)
  const flipped = await deps.statuses.flip(statusRefs(key).map((ref) => ({ ref, value: INVALID })))
  const expiry = await expiryWrites(deps, key, null)
  return {
    account,
    commit: {
      insert: [{ collection: 'deletedKeys', document: { id, account: '', deletedAt: now } }, ...flipped.insert],
      replace: flipped.replace,
      remove: [{ collection: 'keys', document: key }, ...expiry.remove],
      count: [{ name: 'keys', add: -1 }],
      events: [keyEvent(deps, 'key.deleted', asker, key, { object: showKey(key, { ...beside, now }) })],
    },
    answer: null,
  }
}
