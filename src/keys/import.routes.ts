import { z } from 'zod'
import { parseOne } from '../web/input.ts'
import { accountParams } from '../web/params.ts'
import { oneLine } from '../web/prose.ts'
import { type Route, route } from '../web/route.ts'
import { ACCOUNT_REFUSALS } from './admission.rules.ts'
import { granterOf } from './asker.ts'
import type { KeyDeps } from './create.ts'
import { type ImportItem, isImportable, MAX_IMPORTED_AT_ONCE } from './import.rules.ts'
import { importKeys } from './import.ts'
import { sha256Of } from './rules.ts'
import { grantShape, keyShape } from './shape.ts'

const MAX_BYTES = 1024 * 1024

const shownItem = z.strictObject({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, { error: 'must be 64 hexadecimal digits' })
    .optional()
    .meta({ description: 'SHA-256 of the key as it is presented, hex.' }),
  plain: z
    .string()
    .refine(isImportable, { error: 'must be 16 to 512 printable characters without spaces, and not begin with lk_' })
    .optional()
    .meta({ description: 'The key itself instead. It is hashed at once and never kept.', format: 'password' }),
  name: oneLine(100),
  grants: z.array(grantShape).min(1).max(50),
  holderId: z.string().max(64).nullable().default(null),
})

/** The key itself goes no further than this. */
const item = shownItem
  .refine(({ sha256, plain }) => (sha256 === undefined) !== (plain === undefined), {
    path: ['sha256'],
    error: 'give exactly one of sha256 and plain.',
  })
  .refine(({ plain, name }) => plain === undefined || !name.includes(plain), {
    path: ['name'],
    error: 'holds the key; keys do not belong here',
  })
  .transform(
    ({ sha256, plain, ...rest }): ImportItem => ({
      ...rest,
      sha256: sha256?.toLowerCase() ?? sha256Of(plain ?? ''),
      last4: plain?.slice(-4) ?? '',
    }),
  )

const read = z.unknown().transform((value) => parseOne(item, value))

const bodyOf = <T extends z.ZodType>(one: T) =>
  z.strictObject({ namespace: z.string().max(16), keys: z.array(one).min(1).max(MAX_IMPORTED_AT_ONCE) })

const answer = z
  .object({
    items: z.array(
      z.union([
        z.object({ index: z.int(), key: keyShape }),
        z.object({ index: z.int(), code: z.string(), detail: z.string() }),
      ]),
    ),
  })
  .meta({ id: 'ImportedKeys' })

export function importRoutes(deps: KeyDeps): Route[] {
  return [
    route({
      tag: 'keys',
      errors: 'problem',
      method: 'post',
      path: '/manage/accounts/{account}/keys/import',
      operationId: 'importKeys',
      summary: 'Import keys of another system',
      description:
        'They are presented at `/jwts` as they are. The namespace must accept imported keys. Each item has a result of its own; one that is malformed or cannot be imported stops no other. ' +
        'Sent again, the same items are refused as `already_imported`, so that nothing happens twice.',
      access: 'keys.import',
      params: accountParams,
      body: {
        kinds: ['json'],
        schema: bodyOf(read),
        shown: { json: bodyOf(shownItem).meta({ id: 'ImportKeys' }) },
        maxBytes: MAX_BYTES,
      },
      answers: { 200: { description: 'A result for each item.', content: { 'application/json': answer } } },
      refusals: ['invalid_request', 'unknown_namespace', 'not_importable', ...ACCOUNT_REFUSALS, 'keys_full'],
      async handle(input) {
        const { namespace, keys: items } = input.body
        const results = await importKeys(deps, input.params.account, { namespace, items }, granterOf(input))
        return { status: 200, headers: { 'Cache-Control': 'no-store' }, body: { items: results } }
      },
    }),
  ]
}
