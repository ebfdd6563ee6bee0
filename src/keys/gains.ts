import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Guarded, Page, Position, Store } from '../store/store.ts'
import { gainedScopes, type Lift, mayGive } from './gains.rules.ts'
import type { ApiKey } from './rules.ts'

/**
 * Judges what keys would gain by a change beside them.
 *
 * @param held scopes of namespace `manage` that whoever makes it acts with
 * @returns what must still stand when it is written
 * @throws Refusal `exceeds_your_rights`
 */
export type GuardGains = (account: string, lift: Lift, held: ReadonlySet<string>) => Promise<Guarded[]>

const KEYS_AT_ONCE = 200

export function createGuardGains({ store, catalog }: { store: Store; catalog: Catalog }): GuardGains {
  return async (account, lift, held) => {
    const judged = [...catalog.namespaces.values()].filter((ns) =>
      [...ns.scopeNames].some((s) => !mayGive(s, ns, held)),
    )
    if (judged.length === 0) return []
    // Whoever makes or widens a key tells so by an event: the head must not have moved since none gained too much.
    const head = await store.get(account, 'heads', account)
    const beyond = new Set<string>()
    for (const namespace of judged)
      for await (const key of keysOf(store, account, { ...lift.of, namespace: namespace.id }))
        for (const scope of key.revoked === null ? gainedScopes(key, lift, namespace) : [])
          if (!mayGive(scope, namespace, held)) beyond.add(scope)
    if (beyond.size > 0) throw exceeds([...beyond].sort())
    return head === null ? [] : [{ collection: 'heads', document: head }]
  }
}

async function* keysOf(store: Store, account: string, where: Record<string, string>): AsyncIterable<ApiKey> {
  let after: Position | null = null
  do {
    const page: Page<ApiKey> = await store.page(account, 'keys', {
      where,
      limit: KEYS_AT_ONCE,
      ...(after && { after }),
    })
    yield* page.items
    after = page.next
  } while (after !== null)
}

function exceeds(scopes: readonly string[]): Refusal {
  return new Refusal('exceeds_your_rights', {
    detail: `Keys would gain ${scopes.join(' ')} by it, which you may not give: scopes of an API take keys:write, and those of namespace manage whoever has them. Let somebody with these rights do it.`,
  })
}
