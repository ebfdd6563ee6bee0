import { Refusal } from '../errors.ts'
import { act, type Decision } from '../store/act.ts'
import type { Guarded, Kept, Store } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { type KeyAsker, type KeyDeps, keyEvent, sharedEvent } from './create.ts'
import { findKey } from './find.ts'
import { requireReach } from './rotate.ts'
import { secretFault } from './rotation.rules.ts'
import { showKey } from './shape.ts'
import { newShare, type Share, shareUrl } from './share.rules.ts'

export interface ShareWish {
  expiresInSeconds: number
  /** For the secret in use when the link is opened. */
  overlapSeconds: number
}

export interface SharedLink {
  url: string
  /** UTC ms. */
  expiresAt: number
}

/**
 * Makes a one-time link to a fresh secret of the key; an open link is good for nothing from then on.
 *
 * @throws Refusal `not_found`, `key_revoked`, `key_expired`, `no_secret`, and as {@link requireReach}
 */
export async function shareKey(
  deps: KeyDeps,
  account: string,
  keyId: string,
  wish: ShareWish,
  asker: KeyAsker,
): Promise<SharedLink> {
  const decide = async (): Promise<Decision<SharedLink>> => {
    const { open, expect } = await openShares(deps.store, account, keyId)
    const { key, ...beside } = await findKey(deps.store, account, keyId)
    const reach = await requireReach(deps, key, asker)
    const now = deps.now()
    const fault = secretFault(key, now)
    if (fault !== null) throw fault
    const { token, share } = newShare({ account, keyId, ...wish }, deps)
    return {
      account,
      commit: {
        expect: [...expect, reach, { collection: 'keys', document: key }],
        insert: [{ collection: 'shares', document: share }],
        remove: open,
        events: [sharedEvent(deps, asker, key, share, showKey(key, { ...beside, now }))],
      },
      answer: { url: shareUrl(deps.publicUrl, token), expiresAt: share.expiresAt },
    }
  }
  return act(deps.store, decide, asker.once)
}

/** Makes the key's open link good for nothing. @throws Refusal `not_found` where there is none */
export async function cancelShare(deps: KeyDeps, account: string, keyId: string, asker: Asker): Promise<void> {
  await act(deps.store, async () => {
    const { open, expect } = await openShares(deps.store, account, keyId)
    const { key, ...beside } = await findKey(deps.store, account, keyId)
    if (!open.some(({ document }) => (document as Share).expiresAt > deps.now())) throw new Refusal('not_found')
    const object = showKey(key, { ...beside, now: deps.now() })
    return {
      account,
      commit: {
        expect,
        remove: open,
        events: [keyEvent(deps, 'key.updated', asker, key, { object, shareCancelled: true })],
      },
      answer: {},
    }
  })
}

/** Links that nobody has opened. Whoever makes another tells so by an event: the head must not have moved since. */
async function openShares(
  store: Store,
  account: string,
  keyId: string,
): Promise<{ open: Guarded[]; expect: Guarded[] }> {
  const head = await store.get(account, 'heads', account)
  const { items } = await store.page(account, 'shares', { where: { keyId }, order: 'desc', limit: 100 })
  const isOpen = ({ usedAt }: Kept<Share>) => usedAt === null
  return {
    open: items.filter(isOpen).map((document) => ({ collection: 'shares', document })),
    expect: head === null ? [] : [{ collection: 'heads', document: head }],
  }
}
