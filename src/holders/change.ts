import { Refusal } from '../errors.ts'
import type { Expected } from '../web/etag.ts'
import { ceilingGuards, externalIdTaken, type HolderAsker, type HolderDeps, type HolderWish } from './create.ts'
import { HOLDER, type ShownHolder } from './shape.ts'

/** Members left out stay as they are. */
export type HolderChange = { [M in Exclude<keyof HolderWish, 'type'>]?: HolderWish[M] | undefined }

/** A lower ceiling ends the tokens that had more. */
export function changeHolder(
  deps: HolderDeps,
  target: { account: string; id: string; expected: Expected; asker: HolderAsker },
  to: HolderChange,
): Promise<ShownHolder> {
  const { account, id, asker } = target
  return deps.changes.change(HOLDER, target, async (present) => {
    if (to.status !== undefined && present.status === 'suspended') throw resumeFirst()
    const ceiling = to.grants !== undefined
    return {
      to,
      event: 'updated',
      expect: to.grants === undefined ? [] : await ceilingGuards(deps, account, to.grants, asker),
      ends: ceiling ? { of: { holderId: id }, before: { ceiling: present.grants } } : null,
      exists: externalIdTaken,
    }
  })
}

function resumeFirst(): Refusal {
  const detail = 'cannot change while the holder is suspended. Resume them first.'
  return new Refusal('invalid_request', { errors: [{ pointer: '/status', detail }] })
}
