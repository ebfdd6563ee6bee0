/** Changes of status pushed to whoever follows (SSE); what a signed list says later, said at once. */
import { addressBucket } from '../keys/addresses.rules.ts'
import { EVERY_ACCOUNT, type Store } from '../store/store.ts'
import { createFollower, type Follower } from './follower.ts'
import type { ListChange, Publisher } from './publish.ts'
import { listId, statusUri, VALID } from './rules.ts'

export interface Streams {
  /**
   * Events of a namespace from now on, and those since `lastEventId` before them. Null where too many follow already,
   * in all or from that address: the rest poll.
   */
  open(namespace: string, lastEventId: string | undefined, address: string): AsyncIterable<string> | null
  /** Tells that signing keys are gone, so that nothing signed with them is taken any more. */
  keysRemoved(namespace: string, kids: readonly string[]): void
  /** A sign of life to all, so that a connection that is gone shows. */
  beat(): void
  /** Ends every stream. */
  close(): void
}

/** Over all addresses and namespaces, in this process: there are sockets left for the exchange. */
const MAX_STREAMS = 1_000
/** Of one address, or of one IPv6 network, lest one client take the places of all. */
const MAX_STREAMS_PER_ADDRESS = 250
/** In one event; more are told in several. */
const MAX_CHANGES = 1_000
/** Read from the store for one who comes back; who has missed more starts anew. */
const MAX_MISSED = 1_000

export function createStreams(deps: {
  store: Store
  publisher: Publisher
  issuerOf: (namespace: string) => string
  /** Signing keys that are gone before their time: said to everybody who connects, for they may have been away. */
  keysTakenAway: (namespace: string) => readonly string[]
}): Streams {
  const { store, publisher, issuerOf, keysTakenAway } = deps
  const followers = new Map<Follower, { namespace: string; from: string }>()
  let closed = false
  publisher.onChange((change) => {
    const texts = eventsOf(change)
    for (const [follower, { namespace }] of followers) if (namespace === change.namespace) follower.push(texts)
  })

  /** Where the namespace's lists stand: the same in every instance, so that any of them can go on from it. */
  function place(namespace: string): string {
    return [...publisher.versions(namespace)].map(([number, version]) => `${number}.${version}`).join('-')
  }

  function eventsOf({ namespace, number, since, version, changed, denied }: ListChange): string[] {
    const uri = statusUri(issuerOf(namespace), number)
    const parts = partsOf({ changed, denied })
    // Only the last carries the place: who loses the connection in between gets all of it again.
    return parts.map((part, i) => {
      const id = i === parts.length - 1 ? `id: ${place(namespace)}\n` : ''
      return `${id}event: status\ndata: ${JSON.stringify({ uri, version, since, ...part })}\n\n`
    })
  }

  async function missed(namespace: string, lastEventId: string): Promise<string[]> {
    const seen = readPlace(lastEventId)
    if (seen === null) return [reset(namespace)]
    // Another instance may have read more than this one has.
    if (isAhead(seen, publisher.versions(namespace))) await publisher.refresh()
    if (isAhead(seen, publisher.versions(namespace))) return [reset(namespace)]
    const texts: string[] = []
    for (const [number, version] of publisher.versions(namespace)) {
      const since = seen.get(number) ?? 0
      if (since >= version) continue
      const change = await changesSince(namespace, number, since, version)
      if (change === null) return [reset(namespace)]
      texts.push(...eventsOf(change))
    }
    return texts
  }

  async function changesSince(
    namespace: string,
    number: number,
    since: number,
    version: number,
  ): Promise<ListChange | null> {
    const id = listId(namespace, number)
    const [list, entries] = await Promise.all([
      store.get('', 'statusLists', id),
      store.page(EVERY_ACCOUNT, 'statusEntries', {
        where: { list: id },
        after: { at: since, id: '\uffff' },
        limit: MAX_MISSED,
      }),
    ])
    if (list === null || entries.next !== null) return null
    const changed = entries.items.map(({ index, value }) => ({ idx: index, value }))
    return { namespace, number, since, version, changed, denied: list.denied }
  }

  function reset(namespace: string): string {
    return `id: ${place(namespace)}\nevent: reset\ndata: {}\n\n`
  }

  async function first(namespace: string, lastEventId: string | undefined): Promise<string[]> {
    const gone = keysTakenAway(namespace)
    const keys = gone.length === 0 ? [] : [keysEvent(gone)]
    // An id alone is no event, but the place to go on from.
    if (lastEventId === undefined) return [`retry: 1000\nid: ${place(namespace)}\n\n`, ...keys]
    return ['retry: 1000\n\n', ...keys, ...(await missed(namespace, lastEventId).catch(() => [reset(namespace)]))]
  }

  return {
    open(namespace, lastEventId, address) {
      // A stream that begins while the server ends would keep it from ending.
      if (closed || followers.size >= MAX_STREAMS) return null
      const from = addressBucket(address)
      const same = [...followers.values()].filter((one) => one.from === from).length
      if (same >= MAX_STREAMS_PER_ADDRESS) return null
      const follower = createFollower(
        () => first(namespace, lastEventId),
        () => followers.delete(follower),
      )
      followers.set(follower, { namespace, from })
      return follower
    },
    keysRemoved(namespace, kids) {
      const text = keysEvent(kids)
      for (const [follower, of] of followers) if (of.namespace === namespace) follower.push([text])
    },
    beat() {
      for (const follower of followers.keys()) follower.push([':\n\n'])
    },
    close() {
      closed = true
      for (const follower of [...followers.keys()]) follower.end()
    },
  }
}

type Told = Pick<ListChange, 'changed' | 'denied'>

/** What is told in one event each: what was tightened, and by an event of nothing that something was loosened. */
function partsOf({ changed, denied }: Told): Told[] {
  const tightened = changed.filter(({ value }) => value !== VALID)
  const parts: Told[] = []
  for (let from = 0; from < tightened.length; from += MAX_CHANGES)
    parts.push({ changed: tightened.slice(from, from + MAX_CHANGES), denied: [] })
  if (denied.length > 0) parts.push({ changed: parts.pop()?.changed ?? [], denied })
  const isLoosened = tightened.length < changed.length
  return isLoosened || parts.length === 0 ? [...parts, { changed: [], denied: [] }] : parts
}

/** Whether the place names a list that is not there, or a version that is still to come. */
function isAhead(seen: ReadonlyMap<number, number>, versions: ReadonlyMap<number, number>): boolean {
  return [...seen].some(([number, version]) => version > (versions.get(number) ?? -1))
}

function keysEvent(removed: readonly string[]): string {
  return `event: keys\ndata: ${JSON.stringify({ removed })}\n\n`
}

/** Versions by number of the list; null for what is no place. */
function readPlace(text: string): Map<number, number> | null {
  if (text === '') return new Map()
  if (text.length > 1_000 || !/^\d{1,7}\.\d{1,15}(-\d{1,7}\.\d{1,15})*$/.test(text)) return null
  return new Map(text.split('-').map((one) => one.split('.').map(Number) as [number, number]))
}
