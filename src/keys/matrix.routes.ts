import { z } from 'zod'
import { type Cursors, pageQuery } from '../web/cursor.ts'
import { accountParams } from '../web/params.ts'
import { type Route, route } from '../web/route.ts'
import { granterOf } from './asker.ts'
import type { KeyDeps } from './create.ts'
import { requireEachOnce } from './matrix.rules.ts'
import { changeMatrix, flatRowsOf, matrixPage, rowOf, wholeMatrix } from './matrix.ts'
import { wishMembers } from './wish.shape.ts'

const ROWS_AT_ONCE = 200

const namespace = z.string().max(16).meta({ description: 'Namespace of the keys.' })
const row = z
  .strictObject({
    keyId: z.string().regex(/^key_[0-9A-Za-z]{12}$/, { error: 'must be the id of a key' }),
    version: z.int().min(1).meta({ description: 'As it was read: in place of If-Match.' }),
    grants: wishMembers.grants,
  })
  .meta({ id: 'MatrixRow' })
const matrixBody = z.strictObject({ rows: z.array(row).min(1) }).meta({ id: 'ChangeMatrix' })
const rows = z.array(row)

const MATRIX = '/manage/accounts/{account}/matrix'
const shared = { tag: 'keys', errors: 'problem', path: MATRIX, params: accountParams } as const

export function matrixRoutes(deps: KeyDeps & { cursors: Cursors }): Route[] {
  return [readRoute(deps), writeRoute(deps)]
}

function readRoute({ store, cursors }: KeyDeps & { cursors: Cursors }): Route {
  const page = z.object({ rows, nextCursor: z.string().nullable() }).meta({ id: 'MatrixPage' })
  return route({
    ...shared,
    method: 'get',
    operationId: 'describeMatrix',
    summary: 'The permission matrix of a namespace',
    description:
      'A row a key, revoked ones left out: all of them, or with limit or cursor a page. As CSV a row a grant.',
    access: 'matrix.describe',
    csvColumns: ['keyId', 'name', 'version', 'subAccount', 'scopes'],
    query: z.strictObject({ ...pageQuery, namespace }),
    answers: { 200: { description: 'The rows.', content: { 'application/json': page } } },
    refusals: ['invalid_request'],
    async handle({ params: { account }, query: { namespace, limit, cursor } }) {
      const list = `${MATRIX} ${account} ${namespace}`
      const whole = limit === undefined && cursor === undefined
      const { items, next } = await (whole ? wholeMatrix : matrixPage)(store, account, namespace, {
        limit: limit ?? ROWS_AT_ONCE,
        after: cursors.read(list, cursor),
      })
      const body = { rows: items.map(rowOf), nextCursor: cursors.write(list, next) }
      return { status: 200, body, csvRows: items.flatMap(flatRowsOf) }
    },
  })
}

function writeRoute(deps: KeyDeps): Route {
  return route({
    ...shared,
    method: 'put',
    operationId: 'changeMatrix',
    summary: 'Write rows of the permission matrix, all or none',
    description:
      'As many rows as the body holds; keys that are not named stay as they are. A row whose version is not the present one is 412, and nothing is written. Tokens of keys that lose something end.',
    access: 'matrix.change',
    query: z.strictObject({ namespace }),
    body: {
      kinds: ['json'],
      schema: matrixBody,
      inParts: 'Write the rows in parts: those not named stay as they are.',
    },
    answers: {
      200: {
        description: 'The rows that were named, as they are now.',
        content: { 'application/json': z.object({ rows }).meta({ id: 'Matrix' }) },
      },
    },
    refusals: [
      'invalid_request',
      'not_found',
      'precondition_failed',
      'key_revoked',
      'exceeds_your_rights',
      'not_publishable',
      'unknown_scope',
      'unknown_namespace',
      'unknown_sub_account',
    ],
    async handle(input) {
      const { params, query, body } = input
      requireEachOnce(body.rows)
      const written = await changeMatrix(deps, { ...params, ...query, asker: granterOf(input) }, body.rows)
      return { status: 200, body: { rows: written } }
    },
  })
}
