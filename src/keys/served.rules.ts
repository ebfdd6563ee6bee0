/** What of the catalog decides what tokens allow: kept, so that what another catalog takes away can be ended. */
import type { PlanEntry } from '../catalog.ts'
import type { RightsNamespace, RightsPlan } from './rights.rules.ts'

export interface Served {
  namespaces: ReadonlyMap<string, RightsNamespace & { stage: string }>
  plans: ReadonlyMap<string, RightsPlan & Pick<PlanEntry, 'namespaces' | 'entitlements'>>
}

/** A catalog that tokens were given by, until the next one. Its id is its generation. */
export interface ServedCatalog {
  id: string
  account: ''
  /** Counts up from 1. */
  generation: number
  /** {@link writeServed} */
  text: string
  /** Accounts up to here have endings of what they had by the generation before; null: none yet. */
  after: { at: number; id: string } | null
  /** Whether all have. */
  settled: boolean
}

/** The same text for catalogs that give the same rights, however they are written. */
export function writeServed({ namespaces, plans }: Served): string {
  return JSON.stringify({
    namespaces: sorted(namespaces).map(([id, { builtIn, stage, scopes }]) => ({
      id,
      builtIn,
      retired: stage === 'retired',
      scopes: sorted(scopes).map(([name, { publishable, implies, subAccountKinds }]) => ({
        name,
        publishable,
        implies: [...implies].sort(),
        subAccountKinds: subAccountKinds === undefined ? null : [...subAccountKinds].sort(),
      })),
    })),
    plans: sorted(plans).map(([id, { namespaces, scopesByNamespace, entitlements }]) => ({
      id,
      namespaces: [...namespaces].sort(),
      scopes: sorted(scopesByNamespace).map(([namespace, scopes]) => [namespace, [...scopes].sort()]),
      entitlements: sorted(new Map(Object.entries(entitlements))),
    })),
  })
}

interface Written {
  namespaces: {
    id: string
    builtIn: boolean
    retired: boolean
    scopes: { name: string; publishable: boolean; implies: string[]; subAccountKinds: string[] | null }[]
  }[]
  plans: {
    id: string
    namespaces: string[]
    scopes: [string, string[]][]
    entitlements: [string, PlanEntry['entitlements'][string]][]
  }[]
}

export function readServed(text: string): Served {
  const { namespaces, plans } = JSON.parse(text) as Written
  return {
    namespaces: new Map(
      namespaces.map(({ id, builtIn, retired, scopes }) => {
        const entries = scopes.map((one) => [one.name, { ...one, subAccountKinds: one.subAccountKinds ?? undefined }])
        const scopeNames = new Set(scopes.map(({ name }) => name))
        const stage = retired ? 'retired' : 'stable'
        return [id, { id, builtIn, stage, scopes: new Map(entries as [string, never][]), scopeNames }]
      }),
    ),
    plans: new Map(
      plans.map(({ id, namespaces, scopes, entitlements }) => {
        const scopesByNamespace = new Map(scopes.map(([namespace, names]) => [namespace, new Set(names)]))
        return [id, { namespaces, scopesByNamespace, entitlements: Object.fromEntries(entitlements) }]
      }),
    ),
  }
}

/** Whether tokens of accounts on the plan may allow something else by one than by the other. */
export function differsOn(plan: string, one: string, other: string): boolean {
  const of = (text: string): string => {
    const { namespaces, plans } = JSON.parse(text) as Written
    return JSON.stringify([namespaces, plans.find(({ id }) => id === plan)])
  }
  return of(one) !== of(other)
}

function sorted<T>(members: ReadonlyMap<string, T>): [string, T][] {
  return [...members].sort(([a], [b]) => (a < b ? -1 : 1))
}
