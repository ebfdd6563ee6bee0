import { z } from 'zod'
import type { NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { unmodified } from '../web/cache.ts'
import type { RequestFacts } from '../web/request.ts'
import { type Reply, type Route, route } from '../web/route.ts'
import type { PublishedList, Publisher } from './publish.ts'
import type { Streams } from './stream.ts'

const TYPE = 'application/statuslist+jwt'
const listParams = z.object({
  list: z.string().meta({ description: 'Number of the list, as in the token’s `status.status_list.uri`.' }),
})
const listQuery = z.looseObject({ time: z.string().optional() })

function sharedBy(namespace: NamespaceEntry) {
  return {
    namespace: namespace.id,
    cors: true,
    access: 'public',
    errors: 'problem',
    tag: 'keys to verify with',
    method: 'get',
  } as const
}

/** Token Status List (draft-ietf-oauth-status-list-21 §8). */
export function statusRoutes(namespace: NamespaceEntry, publisher: Publisher, streams: Streams): Route[] {
  const shared = sharedBy(namespace)
  return [
    route({
      ...shared,
      path: `/${namespace.id}/status/{list}`,
      operationId: 'statusList',
      summary: 'Signed Token Status List',
      description:
        'Two bits an entry: 0 valid, 1 invalid, 2 suspended. `version` never goes back; `denied_jti` names tokens denied one by one. ' +
        'In gzip where `Accept-Encoding` takes it.',
      params: listParams,
      query: listQuery,
      answers: {
        200: { description: 'The Status List Token.', content: { [TYPE]: z.string() } },
        304: { description: 'Unchanged.' },
      },
      refusals: ['not_found', 'store_unavailable', 'no_history'],
      async handle({ params, query, request }) {
        if (query.time !== undefined) throw new Refusal('no_history')
        if (!(await publisher.knows(namespace.id, params.list))) throw new Refusal('not_found')
        const list = await publisher.list(namespace.id, params.list)
        if (list === null) throw new Refusal('store_unavailable', { retryAfterSeconds: 2 })
        return answer(list, request)
      },
    }),
    route({
      ...shared,
      path: `/${namespace.id}/status`,
      operationId: 'statusLists',
      summary: 'All status lists of the namespace',
      answers: {
        200: {
          description: 'Their URIs.',
          content: { 'application/json': z.object({ status_lists: z.array(z.string()) }) },
        },
      },
      refusals: [],
      handle: async () => ({
        status: 200,
        headers: { 'Cache-Control': 'public, max-age=60' },
        body: { status_lists: publisher.uris(namespace.id) },
      }),
    }),
    streamRoute(namespace, streams),
  ]
}

/** The two forms of its body have tags of their own (RFC 9110 §8.8.3). */
function answer({ etag, token, gzipped }: PublishedList, request: RequestFacts): Reply {
  const zipped = request.takesGzip
  const tag = zipped ? etag.replace(/"$/, '-gzip"') : etag
  const headers = { ETag: tag, 'Cache-Control': 'public, max-age=1, stale-if-error=300', Vary: 'Accept-Encoding' }
  if (unmodified(request, tag)) return { status: 304, headers }
  if (!zipped) return { status: 200, headers, type: TYPE, body: token }
  return { status: 200, headers: { ...headers, 'Content-Encoding': 'gzip' }, type: TYPE, body: gzipped }
}

function streamRoute(namespace: NamespaceEntry, streams: Streams): Route {
  return route({
    ...sharedBy(namespace),
    path: `/${namespace.id}/revocations`,
    operationId: 'revocations',
    summary: 'Changes of status as they happen (server-sent events)',
    description:
      '`event: status` tells what was tightened since a version of a list, `event: reset` that too much was missed: fetch the lists. ' +
      'It is a hint that makes verifiers faster and never more lenient: a loosening is taken from the signed list alone. ' +
      '`event: keys` names signing keys that were taken away. `Last-Event-ID` goes on from there, at any instance. An instance has 1,000 streams, of which one address may have 250; who gets none polls the lists.',
    answers: {
      200: { description: 'The stream; a comment every 15 seconds.', content: { 'text/event-stream': z.string() } },
    },
    refusals: ['streams_full'],
    async handle({ request }) {
      const body = streams.open(namespace.id, request.header('last-event-id'), request.address)
      if (body === null) throw new Refusal('streams_full', { retryAfterSeconds: 30 })
      const headers = { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' }
      return { status: 200, headers, type: 'text/event-stream', body }
    },
  })
}
