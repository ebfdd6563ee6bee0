import { z } from 'zod'

/** A slug. */
export const accountId = z.string().regex(/^[a-z0-9-]{2,40}$/, { error: 'must be an account id, such as acme' })

/** `{account}` of a path. */
export const accountParams = z.object({ account: accountId })

/** The body of an act that needs no telling: `{}`, or none. */
export const nothing = { kinds: ['json'], schema: z.strictObject({}), optional: true } as const
