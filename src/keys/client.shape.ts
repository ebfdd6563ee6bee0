/** A key as an OAuth client: how it authenticates, asked for at creation and shown with the key. */
import { z } from 'zod'
import { HOLDS_A_KEY } from './grammar.rules.ts'
import { AUTH_AUDIENCES, AUTH_METHODS } from './rules.ts'

const MAX_KEYS = 10

const authMethod = z.enum(AUTH_METHODS).meta({
  description: 'client_secret_basic stands for the secret in any place; private_key_jwt needs jwks or jwksUri.',
})
const authAudience = z.enum(AUTH_AUDIENCES).meta({
  description:
    'What assertions must name as aud: the issuer (RFC 7523), or its token endpoint, for client libraries that know nothing else.',
})

export const clientShape = {
  tokenEndpointAuthMethod: authMethod,
  tokenEndpointAuthAudience: authAudience,
  jwks: z.object({ keys: z.array(z.record(z.string(), z.string())) }).nullable(),
  jwksUri: z.string().nullable(),
  dpopBoundAccessTokens: z.boolean(),
}

export const clientMembers = {
  tokenEndpointAuthAudience: authAudience,
  jwks: z
    .object({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(MAX_KEYS) })
    .refine((jwks) => !HOLDS_A_KEY.test(JSON.stringify(jwks)), { error: 'holds an API key; keys do not belong here' })
    .nullable()
    .meta({
      description:
        'JWK Set of public keys (RFC 7517 §5): EC P-256 P-384 P-521, Ed25519, RSA from 2048 bits. Each signs by its `alg`; without one RSA means RS256.',
    }),
  jwksUri: z
    .string()
    .max(2000)
    .refine((uri) => !HOLDS_A_KEY.test(uri), { error: 'holds an API key; keys do not belong here' })
    .nullable()
    .meta({ format: 'uri', description: 'Where the JWK Set is read instead: https on a public host.' }),
  dpopBoundAccessTokens: z
    .boolean()
    .meta({ description: 'Tokens are given only with a DPoP proof, and bound to its key (RFC 9449).' }),
}

export const clientWish = {
  tokenEndpointAuthMethod: authMethod.default('client_secret_basic'),
  tokenEndpointAuthAudience: clientMembers.tokenEndpointAuthAudience.default('issuer'),
  jwks: clientMembers.jwks.default(null),
  jwksUri: clientMembers.jwksUri.default(null),
  dpopBoundAccessTokens: clientMembers.dpopBoundAccessTokens.default(false),
}
