/** A key as a row of a table: one value a cell, for whoever looks after partners in a spreadsheet. */
import { type Grant, rightsText } from './rights.rules.ts'
import type { ShownKey } from './shape.ts'

type Cells = Readonly<Record<string, (key: ShownKey) => unknown>>

const CELLS = {
  id: ({ id }) => id,
  account: ({ account }) => account,
  namespace: ({ namespace }) => namespace,
  name: ({ name }) => name,
  description: ({ description }) => description,
  kind: ({ kind }) => kind,
  status: ({ status }) => status,
  holderType: ({ holder }) => holder?.type,
  holder: ({ holder }) => holder?.name,
  holderId: ({ holder }) => holder?.id,
  externalId: ({ holder }) => holder?.externalId,
  rights: ({ grants }) => rightsText(grants),
  subAccounts: ({ grants }) => subAccountsOf(grants),
  allowedIps: ({ allowedIps }) => allowedIps,
  allowedOrigins: ({ allowedOrigins }) => allowedOrigins,
  last4: ({ secrets }) => secrets.map((secret) => secret.last4),
  createdAt: ({ createdAt }) => createdAt,
  createdBy: ({ createdBy }) => createdBy.name,
  updatedAt: ({ updatedAt }) => updatedAt,
  lastUsedAt: ({ lastUsedAt }) => lastUsedAt,
  expiresAt: ({ expiresAt }) => expiresAt,
  rotationEndsAt: ({ rotation }) => rotation?.endsAt,
  revokedAt: ({ revoked }) => revoked?.at,
  revokedBy: ({ revoked }) => revoked?.by.name,
  revokedReason: ({ revoked }) => revoked?.reason,
  revokedNote: ({ revoked }) => revoked?.note,
  tokenEndpointAuthMethod: ({ tokenEndpointAuthMethod }) => tokenEndpointAuthMethod,
  dpopBoundAccessTokens: ({ dpopBoundAccessTokens }) => dpopBoundAccessTokens,
  customData: ({ customData }) => customData,
  version: ({ version }) => version,
} satisfies Cells

export type KeyColumn = keyof typeof CELLS

export const KEY_COLUMNS = Object.keys(CELLS) as readonly KeyColumn[]

export function keyRow(key: ShownKey): Record<KeyColumn, unknown> {
  const cells = KEY_COLUMNS.map((column) => [column, CELLS[column](key)] as const)
  return Object.fromEntries(cells) as Record<KeyColumn, unknown>
}

function subAccountsOf(grants: readonly Grant[]): string[] {
  return [...new Set(grants.flatMap(({ subAccount }) => subAccount ?? []))]
}
