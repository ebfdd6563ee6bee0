/** RFC 8414, at its three addresses; and RFC 9728 for the management API. */
import { z } from 'zod'
import type { NamespaceEntry } from '../catalog.ts'
import { type Route, route } from '../web/route.ts'
import { authorizationServerMetadata, describeManagement } from './metadata.ts'

export function metadataRoutes(namespace: NamespaceEntry, publicUrl: string): Route[] {
  const body = authorizationServerMetadata(namespace, publicUrl)
  const paths = [
    `/.well-known/oauth-authorization-server/${namespace.id}`,
    `/${namespace.id}/.well-known/oauth-authorization-server`,
    `/${namespace.id}/.well-known/openid-configuration`,
  ]
  const issuer = paths.map((path, i) =>
    route({
      namespace: namespace.id,
      cors: true,
      access: 'public',
      method: 'get',
      path,
      operationId: ['metadata', 'metadataBelow', 'metadataOpenId'][i] as string,
      tag: 'keys to verify with',
      summary: 'Authorization server metadata (RFC 8414)',
      errors: 'problem',
      answers: {
        200: { description: 'The metadata.', content: { 'application/json': z.looseObject({ issuer: z.string() }) } },
      },
      refusals: [],
      handle: async () => ({ status: 200, headers: { 'Cache-Control': 'public, max-age=300' }, body }),
    }),
  )
  return namespace.builtIn ? [...issuer, managementMetadata(namespace, publicUrl)] : issuer
}

function managementMetadata(manage: NamespaceEntry, publicUrl: string): Route {
  const { path, metadata } = describeManagement(manage, publicUrl)
  return route({
    cors: true,
    access: 'public',
    method: 'get',
    path,
    operationId: 'resourceMetadata',
    tag: 'keys to verify with',
    summary: 'The management API as a protected resource (RFC 9728)',
    errors: 'problem',
    answers: {
      200: { description: 'The metadata.', content: { 'application/json': z.looseObject({ resource: z.string() }) } },
    },
    refusals: [],
    handle: async () => ({ status: 200, headers: { 'Cache-Control': 'public, max-age=300' }, body: metadata }),
  })
}
