import {
  createHeldList,
  type FoundStatus,
  type HeldList,
  type ListFreshness,
  type StatusRules,
  type StatusSources,
} from './held-list.ts'
import type { StatusEvent } from './tightening.ts'

export interface StatusReference {
  /** The list, already known to be one of the issuer's. */
  uri: string
  idx: number
  /** Ids of the token and of those it was exchanged from: the list also denies single tokens, with their children. */
  jtis: readonly string[]
}

/** Where the statuses of tokens come from. */
export interface StatusSource {
  /** @throws VerifyError `status_unavailable` where it cannot be told */
  read(reference: StatusReference): Promise<FoundStatus>
}

export interface RemoteStatus extends StatusSource {
  /** The issuer's stream tells of a change: stricter at once, and fetched anew where something was missed or loosened. */
  tell(event: StatusEvent): void
  /** Where the stream stands: every list that is older, or is fetched later and is older, is fetched anew. */
  follow(place: string): void
  /** The stream cannot say what was missed: every list is fetched anew when it is next needed. */
  doubt(): void
  /** Every list at hand, the longest unread first. */
  freshness(): ListFreshness[]
}

const MAX_LISTS = 256

/** Status lists: each is fetched when first needed, and again once its `ttl` is over. */
export function remoteStatus(sources: StatusSources, rules: StatusRules): RemoteStatus {
  const lists = new Map<string, HeldList>()
  let place = ''
  let versions: ReadonlyMap<string, number> = new Map()

  function listOf(uri: string): HeldList {
    const known = lists.get(uri)
    const list = known ?? createHeldList(uri, sources, rules)
    if (known === undefined) list.demand(versions.get(uri) ?? 0)
    // Most recently read last, so that the first is the one to forget.
    else lists.delete(uri)
    lists.set(uri, list)
    if (lists.size > MAX_LISTS) forgetFirst()
    return list
  }

  function forgetFirst(): void {
    const [uri, list] = lists.entries().next().value as [string, HeldList]
    list.forget()
    lists.delete(uri)
  }

  return {
    read: ({ uri, idx, jtis }) => listOf(uri).read(idx, jtis),
    tell(event) {
      // Of a list that no token has named, the place is enough.
      lists.get(event.uri)?.tell(event)
    },
    follow(latest) {
      if (latest === place) return
      place = latest
      versions = readPlace(sources.issuer, latest)
      for (const [uri, list] of lists) list.demand(versions.get(uri) ?? 0)
    },
    doubt() {
      for (const list of lists.values()) list.doubt()
    },
    freshness: () => [...lists.values()].map((list) => list.freshness()),
  }
}

/** Versions by list: `{number}.{version}-…`, as in the ids of the stream; none for what is no place. */
function readPlace(issuer: string, place: string): Map<string, number> {
  if (!/^\d{1,7}\.\d{1,15}(-\d{1,7}\.\d{1,15})*$/.test(place)) return new Map()
  return new Map(
    place.split('-').map((one): [string, number] => {
      const [number, version] = one.split('.')
      return [`${issuer}/status/${number}`, Number(version)]
    }),
  )
}
