import { Refusal } from '../errors.ts'
import { INVALID } from '../status/rules.ts'
import { act, type Decision } from '../store/act.ts'
import type { Asker } from '../web/asker.ts'
import { type KeyDeps, keyEvent } from './create.ts'
import { findKey } from './find.ts'
import { type ApiKey, type Revocation, statusRefs } from './rules.ts'
import { type ShownKey, showKey } from './shape.ts'

/**
 * Ends a key for good, and with it every token it ever gave: their statuses flip in the same commit.
 *
 * @param also told of the key before, in the same commit
 */
export async function revokeKey(
  deps: KeyDeps,
  account: string,
  keyId: string,
  why: Pick<Revocation, 'reason' | 'note'>,
  asker: Asker,
  also: readonly { type: string; data: Record<string, unknown> }[] = [],
): Promise<ShownKey> {
  const { statuses } = deps
  const revoke = async (): Promise<Decision<ShownKey>> => {
    const { key, holder, use } = await findKey(deps.store, account, keyId)
    if (key.revoked !== null) throw new Refusal('key_revoked')
    const now = deps.now()
    const { type, id, name } = asker.actor
    const revoked: ApiKey = {
      ...key,
      revoked: { at: now, by: { type, id, name }, ...why },
      updatedAt: now,
      version: key.version + 1,
    }
    const answer = showKey(revoked, { holder, use, now })
    const status = await statuses.flip(statusRefs(key).map((ref) => ({ ref, value: INVALID })))
    return {
      account,
      commit: {
        insert: status.insert,
        replace: [{ collection: 'keys', document: { ...revoked, rev: key.rev } }, ...status.replace],
        events: [...also, { type: 'key.revoked', data: {} }].map(({ type, data }) =>
          keyEvent(deps, type, asker, key, { object: answer, ...data }),
        ),
      },
      answer,
    }
  }
  const shown = await statuses.inTurn(() => act(deps.store, revoke))
  await deps.statusChanged()
  return shown
}
