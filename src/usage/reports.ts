/** What resource servers verified offline, as they report it. */
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import type { ApiKey } from '../keys/rules.ts'
import type { Merge, Scope, Store } from '../store/store.ts'
import { usageIdOf, usageMerge } from './counters.ts'
import { isUsageMonth, monthOf } from './rules.ts'

export interface UsageReport {
  /** Unique among the caller's reports of a day: sent again, it counts once. */
  batchId: string
  entries: readonly UsageEntry[]
}

export interface UsageEntry {
  keyId: string
  namespace: string
  /** Space-separated. */
  scope: string
  /** UTC ms, any instant of the hour. */
  hour: number
  verified: number
  denied: number
}

export interface ReportDeps {
  store: Store
  catalog: Catalog
  now: () => number
}

/** Clocks of resource servers may be ahead by this much. */
const AHEAD_MS = 3_600_000

/**
 * Adds the report to the counts. What names no key in reach, a scope that is none, or a month that is not kept is
 * ignored.
 *
 * @param reach whose keys the caller may report on
 */
export async function reportUsage(
  { store, catalog, now }: ReportDeps,
  { batchId, entries }: UsageReport,
  { id: caller, reach }: { id: string; reach: Scope },
): Promise<{ accepted: number; ignored: number }> {
  const ids = [...new Set(entries.map(({ keyId }) => keyId))]
  const found = await store.getMany(
    reach,
    ids.map((id) => ({ collection: 'keys', id })),
  )
  const keys = new Map(ids.map((id, i) => [id, found[i] as unknown as ApiKey | null]))
  const merges = new Map<string, Merge & { add: Record<string, number> }>()
  let accepted = 0
  for (const entry of entries) {
    const key = keys.get(entry.keyId)
    if (!key || !isCountable(entry, key, catalog.namespaces.get(key.namespace), now())) continue
    accepted += 1
    const { account, namespace, holderId } = key
    const counted = { keyId: key.id, account, namespace, holderId, scopes: scopesOf(entry).join(' ') }
    const id = usageIdOf(counted, entry.hour)
    const merge = merges.get(id) ?? usageMerge(counted, id, entry.hour)
    merges.set(id, merge)
    for (const counter of ['verified', 'denied'] as const)
      merge.add[counter] = (merge.add[counter] ?? 0) + entry[counter]
  }
  if (merges.size > 0) await store.merge(`report:${caller}:${batchId}`, [...merges.values()])
  return { accepted, ignored: entries.length - accepted }
}

function isCountable(entry: UsageEntry, key: ApiKey, namespace: NamespaceEntry | undefined, now: number): boolean {
  if (namespace?.id !== entry.namespace || !scopesOf(entry).every((scope) => namespace.scopes.has(scope))) return false
  return (
    entry.hour <= now + AHEAD_MS && entry.hour >= key.createdAt - AHEAD_MS && isUsageMonth(monthOf(entry.hour), now)
  )
}

function scopesOf({ scope }: UsageEntry): string[] {
  return [...new Set(scope.split(' ').filter(Boolean))].sort()
}
