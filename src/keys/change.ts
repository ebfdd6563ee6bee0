import { Refusal } from '../errors.ts'
import { act, type Decision } from '../store/act.ts'
import { type Expected, requireVersion } from '../web/etag.ts'
import { type KeyChange, wishOf } from './change.rules.ts'
import { type KeyAsker, type KeyDeps, load } from './create.ts'
import { editKey } from './edit.ts'
import { overlapWrites } from './end-rotation.ts'
import { expiryWrites } from './expiry.ts'
import { findKey } from './find.ts'
import { type ShownKey, showKey } from './shape.ts'

export interface ChangeTarget {
  account: string
  id: string
  expected: Expected
  asker: KeyAsker
}

/** What takes something from the key ends every token it gave before, in the same commit. */
export async function changeKey(
  deps: KeyDeps,
  target: ChangeTarget,
  to: KeyChange & { confirm: boolean },
): Promise<ShownKey> {
  const shown = await deps.statuses.inTurn(() => act(deps.store, () => decide(deps, target, to)))
  await deps.statusChanged()
  return shown
}

async function decide(
  deps: KeyDeps,
  { account, id, expected, asker }: ChangeTarget,
  { confirm, ...to }: KeyChange & { confirm: boolean },
): Promise<Decision<ShownKey>> {
  const { key, holder, use } = await findKey(deps.store, account, id)
  requireVersion(expected, key)
  if (key.revoked !== null) throw new Refusal('key_revoked')
  const wish = wishOf(key, to, confirm)
  const { guards, ...around } = await load(deps.store, account, wish)
  const edited = await editKey(deps, { key, use, wish, around, asker })
  if (edited === null) return { account, commit: {}, answer: showKey(key, { holder, use, now: deps.now() }) }
  const flipped = await deps.statuses.flip(edited.ends)
  const expiry = await expiryWrites(deps, key, edited.key)
  const overlap = await overlapWrites(deps, key, edited.key)
  return {
    account,
    commit: {
      expect: guards,
      insert: [...flipped.insert, ...expiry.insert],
      replace: [{ collection: 'keys', document: edited.key }, ...flipped.replace, ...expiry.replace, ...overlap],
      remove: expiry.remove,
      events: [edited.event],
    },
    answer: edited.shown,
  }
}
