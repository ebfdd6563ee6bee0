import type { Account } from '../accounts/rules.ts'
import { Refusal } from '../errors.ts'
import { linkFault, linkHash } from '../people/link.rules.ts'
import { act, type Decision } from '../store/act.ts'
import { EVERY_ACCOUNT, type Guarded, type Kept } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { accountFault } from './create.rules.ts'
import { keyEvent } from './create.ts'
import { type FoundKey, findKey } from './find.ts'
import { lookAtNewest, type RotateDeps, rotated } from './rotate.ts'
import { secretFault } from './rotation.rules.ts'
import type { Share } from './share.rules.ts'

export interface FoundShare {
  share: Kept<Share>
  account: Kept<Account>
  found: FoundKey
}

/**
 * A link that can be opened. Whether whoever made it still may does not matter: what they may was looked at then. What has
 * become of the key does.
 *
 * @throws Refusal `not_found`, also where the key has ended; `link_used`; `key_suspended`, `holder_suspended` and as
 *   {@link accountFault}, after which the link is good again
 */
export async function findShare({ store, catalog, now }: RotateDeps, token: string): Promise<FoundShare> {
  const share = await store.get(EVERY_ACCOUNT, 'shares', linkHash(token))
  if (share === null) throw new Refusal('not_found')
  const fault = linkFault(share, now())
  if (fault !== null) throw fault
  const [account, found] = await Promise.all([
    store.get(share.account, 'accounts', share.account),
    findKey(store, share.account, share.keyId),
  ])
  const namespace = catalog.namespaces.get(found.key.namespace)
  if (account === null || namespace === undefined || secretFault(found.key, now()) !== null)
    throw new Refusal('not_found')
  if (found.key.suspendedAt !== null) throw new Refusal('key_suspended')
  if (found.holder?.status === 'suspended') throw new Refusal('holder_suspended')
  const refusal = accountFault(account, namespace, catalog, now())
  if (refusal !== null) throw refusal
  return { share, account, found }
}

export interface OpenedShare {
  account: Account
  key: { id: string; name: string; namespace: string; kind: 'secret' | 'publishable' }
  secret: string
}

/** Whoever has the link is all that is known of them. */
const OPENER = { type: 'person', id: null, name: 'Whoever opened the share link' } as const

/**
 * Opens a link, once: the key has a fresh secret, which is in this answer and nowhere else.
 *
 * @throws Refusal as {@link findShare}, and `rotation_in_progress`, after which the link is still good
 */
export async function openShare(
  deps: RotateDeps,
  token: string,
  from: { address: string; requestId: string },
): Promise<OpenedShare> {
  const asker: Asker = { actor: OPENER, requestId: from.requestId }
  const before = await findShare(deps, token)
  const newest = await lookAtNewest(deps, before.found.key)
  const decide = async (): Promise<Decision<OpenedShare>> => {
    const { share, account, found } = await findShare(deps, token)
    const { overlapSeconds } = share
    const next = await rotated(deps, found, { overlapSeconds, newest, asker })
    const opened = { ...share, usedAt: deps.now() }
    const expect: Guarded[] = [{ collection: 'accounts', document: account }]
    if (found.holder !== null) expect.push({ collection: 'holders', document: found.holder })
    const told = keyEvent(deps, 'key.share_opened', asker, next.key, { object: next.shown, address: from.address })
    const { id, name, namespace, kind } = next.key
    return {
      account: account.id,
      commit: {
        insert: next.commit.insert,
        expect,
        replace: [...next.commit.replace, { collection: 'shares', document: opened }],
        events: [next.event, told],
      },
      answer: { account, key: { id, name, namespace, kind }, secret: next.secret },
    }
  }
  const answer = await deps.statuses.inTurn(() => act(deps.store, decide))
  await deps.statusChanged()
  return answer
}
