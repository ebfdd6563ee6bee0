/** Every limit of the exchange counts over one minute. */
export const WINDOW_SECONDS = 60

/** What one key did in one namespace on one UTC day with one set of scopes. */
export interface UsageCount {
  /** `{day}/{keyId}/{scopes}` */
  id: string
  account: string
  /** `YYYY-MM` */
  month: string
  /** `YYYYMMDD` as a number. */
  day: number
  keyId: string
  namespace: string
  holderId: string | null
  /** Space-separated, sorted; '' for none. */
  scopes: string
  exchanges: number
  refused: number
  rateLimited: number
  verified: number
  denied: number
}
export const COUNTERS = ['exchanges', 'refused', 'rateLimited', 'verified', 'denied'] as const
export type Counter = (typeof COUNTERS)[number]
export type Counts = Record<Counter, number>

export const USAGE_GROUPS = ['day', 'key', 'holder', 'scope', 'namespace'] as const
export type UsageGroup = (typeof USAGE_GROUPS)[number]

/** Months that usage can be asked for, this one among them. */
export const USAGE_MONTHS = 25

/** `YYYY-MM`, UTC. */
export function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7)
}

/** Whether the month is this one or one of those before it that are kept. */
export function isUsageMonth(month: string, now: number): boolean {
  const since = new Date(now)
  since.setUTCDate(1)
  since.setUTCMonth(since.getUTCMonth() - (USAGE_MONTHS - 1))
  return month >= monthOf(since.getTime()) && month <= monthOf(now)
}

export type UsageItem = { [G in UsageGroup]?: string | null } & Counts
export interface UsageTable {
  add(count: UsageCount): void
  /** `total` counts once what `items`, where they are grouped by scope, count under each scope. */
  result(): { total: Counts; items: UsageItem[] }
}

/** Sums counts by the members asked for. */
export function usageTable(groups: readonly UsageGroup[]): UsageTable {
  const total = noCounts()
  const rows = new Map<string, UsageItem>()
  return {
    add(count) {
      addTo(total, count)
      const scopes = groups.includes('scope') ? count.scopes.split(' ') : ['']
      for (const scope of scopes) {
        const members = groups.map((group) => [group, memberOf(group, count, scope)] as const)
        const id = JSON.stringify(members)
        const row = rows.get(id) ?? { ...Object.fromEntries(members), ...noCounts() }
        rows.set(id, row)
        addTo(row, count)
      }
    },
    result: () => ({ total, items: [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row) }),
  }
}

function memberOf(group: UsageGroup, { day, keyId, holderId, namespace }: UsageCount, scope: string): string | null {
  if (group === 'day') return String(day).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  if (group === 'key') return keyId
  if (group === 'holder') return holderId
  return group === 'namespace' ? namespace : scope || null
}

function noCounts(): Counts {
  return { exchanges: 0, refused: 0, rateLimited: 0, verified: 0, denied: 0 }
}

function addTo(sum: Counts, count: Counts): void {
  for (const counter of COUNTERS) sum[counter] += count[counter]
}
