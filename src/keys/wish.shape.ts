/** What may be asked of a key, at its creation and later. */
import { z } from 'zod'
import { customData, oneLine, prose } from '../web/prose.ts'
import { clientMembers } from './client.shape.ts'
import { grantShape } from './shape.ts'

export const wishMembers = {
  name: oneLine(100),
  description: prose(1000).meta({ description: 'What the key is for and where it runs.' }),
  grants: z.array(grantShape).min(1).max(50),
  holderId: z.string().max(64).nullable(),
  allowedIps: z.array(z.string().max(64)).max(100).meta({ description: 'Addresses and CIDR blocks; none: any.' }),
  allowedOrigins: z
    .array(z.string().max(255))
    .max(20)
    .meta({ description: 'Exact origins that may use a publishable key.' }),
  expiresAt: z.iso
    .datetime({ offset: true })
    .transform((t) => Date.parse(t))
    .nullable()
    .meta({ type: 'string', format: 'date-time' }),
  customData,
  ...clientMembers,
}

/** Why a wish may be refused. */
export const WISH_REFUSALS = [
  'exceeds_your_rights',
  'holder_flagged',
  'not_publishable',
  'unknown_scope',
  'unknown_namespace',
  'unknown_holder',
  'unknown_sub_account',
  'holder_type_not_allowed',
] as const
