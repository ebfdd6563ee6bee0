import { promisify } from 'node:util'
import { constants, deflate, gzip } from 'node:zlib'
import type { Catalog } from '../catalog.ts'
import type { Signer } from '../signing/keyring.ts'
import { EVERY_ACCOUNT, type Kept, type Store } from '../store/store.ts'
import { emptyList, listId, type StatusList, setEntry, statusClaims, statusUri } from './rules.ts'

const compress = promisify(deflate)
const zip = promisify(gzip)
/**
 * A list is long runs of zeros: looked at as runs, a million entries take about a millisecond, and a hundred times that
 * in the usual way, for the same length.
 */
const COMPRESSION = { level: 9, strategy: constants.Z_RLE }
const PAGE = 1000
/** A list that is asked for and has not changed: verifiers judge by its `iat` how far the server is still in touch. */
const SIGN_ANEW_SECONDS = 5
/** A list that is not known is looked for in the store at most this often. */
const LOOK_AGAIN_MS = 200

export interface PublishedList {
  token: string
  /** The token for those who take `Content-Encoding: gzip`. */
  gzipped: Uint8Array
  /** Of the key that it is signed with. */
  kid: string
  etag: string
  version: number
  /** UTC seconds. */
  iat: number
  exp: number
}

export interface Publisher {
  /** Reads what has changed since the last call and signs it. Rejects when the store is down. */
  refresh(): Promise<void>
  /** The signed list; null where there is none, or none that has not expired. */
  list(namespace: string, number: string): Promise<PublishedList | null>
  /** Whether there is such a list; one made by another instance a moment ago is looked for. */
  knows(namespace: string, number: string): Promise<boolean>
  /** Absolute URIs of the namespace's lists. */
  uris(namespace: string): string[]
  /** Versions of the namespace's lists by number, as this instance knows them. */
  versions(namespace: string): ReadonlyMap<number, number>
  /** Calls `tell` with every change as it is read. */
  onChange(tell: (change: ListChange) => void): void
  /** The value at an index as this instance knows it, and whether the token is denied by its jti. */
  look(namespace: string, number: string, index: number, jti: string): { value: number; denied: boolean } | null
}

/** What became of one list between two versions. */
export interface ListChange {
  namespace: string
  number: number
  since: number
  version: number
  changed: readonly { idx: number; value: number }[]
  /** Denied since. */
  denied: readonly { jti: string; exp: number }[]
}

interface Loaded {
  list: StatusList
  packed: Uint8Array
  signed: PublishedList | null
  signing: Promise<void> | null
}

