import { Refusal } from '../errors.ts'
import { act, type Decision } from '../store/act.ts'
import { search } from '../store/search.ts'
import type { Kept, Page, Position, Store } from '../store/store.ts'
import { wishOf } from './change.rules.ts'
import { type KeyAsker, type KeyDeps, load } from './create.ts'
import { type Edited, editKey } from './edit.ts'
import { type FoundKey, findKeysById } from './find.ts'
import { type MatrixRow, ofRow } from './matrix.rules.ts'
import type { ApiKey } from './rules.ts'

export interface MatrixTarget {
  account: string
  namespace: string
  asker: KeyAsker
}

/**
 * Writes the grants of several keys, all or none; tokens of those that are narrowed end in the same commit.
 *
 * @param rows each key once
 * @returns the rows with their new versions
 */
export async function changeMatrix(
  deps: KeyDeps,
  target: MatrixTarget,
  rows: readonly MatrixRow[],
): Promise<MatrixRow[]> {
  const written = await deps.statuses.inTurn(() => act(deps.store, () => decide(deps, target, rows)))
  await deps.statusChanged()
  return written
}

/** Keys of a namespace that are not revoked, from a place on. */
export function matrixPage(
  store: Store,
  account: string,
  namespace: string,
  { limit, after }: { limit: number; after: Position | null | undefined },
): Promise<Page<ApiKey>> {
  const query = { where: { namespace }, limit, ...(after && { after }) }
  return search(store, account, 'keys', query, (key) => key.revoked === null)
}

/** All of them: an account has only so many keys. */
export async function wholeMatrix(
  store: Store,
  account: string,
  namespace: string,
  { limit }: { limit: number },
): Promise<Page<ApiKey>> {
  const items: Kept<ApiKey>[] = []
  let after: Position | null = null
  do {
    const page: Page<ApiKey> = await matrixPage(store, account, namespace, { limit, after })
    items.push(...page.items)
    after = page.next
  } while (after !== null)
  return { items, next: null }
}

export function rowOf({ id, version, grants }: ApiKey): MatrixRow {
  return { keyId: id, version, grants: grants.map(({ subAccount, scopes }) => ({ subAccount, scopes })) }
}

/** The same as rows of a table: one a grant. */
export function flatRowsOf(key: ApiKey): Record<string, unknown>[] {
  const { keyId, version, grants } = rowOf(key)
  return grants.map((grant) => ({ keyId, name: key.name, version, ...grant }))
}

async function decide(deps: KeyDeps, target: MatrixTarget, rows: readonly MatrixRow[]): Promise<Decision<MatrixRow[]>> {
  const { store, statuses } = deps
  const { account, asker } = target
  const ids = rows.map(({ keyId }) => keyId)
  const found = await findKeysById(store, account, ids)
  const { guards, ...around } = await load(store, account, {
    grants: rows.flatMap((row) => row.grants),
    holderId: null,
  })
  const edits: Edited[] = []
  const answer: Kept<ApiKey>[] = []
  for (const [i, row] of rows.entries()) {
    const { key, holder, use } = presentAt(found[i] ?? null, row, target)
    const wish = wishOf(key, { grants: row.grants }, false)
    const edited = await inRow(i, editKey(deps, { key, use, wish, around: { ...around, holder }, asker }))
    if (edited !== null) edits.push(edited)
    answer.push(edited?.key ?? key)
  }
  const flipped = await statuses.flip(edits.flatMap(({ ends }) => ends))
  return {
    account,
    commit: {
      expect: guards,
      insert: flipped.insert,
      replace: [...edits.map(({ key }) => ({ collection: 'keys', document: key }) as const), ...flipped.replace],
      events: edits.map(({ event }) => event),
    },
    answer: answer.map(rowOf),
  }
}

/** @throws Refusal `not_found`, `precondition_failed`, `key_revoked` */
function presentAt(found: FoundKey | null, row: MatrixRow, { namespace }: MatrixTarget): FoundKey {
  if (found === null || found.key.namespace !== namespace) {
    throw new Refusal('not_found', {
      detail: `There is no key ${row.keyId} in this namespace, or none that you may see. Nothing was written.`,
    })
  }
  if (found.key.version !== row.version) {
    throw new Refusal('precondition_failed', {
      detail: `Key ${row.keyId} has changed since you read it: its version is ${found.key.version}. Nothing was written; read the matrix again.`,
    })
  }
  if (found.key.revoked !== null) {
    throw new Refusal('key_revoked', { detail: `Key ${row.keyId} is revoked, which is final. Leave its row out.` })
  }
  return found
}

async function inRow<T>(i: number, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof Refusal ? ofRow(error, i) : error
  }
}
