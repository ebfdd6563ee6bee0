import type { Change, Target } from '../events/changes.ts'
import type { HolderDeps } from './create.ts'
import { HOLDER, type ShownHolder } from './shape.ts'

/** From now on no key of the holder is exchanged, and their tokens read as suspended. Done already: nothing happens. */
export function suspendHolder(deps: HolderDeps, target: Target): Promise<ShownHolder> {
  return deps.changes.change(
    HOLDER,
    target,
    ({ id, status }): Change<'holders'> => ({
      to: status === 'suspended' ? null : { status: 'suspended', onboarding: status === 'onboarding' },
      event: 'suspended',
      ends: { of: { holderId: id }, before: {} },
    }),
  )
}

/** Back to where they were; tokens that have not expired count again where nothing else is against them. */
export function resumeHolder(deps: HolderDeps, target: Target): Promise<ShownHolder> {
  return deps.changes.change(
    HOLDER,
    target,
    ({ id, status, onboarding }): Change<'holders'> => ({
      to: status === 'suspended' ? { status: onboarding ? 'onboarding' : 'active' } : null,
      event: 'resumed',
      ends: { of: { holderId: id }, before: {} },
    }),
  )
}
