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
export type Counter = 'exchanges' | 'refused' | 'rateLimited' | 'verified' | 'denied'
