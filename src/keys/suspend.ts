import { Refusal } from '../errors.ts'
import { act, type Decision } from '../store/act.ts'
import type { Asker } from '../web/asker.ts'
import { type KeyDeps, keyEvent } from './create.ts'
import { standingOf } from './ending.rules.ts'
import { findKey } from './find.ts'
import { statusRefs } from './rules.ts'
import { type ShownKey, showKey } from './shape.ts'
import { surroundings } from './surroundings.ts'

export interface KeyInAccount {
  account: string
  id: string
  asker: Asker
}

/** From now on the key is not exchanged, and its tokens read as suspended. Done already: nothing happens. */
export function suspendKey(deps: KeyDeps, target: KeyInAccount): Promise<ShownKey> {
  return turn(deps, target, 'suspended')
}

/** Back again: tokens that have not expired count where nothing else is against them. */
export function resumeKey(deps: KeyDeps, target: KeyInAccount): Promise<ShownKey> {
  return turn(deps, target, 'resumed')
}

async function turn(deps: KeyDeps, target: KeyInAccount, to: 'suspended' | 'resumed'): Promise<ShownKey> {
  const shown = await deps.statuses.inTurn(() => act(deps.store, () => decide(deps, target, to)))
  await deps.statusChanged()
  return shown
}

async function decide(
  deps: KeyDeps,
  { account, id, asker }: KeyInAccount,
  to: 'suspended' | 'resumed',
): Promise<Decision<ShownKey>> {
  const now = deps.now()
  const { key, ...beside } = await findKey(deps.store, account, id)
  if (key.revoked !== null) throw new Refusal('key_revoked')
  if ((key.suspendedAt !== null) === (to === 'suspended'))
    return { account, commit: {}, answer: showKey(key, { ...beside, now }) }
  const turned = {
    ...key,
    suspendedAt: to === 'suspended' ? now : null,
    updatedAt: now,
    version: key.version + 1,
  }
  const { around, expect } = await surroundings(deps, account, [turned])
  const facts = around(turned)
  const changes = facts === null ? [] : statusRefs(key).map((ref) => ({ ref, value: standingOf(turned, facts) }))
  const flipped = await deps.statuses.flip(changes)
  const object = showKey(turned, { ...beside, now })
  return {
    account,
    commit: {
      expect,
      insert: flipped.insert,
      replace: [{ collection: 'keys', document: turned }, ...flipped.replace],
      events: [keyEvent(deps, `key.${to}`, asker, turned, { object })],
    },
    answer: object,
  }
}
