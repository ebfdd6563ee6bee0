/** A holder as the management API shows it, and as events tell it. */
import { z } from 'zod'
import type { Thing } from '../events/changes.ts'
import { grantShape } from '../keys/shape.ts'
import { iso } from '../web/time.ts'
import { HOLDER_STATUSES, HOLDER_TYPES, type Holder } from './rules.ts'

export const holderShape = z
  .object({
    id: z.string().meta({ description: '`hld_…`' }),
    account: z.string(),
    type: z.enum(HOLDER_TYPES),
    name: z.string(),
    externalId: z.string().nullable().meta({ description: 'Your own id of them; carried in tokens.' }),
    email: z.string().nullable(),
    grants: z
      .array(grantShape)
      .nullable()
      .meta({ description: 'A ceiling over all of the holder’s keys; null: none of its own.' }),
    status: z.enum(HOLDER_STATUSES),
    flags: z.array(z.string()).meta({ description: 'Warnings to whoever makes a key for them.' }),
    customData: z.record(z.string(), z.unknown()),
    createdAt: z.iso.datetime(),
    version: z.int(),
  })
  .meta({ id: 'Holder' })

export type ShownHolder = z.output<typeof holderShape>

export function showHolder(holder: Holder): ShownHolder {
  const { id, account, type, name, externalId, email, grants, status, flags, customData, createdAt, version } = holder
  return {
    id,
    account,
    type,
    name,
    externalId,
    email,
    grants,
    status,
    flags,
    customData,
    createdAt: iso(createdAt),
    version,
  }
}

export const HOLDER: Thing<'holders', ShownHolder> = { collection: 'holders', type: 'holder', show: showHolder }
