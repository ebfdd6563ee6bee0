import { z } from 'zod'
import type { NamespaceEntry } from '../catalog.ts'
import { unmodified } from '../web/cache.ts'
import { type Route, route } from '../web/route.ts'
import type { Keyring } from './keyring.ts'

const jwks = z
  .object({
    keys: z.array(z.looseObject({ kty: z.string(), use: z.literal('sig'), alg: z.string(), kid: z.string() })),
  })
  .meta({ id: 'JwkSet' })

/** Public keys (RFC 7517), from memory: they are served when the store is down. */
export function signingRoutes(namespace: NamespaceEntry, keyring: Keyring): Route[] {
  return [
    route({
      namespace: namespace.id,
      cors: true,
      access: 'public',
      method: 'get',
      path: `/${namespace.id}/.well-known/jwks.json`,
      operationId: 'jwks',
      tag: 'keys to verify with',
      summary: 'Public signing keys (RFC 7517)',
      errors: 'problem',
      answers: {
        200: { description: 'The JWK Set.', content: { 'application/jwk-set+json': jwks } },
        304: { description: 'Unchanged.' },
      },
      refusals: [],
      async handle({ request }) {
        const { body, etag } = keyring.jwks(namespace.id)
        const age = namespace.jwksMaxAgeSeconds
        const headers = {
          ETag: etag,
          'Cache-Control': `public, max-age=${age}, stale-while-revalidate=${age}, stale-if-error=86400`,
        }
        return unmodified(request, etag)
          ? { status: 304, headers }
          : { status: 200, headers, type: 'application/jwk-set+json', body }
      },
    }),
  ]
}
