import { z } from 'zod'
import type { ApiKey } from '../keys/rules.ts'
import type { EventDocument, Page, Position, Store } from '../store/store.ts'
import { type Cursors, DEFAULT_PAGE, pageOf, pageQuery } from '../web/cursor.ts'
import { accountParams } from '../web/params.ts'
import { ownHolder } from '../web/principal.ts'
import { type Route, route } from '../web/route.ts'
import { iso } from '../web/time.ts'
import type { Verification } from './verify.ts'

const person = z.object({ type: z.string(), id: z.string().nullable(), name: z.string() })
export const eventShape = z
  .object({
    id: z.string(),
    type: z.string(),
    time: z.iso.datetime(),
    account: z.string(),
    seq: z.int().meta({ description: 'From 1 in each account, without gap.' }),
    requestId: z.string().nullable(),
    actor: person.extend({ onBehalfOf: z.string().optional() }),
    subject: person.extend({ id: z.string() }),
    data: z
      .record(z.string(), z.unknown())
      .meta({ description: '`object` is the subject exactly as its GET shows it.' }),
  })
  .meta({ id: 'Event' })

const listQuery = z.strictObject({
  ...pageQuery,
  after: z
    .string()
    .regex(/^\d{1,15}$/, { error: 'must be a seq' })
    .transform(Number)
    .optional()
    .meta({ description: 'Start behind this seq.', type: 'integer' }),
  type: z.string().max(64).optional(),
  subject: z.string().max(64).optional().meta({ description: 'Id of the subject.' }),
  order: z.enum(['asc', 'desc']).default('asc'),
})

const verificationShape = z
  .object({
    ok: z.boolean(),
    checked: z.int().meta({ description: 'Events that hold, from the first that is kept.' }),
    firstBad: z.int().nullable().meta({ description: 'The first seq that is changed, missing or out of its place.' }),
    missingMasterKeys: z
      .array(z.string())
      .optional()
      .meta({
        description:
          'Only where nobody can tell whether the log holds from `firstBad` on: ids of the master keys it was sealed ' +
          'under there, which the server was not given. Give them to it behind its own, and ask again.',
      }),
  })
  .meta({ id: 'EventVerification' })

const EVENTS = '/manage/accounts/{account}/events'

export interface EventRouteDeps {
  store: Store
  cursors: Cursors
  verifyEvents: (account: string) => Promise<Verification>
}

export function eventRoutes(deps: EventRouteDeps): Route[] {
  return [
    verification(deps),
    route({
      method: 'get',
      path: EVENTS,
      operationId: 'listEvents',
      tag: 'events',
      summary: 'Read the event log',
      errors: 'problem',
      access: 'events.list',
      params: accountParams,
      query: listQuery,
      answers: {
        200: { description: 'A page of events.', content: { 'application/json': pageOf(eventShape, 'EventPage') } },
      },
      refusals: ['invalid_request'],
      async handle({ params: { account }, query, caller }) {
        const { limit = DEFAULT_PAGE, cursor, after: seq, type, subject, order } = query
        const list = `${EVENTS} ${account} ${JSON.stringify([type, subject, order])}`
        // '\uffff' lies behind every id, so that the event of that seq itself is left out.
        const after =
          deps.cursors.read(list, cursor) ??
          (seq === undefined ? undefined : { at: seq, id: order === 'asc' ? '\uffff' : '' })
        const where = {
          ...(type === undefined ? {} : { type }),
          ...(await ofSubjects(deps.store, account, subject, ownHolder(caller, account))),
        }
        const page = await deps.store.page(account, 'events', {
          limit,
          where,
          order,
          ...(after === undefined ? {} : { after }),
        })
        return {
          status: 200,
          body: { items: page.items.map(showEvent), nextCursor: deps.cursors.write(list, page.next) },
        }
      },
    }),
  ]
}

function verification({ verifyEvents }: EventRouteDeps): Route {
  return route({
    method: 'get',
    path: `${EVENTS}/verification`,
    operationId: 'verifyEvents',
    tag: 'events',
    summary: 'Verify the event log',
    description:
      'Computes the MAC of every event that is kept, each chained to what stood before, and compares the last with the ' +
      'account’s sealed head: whatever was changed, removed, moved or cut off in the database shows. ' +
      'Takes a while on a long log.',
    errors: 'problem',
    access: 'events.verify',
    params: accountParams,
    answers: {
      200: { description: 'Whether the log is whole.', content: { 'application/json': verificationShape } },
    },
    refusals: [],
    handle: async ({ params: { account } }) => ({ status: 200, body: await verifyEvents(account) }),
  })
}

/** Somebody of role `holder` sees the events of their own keys, and no others. */
async function ofSubjects(store: Store, account: string, subject: string | undefined, holderId: string | null) {
  if (holderId === null) return subject === undefined ? {} : { 'subject.id': subject }
  const own = await keysOf(store, account, holderId)
  return { 'subject.id': subject === undefined ? own : own.filter((id) => id === subject) }
}

async function keysOf(store: Store, account: string, holderId: string): Promise<string[]> {
  const ids: string[] = []
  let after: Position | null = null
  do {
    const page: Page<ApiKey> = await store.page(account, 'keys', {
      where: { holderId },
      limit: 1000,
      ...(after === null ? {} : { after }),
    })
    ids.push(...page.items.map(({ id }) => id))
    after = page.next
  } while (after !== null)
  return ids
}

export function showEvent(event: EventDocument): z.output<typeof eventShape> {
  const { id, type, time, account, seq, requestId, actor, subject, data } = event
  return { id, type, time: iso(time), account, seq, requestId, actor, subject, data }
}
