import { Refusal } from '../errors.ts'
import type { Before } from '../keys/ending.rules.ts'
import { underCeiling } from '../keys/gains.rules.ts'
import type { Grant } from '../keys/rights.rules.ts'
import type { Guarded } from '../store/store.ts'
import type { Expected } from '../web/etag.ts'
import { ceilingGuards, externalIdTaken, type HolderAsker, type HolderDeps, type HolderWish } from './create.ts'
import type { Holder } from './rules.ts'
import { HOLDER, type ShownHolder } from './shape.ts'

interface ChangeTarget {
  account: string
  id: string
  expected: Expected
  asker: HolderAsker
}

/** Members left out stay as they are. */
export type HolderChange = { [M in Exclude<keyof HolderWish, 'type'>]?: HolderWish[M] | undefined }

/**
 * A lower ceiling ends the tokens that had more, and another external id those that name the one before; a higher ceiling
 * grants what the holder's keys gain by it.
 *
 * @throws Refusal `not_found`, `precondition_failed`, `exceeds_your_rights`, and what a ceiling is refused for
 */
export function changeHolder(deps: HolderDeps, target: ChangeTarget, to: HolderChange): Promise<ShownHolder> {
  const { id } = target
  return deps.changes.change(HOLDER, target, async (present) => {
    if (to.status !== undefined && present.status === 'suspended') throw resumeFirst()
    const before = replaced(present, to)
    return {
      to,
      event: 'updated',
      expect: to.grants === undefined ? [] : await guards(deps, target, { before: present.grants, after: to.grants }),
      ends: Object.keys(before).length === 0 ? null : { of: { holderId: id }, before },
      exists: externalIdTaken,
    }
  })
}

/** What tokens may have by the holder as it was. */
function replaced({ grants, externalId }: Holder, to: HolderChange): Before {
  const renamed = externalId !== null && to.externalId !== undefined && to.externalId !== externalId
  return { ...(to.grants !== undefined && { ceiling: grants }), ...(renamed && { externalId }) }
}

async function guards(
  deps: HolderDeps,
  { account, id, asker }: ChangeTarget,
  { before, after }: { before: readonly Grant[] | null; after: readonly Grant[] | null },
): Promise<Guarded[]> {
  const lift = { of: { holderId: id }, before: underCeiling(before), after: underCeiling(after) }
  return [
    ...(await ceilingGuards(deps, account, after, asker)),
    ...(await deps.guardGains(account, lift, asker.scopes)),
  ]
}

function resumeFirst(): Refusal {
  const detail = 'cannot change while the holder is suspended. Resume them first.'
  return new Refusal('invalid_request', { errors: [{ pointer: '/status', detail }] })
}
