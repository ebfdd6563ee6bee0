import type { Cursors } from '../web/cursor.ts'
import type { Route } from '../web/route.ts'
import { keyCreateRoutes } from './create.routes.ts'
import { importRoutes } from './import.routes.ts'
import { keyLifeRoutes } from './life.routes.ts'
import { keyListRoutes } from './list.routes.ts'
import { matrixRoutes } from './matrix.routes.ts'
import { keyRightsRoutes } from './rights.routes.ts'
import type { RotateDeps } from './rotate.ts'
import { rotationRoutes } from './rotation.routes.ts'
import { shareRoutes } from './share.routes.ts'
import { shareLinkRoutes } from './share-link.routes.ts'

/** Lists first: `counts` is no key. */
export function keyRoutes(deps: RotateDeps & { cursors: Cursors }): Route[] {
  return [
    ...keyListRoutes(deps),
    ...keyCreateRoutes(deps),
    ...importRoutes(deps),
    ...keyLifeRoutes(deps),
    ...keyRightsRoutes(deps),
    ...rotationRoutes(deps),
    ...shareRoutes(deps),
    ...shareLinkRoutes(deps),
    ...matrixRoutes(deps),
  ]
}
