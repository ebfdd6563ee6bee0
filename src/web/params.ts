import { z } from 'zod'

/** `{account}` of a path: a slug. */
export const accountParams = z.object({ account: z.string().regex(/^[a-z0-9-]{2,40}$/) })
