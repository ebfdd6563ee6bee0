import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { iso } from '../web/time.ts'
import { ROLES } from './rules.ts'
import type { Session } from './session.rules.ts'

const time = z.iso.datetime()

/** E-mail addresses of any script. */
export const emailAddress = z
  .email({ pattern: z.regexes.unicodeEmail, error: 'must be an e-mail address' })
  .max(254)
  .meta({ format: 'email' })

const [SHORTEST, LONGEST] = [12, 1024]
/** A password that somebody chooses: 12 to 1,024 characters, of any kind. */
export const newPassword = z
  .string()
  .refine((text) => lengthFits(text) && !/\p{Cs}/u.test(text), {
    error: `must have ${SHORTEST} to ${LONGEST} characters`,
  })
  .meta({ format: 'password', minLength: SHORTEST, maxLength: LONGEST })

function lengthFits(text: string): boolean {
  if (text.length > 2 * LONGEST) return false
  const { length } = [...text.normalize('NFC')]
  return length >= SHORTEST && length <= LONGEST
}

/** @throws Refusal `invalid_request` where nobody could have chosen it */
export function requireNewPassword(password: string): void {
  const { error } = newPassword.safeParse(password)
  if (error === undefined) return
  const detail = error.issues[0]?.message ?? ''
  throw new Refusal('invalid_request', {
    detail: `The password ${detail}.`,
    errors: [{ pointer: '/password', detail }],
  })
}

/** A password that is to be compared; which ones may be chosen is no matter here. */
export const givenPassword = z
  .string()
  .min(1)
  .max(2 * LONGEST)
  .meta({ format: 'password' })

export const memberShape = z
  .object({
    id: z.string().meta({ description: '`usr_…`, the same in every account that the person belongs to.' }),
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    holderId: z.string().nullable(),
    status: z.enum(['invited', 'active', 'disabled']),
    lastSignInAt: time.nullable().meta({ description: 'To this account.' }),
    customData: z.record(z.string(), z.unknown()),
    version: z.int(),
  })
  .meta({ id: 'Member' })

export const sessionShape = z
  .object({
    id: z.string(),
    createdAt: time,
    lastSeenAt: time.meta({ description: 'Written down at most once a minute.' }),
    address: z.string(),
    userAgent: z.string(),
    current: z.boolean().meta({ description: 'The session that asks.' }),
  })
  .meta({ id: 'Session' })

/** @param current id of the session that asks */
export function showSession(session: Session, current: string): z.output<typeof sessionShape> {
  const { id, createdAt, lastSeenAt, address, userAgent } = session
  return { id, createdAt: iso(createdAt), lastSeenAt: iso(lastSeenAt), address, userAgent, current: id === current }
}

export const whoamiShape = z
  .object({
    type: z.enum(['person', 'program']),
    id: z.string(),
    account: z.string().meta({ description: 'Of a person: the account that the session was opened in.' }),
    role: z.enum(ROLES).nullable(),
    scopes: z.array(z.string()).meta({ description: 'Of a person: what the role amounts to.' }),
    holderId: z.string().nullable(),
    name: z.string().optional(),
    email: z.string().optional(),
    accounts: z
      .array(z.object({ id: z.string(), name: z.string(), role: z.enum(ROLES) }))
      .optional()
      .meta({ description: 'Of a person: the accounts they belong to.' }),
  })
  .meta({ id: 'WhoAmI' })
export type WhoAmI = z.output<typeof whoamiShape>
