import { Refusal } from '../errors.ts'
import { act } from '../store/act.ts'
import type { Asker } from '../web/asker.ts'
import { type KeyDeps, keyEvent } from './create.ts'
import { findKey } from './find.ts'
import { revokeKey } from './revoke.ts'
import type { ApiKey } from './rules.ts'
import { showKey } from './shape.ts'

/** Where a key was found by somebody who is not its owner. */
export interface Leak {
  url: string | null
  source: string | null
  requestId: string
}

const DAY_MS = 86_400_000

/**
 * Revokes a secret key that was found in public, and tells of it. A publishable key is public anyway: that it was found
 * is told once a day at most. Doing it again does nothing.
 */
export async function reportLeak(deps: KeyDeps, key: ApiKey, { url, source, requestId }: Leak): Promise<void> {
  const asker: Asker = { actor: { type: 'system', id: null, name: 'Leak report' }, requestId }
  const leaked = { type: 'key.leaked', data: { url, source } }
  if (key.kind === 'publishable') return tell(deps, key, asker, leaked)
  const why = { reason: 'exposed', note: null } as const
  await revokeKey(deps, key.account, key.id, why, asker, [leaked]).catch((error: unknown) => {
    // Somebody else did meanwhile.
    if (!(error instanceof Refusal && error.code === 'key_revoked')) throw error
  })
}

async function tell(
  deps: KeyDeps,
  { account, id }: ApiKey,
  asker: Asker,
  { type, data }: { type: string; data: Record<string, unknown> },
): Promise<void> {
  const day = Math.floor(deps.now() / DAY_MS)
  const mark = { id: `${type}:${id}:${day}`, account: '', createdAt: deps.now() }
  await act(deps.store, async () => {
    const told = await deps.store.get('', 'marks', mark.id)
    if (told !== null) return { account, commit: {}, answer: undefined }
    const { key, ...beside } = await findKey(deps.store, account, id)
    const object = showKey(key, { ...beside, now: deps.now() })
    const events = [keyEvent(deps, type, asker, key, { object, ...data })]
    return { account, commit: { insert: [{ collection: 'marks', document: mark }], events }, answer: undefined }
  })
}
