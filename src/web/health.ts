import { z } from 'zod'
import type { Catalog } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import type { Keyring } from '../signing/keyring.ts'
import type { Store } from '../store/store.ts'
import { type Route, route } from './route.ts'

const status = z.object({ status: z.literal('ok') })

/** For whatever watches the process: alive, and ready to issue. */
export function healthRoutes(deps: { store: Store; keyring: Keyring; catalog: Catalog }): Route[] {
  const shared = { method: 'get', access: 'public', errors: 'problem', tag: 'operations' } as const
  const answers = { 200: { description: 'Yes.', content: { 'application/json': status } } }
  const ok = { status: 200, headers: { 'Cache-Control': 'no-store' }, body: { status: 'ok' } }
  return [
    route({
      ...shared,
      path: '/healthz',
      operationId: 'healthz',
      summary: 'Is the process alive?',
      answers,
      refusals: [],
      handle: async () => ok,
    }),
    route({
      ...shared,
      path: '/readyz',
      operationId: 'readyz',
      summary: 'Can tokens be issued?',
      answers,
      refusals: ['store_unavailable'],
      async handle() {
        await deps.store.ping()
        const unsigned = [...deps.catalog.namespaces.keys()].find(
          (ns) => !deps.keyring.states(ns).some((s) => s.state === 'current'),
        )
        if (unsigned !== undefined)
          throw new Refusal('store_unavailable', {
            detail: `Namespace ${unsigned} has no signing key yet.`,
            retryAfterSeconds: 2,
          })
        return ok
      },
    }),
  ]
}
