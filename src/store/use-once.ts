import { createHash } from 'node:crypto'
import type { Store } from './store.ts'

/**
 * Uses something that may be used once, such as an assertion's `jti`, over all instances. False where it was used
 * before.
 *
 * @param parts what names it; any text, of any length
 * @param expiresAt UTC ms, when it would be refused anyway
 */
export async function useOnce(store: Store, parts: readonly string[], expiresAt: number): Promise<boolean> {
  const id = createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
  const done = await store.commit('', { insert: [{ collection: 'uses', document: { id, account: '', expiresAt } }] })
  return done.ok
}
