import type { Grant } from '../keys/rights.rules.ts'

export const HOLDER_TYPES = ['partner', 'affiliate', 'vendor', 'advertiser', 'machine'] as const
export type HolderType = (typeof HOLDER_TYPES)[number]

export const HOLDER_STATUSES = ['onboarding', 'active', 'suspended'] as const

/** Whom a key is for: a partner, an affiliate, a vendor, an advertiser, a machine. */
export interface Holder {
  /** `hld_…` */
  id: string
  account: string
  type: HolderType
  name: string
  /** The operator's own id of this holder, carried in tokens. */
  externalId: string | null
  email: string | null
  /** A ceiling over every key of the holder; null: none of its own. */
  grants: Grant[] | null
  status: (typeof HOLDER_STATUSES)[number]
  /** While suspended: whether they were still in onboarding before. */
  onboarding?: boolean
  flags: string[]
  customData: Record<string, unknown>
  createdAt: number
  version: number
}