export function createPublisher(deps: {
  store: Store
  catalog: Catalog
  signer: (namespace: string) => Signer
  now: () => number
}): Publisher {
  const { store, catalog, signer, now } = deps
  const lists = new Map<string, Loaded>()
  const listeners: ((change: ListChange) => void)[] = []
  let refreshing: Promise<void> | null = null
  let current = false
  /** When the last successful read began. */
  let readAt = 0
  let lookedAt = Number.NEGATIVE_INFINITY

  async function load(kept: Kept<StatusList>): Promise<void> {
    const known = lists.get(kept.id)
    if (known?.list.version === kept.version) return
    const loaded = known ?? { list: kept, packed: emptyList(kept.size), signed: null, signing: null }
    const since = known?.list.version ?? 0
    const deniedBefore = new Set(known?.list.denied.map(({ jti }) => jti))
    const changed: { idx: number; value: number }[] = []
    let after = { at: since, id: '\uffff' }
    for (;;) {
      const page = await store.page(EVERY_ACCOUNT, 'statusEntries', { where: { list: kept.id }, after, limit: PAGE })
      for (const { index, value } of page.items) {
        setEntry(loaded.packed, index, value)
        changed.push({ idx: index, value })
      }
      if (page.next === null) break
      after = page.next
    }
    loaded.list = kept
    lists.set(kept.id, loaded)
    const { namespace, number, version } = kept
    const denied = kept.denied.filter(({ jti }) => !deniedBefore.has(jti))
    for (const tell of listeners) tell({ namespace, number, since, version, changed, denied })
  }

  async function sign(loaded: Loaded): Promise<void> {
    const { list } = loaded
    const namespace = catalog.namespaces.get(list.namespace)
    if (namespace === undefined) return
    const packed = await compress(loaded.packed, COMPRESSION)
    const claims = statusClaims({
      issuer: namespace.issuer,
      number: list.number,
      version: list.version,
      denied: list.denied,
      lst: packed.toString('base64url'),
      ttlSeconds: namespace.statusListTtlSeconds,
      // As old as what is known, however late it is signed.
      iat: Math.floor(readAt / 1000),
    })
    const { kid, sign } = signer(list.namespace)
    const token = await sign({ typ: 'statuslist+jwt' }, { ...claims })
    const gzipped = await zip(token)
    if (loaded.signed !== null && loaded.signed.version > list.version) return
    loaded.signed = {
      token,
      gzipped,
      kid,
      etag: `"${list.version}-${claims.iat}"`,
      version: list.version,
      iat: claims.iat,
      exp: claims.exp,
    }
  }

  /** A list by a key that is gone is as good as none. */
  function isOutdated({ list, signed }: Loaded): boolean {
    if (signed?.version !== list.version) return true
    return catalog.namespaces.has(list.namespace) && signed.kid !== signer(list.namespace).kid
  }

  async function readAll(): Promise<void> {
    const startedAt = now()
    try {
      let after: { at: number; id: string } | undefined
      do {
        const page = await store.page(
          EVERY_ACCOUNT,
          'statusLists',
          after === undefined ? { limit: PAGE } : { limit: PAGE, after },
        )
        for (const kept of page.items) await load(kept)
        after = page.next ?? undefined
      } while (after !== undefined)
      readAt = startedAt
      current = true
      for (const loaded of lists.values()) if (isOutdated(loaded)) await sign(loaded)
    } catch (error) {
      current = false
      throw error
    }
  }

  async function refresh(): Promise<void> {
    // A call that comes in while one runs must see what was committed before it: it waits for a read of its own.
    if (refreshing !== null) await refreshing.catch(() => {})
    refreshing ??= readAll().finally(() => {
      refreshing = null
    })
    await refreshing
  }

  return {
    refresh,
    async knows(namespace, number) {
      const id = listIdOf(namespace, number)
      // Made-up numbers must not reach the store each time.
      if (!lists.has(id) && now() - lookedAt >= LOOK_AGAIN_MS) {
        lookedAt = now()
        await refresh()
      }
      return lists.has(id)
    },
    async list(namespace, number) {
      const loaded = lists.get(listIdOf(namespace, number))
      const entry = catalog.namespaces.get(namespace)
      if (loaded === undefined || entry === undefined) return null
      const seconds = now() / 1000
      const age = loaded.signed === null ? Number.POSITIVE_INFINITY : seconds - loaded.signed.iat
      // An age below zero is a clock set back: sign anew rather than serve a list from the future.
      const due = age >= Math.min(entry.statusListTtlSeconds / 2, SIGN_ANEW_SECONDS) || age < 0
      if (current && due && Math.floor(readAt / 1000) !== loaded.signed?.iat) {
        loaded.signing ??= sign(loaded).finally(() => {
          loaded.signing = null
        })
        await loaded.signing
      }
      return loaded.signed !== null && loaded.signed.exp > seconds ? loaded.signed : null
    },
    uris(namespace) {
      const issuer = catalog.namespaces.get(namespace)?.issuer ?? ''
      return [...lists.values()]
        .filter(({ list }) => list.namespace === namespace)
        .map(({ list }) => list.number)
        .sort((a, b) => a - b)
        .map((n) => statusUri(issuer, n))
    },
    versions(namespace) {
      const own = [...lists.values()].filter(({ list }) => list.namespace === namespace)
      return new Map(own.map(({ list }) => [list.number, list.version]))
    },
    onChange(tell) {
      listeners.push(tell)
    },
    look(namespace, number, index, jti) {
      const loaded = lists.get(listIdOf(namespace, number))
      if (loaded === undefined || index < 0 || index >= loaded.list.size) return null
      const byte = loaded.packed[(index * 2) >> 3] as number
      return { value: (byte >> ((index * 2) & 7)) & 3, denied: loaded.list.denied.some((d) => d.jti === jti) }
    },
  }
}

/** A number in any other form names no list. */
function listIdOf(namespace: string, number: string): string {
  return listId(namespace, /^(0|[1-9]\d{0,6})$/.test(number) ? Number(number) : -1)
}
