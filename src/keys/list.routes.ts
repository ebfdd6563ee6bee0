import { z } from 'zod'
import { HOLDER_TYPES } from '../holders/rules.ts'
import { type Cursors, DEFAULT_PAGE, pageOf, pageQuery } from '../web/cursor.ts'
import { accountParams } from '../web/params.ts'
import { ownHolder } from '../web/principal.ts'
import { type Route, route } from '../web/route.ts'
import { countKeys } from './counts.ts'
import type { KeyDeps } from './create.ts'
import { findKeys } from './find.ts'
import { KEY_STATUSES } from './rules.ts'
import { KEYS, keyShape, showKey } from './shape.ts'
import { KEY_COLUMNS, keyRow } from './table.rules.ts'

const listQuery = z.strictObject({
  ...pageQuery,
  namespace: z.string().max(16).optional(),
  holderType: z.enum(HOLDER_TYPES).optional(),
  holderId: z.string().max(64).optional(),
  status: z.enum(KEY_STATUSES).optional(),
  q: z.string().min(1).max(100).optional().meta({
    description:
      'Part of the name, the description, the id, the last four characters, or the holder’s name or external id.',
  }),
})

const statusCounts = {
  total: z.int(),
  active: z.int(),
  suspended: z.int(),
  expired: z.int(),
  revoked: z.int(),
}
const countsShape = z
  .object({
    ...statusCounts,
    namespaces: z.array(z.object({ namespace: z.string(), ...statusCounts })).meta({
      description: 'Those that there are keys of.',
    }),
  })
  .meta({ id: 'KeyCounts' })

type ListDeps = Pick<KeyDeps, 'store' | 'now'> & { cursors: Cursors }
const shared = { tag: 'keys', errors: 'problem', access: 'keys.list', params: accountParams } as const

export function keyListRoutes(deps: ListDeps): Route[] {
  return [listRoute(deps), countRoute(deps)]
}

function listRoute({ store, now, cursors }: ListDeps): Route {
  return route({
    ...shared,
    method: 'get',
    path: KEYS,
    operationId: 'listKeys',
    summary: 'List keys',
    description: 'Where a filter matches few, a page may be short; follow nextCursor until it is null.',
    query: listQuery,
    answers: {
      200: {
        description: 'A page of keys, oldest first.',
        content: { 'application/json': pageOf(keyShape, 'KeyPage') },
      },
    },
    csvColumns: KEY_COLUMNS,
    refusals: ['invalid_request'],
    async handle({ params: { account }, query: { limit = DEFAULT_PAGE, cursor, ...asked }, caller }) {
      const own = ownHolder(caller, account)
      if (own !== null && (asked.holderId ?? own) !== own) return { status: 200, body: { items: [], nextCursor: null } }
      const filters = own === null ? asked : { ...asked, holderId: own }
      const { status, q, ...indexed } = filters
      const list = `${KEYS} ${account} ${JSON.stringify(filters)}`
      const after = cursors.read(list, cursor)
      const query = { limit, where: given(indexed), ...(after && { after }) }
      const at = now()
      const { found, next } = await findKeys(store, account, query, { status, q, now: at })
      const items = found.map(({ key, ...beside }) => showKey(key, { ...beside, now: at }))
      return { status: 200, body: { items, nextCursor: cursors.write(list, next) }, csvRows: items.map(keyRow) }
    },
  })
}

function given(filters: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(filters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function countRoute({ store, now }: ListDeps): Route {
  return route({
    ...shared,
    method: 'get',
    path: `${KEYS}/counts`,
    operationId: 'countKeys',
    summary: 'Count keys by namespace and status',
    answers: { 200: { description: 'How many there are.', content: { 'application/json': countsShape } } },
    refusals: [],
    async handle({ params: { account }, caller }) {
      const own = ownHolder(caller, account)
      const where = own === null ? {} : { holderId: own }
      return { status: 200, body: await countKeys(store, account, where, now()) }
    },
  })
}
