/** An API key as the management API shows it (and as events tell it). Never a secret, never a hash. */
import { z } from 'zod'
import { HOLDER_TYPES, type Holder } from '../holders/rules.ts'
import { accountParams } from '../web/params.ts'
import { iso } from '../web/time.ts'
import { clientShape } from './client.shape.ts'
import type { Grant } from './rights.rules.ts'
import { liveSecrets, runningRotation, safeToEnd } from './rotation.rules.ts'
import { type ApiKey, KEY_STATUSES, type KeyUse, keyStatus, REVOKE_REASONS } from './rules.ts'

export const KEYS = '/manage/accounts/{account}/keys'
export const keyParams = accountParams.extend({ key: z.string().regex(/^key_[0-9A-Za-z]{12}$/) })

const time = z.iso.datetime()
export const authorShape = z.object({
  type: z.enum(['person', 'program', 'system']),
  id: z.string().nullable(),
  name: z.string(),
})

export const grantShape = z
  .strictObject({
    subAccount: z.string().min(1).max(40).nullable().meta({ description: 'null: the whole account.' }),
    scopes: z.array(z.string().min(1).max(64)).min(1).max(100),
  })
  .meta({ id: 'Grant' })

export const keyShape = z
  .object({
    id: z.string().meta({ description: '`key_…`: the key’s id, and its `client_id`.' }),
    account: z.string(),
    namespace: z.string(),
    kind: z.enum(['secret', 'publishable']),
    name: z.string(),
    description: z.string(),
    holder: z
      .object({ id: z.string(), type: z.enum(HOLDER_TYPES), name: z.string(), externalId: z.string().nullable() })
      .nullable(),
    status: z.enum(KEY_STATUSES),
    grants: z.array(grantShape),
    allowedIps: z.array(z.string()),
    allowedOrigins: z.array(z.string()),
    expiresAt: time.nullable(),
    createdAt: time,
    createdBy: authorShape,
    updatedAt: time,
    lastUsedAt: time.nullable(),
    secrets: z.array(
      z.object({
        id: z.string(),
        last4: z.string(),
        createdAt: time,
        expiresAt: time.nullable(),
        lastUsedAt: time.nullable(),
      }),
    ),
    rotation: z
      .object({
        endsAt: time,
        safeToEnd: z.boolean().meta({
          description:
            'The new secret was used, and the old one not for 24 hours, or for half the overlap where that is shorter.',
        }),
      })
      .nullable(),
    revoked: z
      .object({ at: time, by: authorShape, reason: z.enum(REVOKE_REASONS), note: z.string().nullable() })
      .nullable(),
    ...clientShape,
    customData: z.record(z.string(), z.unknown()),
    version: z.int(),
  })
  .meta({ id: 'Key' })

export type ShownKey = z.output<typeof keyShape>

export function showKey(key: ApiKey, beside: { holder: Holder | null; use: KeyUse | null; now: number }): ShownKey {
  const { holder, use, now } = beside
  const {
    id,
    account,
    namespace,
    kind,
    name,
    description,
    allowedIps,
    allowedOrigins,
    tokenEndpointAuthMethod,
    tokenEndpointAuthAudience,
    jwks,
    jwksUri,
    dpopBoundAccessTokens,
  } = key
  const rotation = runningRotation(key, now)
  return {
    id,
    account,
    namespace,
    kind,
    name,
    description,
    holder:
      holder === null ? null : { id: holder.id, type: holder.type, name: holder.name, externalId: holder.externalId },
    status: keyStatus(key, now),
    grants: key.grants.map(({ subAccount, scopes }: Grant) => ({ subAccount, scopes })),
    allowedIps,
    allowedOrigins,
    expiresAt: iso(key.expiresAt),
    createdAt: iso(key.createdAt),
    createdBy: key.createdBy,
    updatedAt: iso(key.updatedAt),
    lastUsedAt: iso(use?.lastUsedAt || null),
    secrets: liveSecrets(key, now).map((s) => ({
      id: s.id,
      last4: s.last4,
      createdAt: iso(s.createdAt),
      expiresAt: iso(s.expiresAt),
      lastUsedAt: iso(use?.secrets[s.id] ?? null),
    })),
    rotation: rotation && { endsAt: iso(rotation.endsAt), safeToEnd: safeToEnd(rotation, use, now) },
    revoked: key.revoked === null ? null : { ...key.revoked, at: iso(key.revoked.at) },
    tokenEndpointAuthMethod,
    tokenEndpointAuthAudience,
    jwks,
    jwksUri,
    dpopBoundAccessTokens,
    customData: key.customData,
    version: key.version,
  }
}
