/** Every route there is, and the documents that are made of them. */
import type { Logger } from 'pino'
import { catalogRoutes } from './accounts/catalog.routes.ts'
import { accountRoutes } from './accounts/routes.ts'
import { termsRoutes } from './accounts/terms.routes.ts'
import type { Parts } from './compose.parts.ts'
import type { Config } from './config.ts'
import type { Demo } from './demo/demo.ts'
import { eventRoutes } from './events/routes.ts'
import { createVerifyEvents } from './events/verify.ts'
import { holderRoutes } from './holders/routes.ts'
import { documentationRoutes } from './keys/documentation.routes.ts'
import { createGuardGains } from './keys/gains.ts'
import { revocationRoutes } from './keys/revocations.routes.ts'
import { keyRoutes } from './keys/routes.ts'
import type { Opened } from './open.ts'
import { invitationRoutes } from './people/invitation.routes.ts'
import { memberRoutes } from './people/members.routes.ts'
import { resetRoutes } from './people/reset.routes.ts'
import { sessionRoutes } from './people/session.routes.ts'
import { derive } from './secrets.ts'
import { signingKeyRoutes } from './signing/manage.routes.ts'
import { signingRoutes } from './signing/routes.ts'
import { statusRoutes } from './status/routes.ts'
import { subAccountRoutes } from './sub-accounts/routes.ts'
import { leakRoutes } from './tokens/leaks.routes.ts'
import { tokenRoutes } from './tokens/routes.ts'
import { usageRoutes } from './usage/routes.ts'
import { createCursors } from './web/cursor.ts'
import { createDocuments, type Documents } from './web/documents.ts'
import { healthRoutes } from './web/health.ts'
import type { IdentifyPrincipal } from './web/principal.ts'
import type { Route } from './web/route.ts'

export function makeRoutes(
  config: Config,
  opened: Opened,
  parts: Parts,
  { demo, logger, identify }: { demo: Demo | null; logger: Logger; identify: IdentifyPrincipal },
) {
  const { catalog, store, masterKeys } = opened
  const { keys, people, keyring, publisher, streams, flushes, exchange, inquiry, changes, chain, leaks, endTokens } =
    parts
  const { publicUrl } = config
  // The documents are made of the routes, this one among them.
  const documentOf = (namespace: string) => documents.of(namespace)
  const cursors = createCursors(derive(masterKeys, 'cursors').current.bytes)
  const { now, random, newId } = keys
  const guardGains = createGuardGains({ store, catalog })
  const subjects = { store, catalog, changes, guardGains, now, random, newId, cursors }
  const management = [
    ...sessionRoutes(people),
    ...catalogRoutes({ store, catalog }),
    ...memberRoutes({ ...people, cursors }),
    ...invitationRoutes(people),
    ...resetRoutes(people),
    ...keyRoutes({ ...keys, cursors }),
    ...documentationRoutes({ store, catalog, now, documentOf }),
    ...leakRoutes({ leaks, signingKeys: catalog.leakReports.signingKeys }),
    ...revocationRoutes({ ...keys, endTokens }),
    ...accountRoutes(subjects),
    ...termsRoutes(subjects),
    ...subAccountRoutes(subjects),
    ...holderRoutes(subjects),
    ...eventRoutes({ store, cursors, verifyEvents: createVerifyEvents(chain) }),
    ...usageRoutes({ store, catalog, now }),
    ...signingKeyRoutes({ ...keys, makeKey: keyring.make, refresh: keyring.refresh, others: flushes.others }),
  ]
  const issuer = new Map<string, Route[]>(
    [...catalog.namespaces.values()].map((namespace) => [
      namespace.id,
      [
        ...tokenRoutes(namespace, { exchange, inquiry: { ...inquiry, identify }, publicUrl }),
        ...signingRoutes(namespace, keyring),
        ...statusRoutes(namespace, publisher, streams),
      ],
    ]),
  )
  const health = healthRoutes({ store, keyring, catalog })
  const documented = [...management, ...health]
  const documents: Documents = createDocuments({
    catalog,
    issuer,
    management: documented,
    publicUrl,
    demo: demo?.openapi ?? null,
    logger,
  })
  return { documents, routes: [...issuer.values()].flat().concat(documents.routes, health, management) }
}
