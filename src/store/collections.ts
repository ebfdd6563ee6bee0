/** The documents Latchkey keeps, declared once for every adapter. */
import type { Account, SubAccount } from '../accounts/rules.ts'
import type { Anchor } from '../events/proof.rules.ts'
import type { Holder } from '../holders/rules.ts'
import type { Ending } from '../keys/ending.rules.ts'
import type { KeyExpiry } from '../keys/expiry.rules.ts'
import type { RotationEnd } from '../keys/rotation.rules.ts'
import type { ApiKey, DeletedKey, KeyUse } from '../keys/rules.ts'
import type { ServedCatalog } from '../keys/served.rules.ts'
import type { Share } from '../keys/share.rules.ts'
import type { ResetNotice } from '../people/reset.rules.ts'
import type { Member, Person } from '../people/rules.ts'
import type { Session } from '../people/session.rules.ts'
import type { SecretCheck } from '../secrets.ts'
import type { SigningKey } from '../signing/rules.ts'
import type { StatusAllocator, StatusEntry, StatusList } from '../status/rules.ts'
import type { LeakReport } from '../tokens/leaks.rules.ts'
import type { Instance } from '../usage/flush.rules.ts'
import type { UsageCount } from '../usage/rules.ts'
import type { Tally } from '../usage/tally.rules.ts'
import type { KeptAnswer } from './act.ts'
import type { Lease } from './lease.ts'
import type { Document, EventDocument, Head } from './store.ts'

/** Something that may be used once, such as an assertion: the commit that inserts it used it. */
export interface Use extends Document {
  /** From here on what was used has expired of itself. */
  expiresAt: number
}

/** Exactly-once marks: a flushed batch, an event already told this minute. */
export interface Mark extends Document {
  createdAt: number
}

export interface Collections {
  accounts: Account
  subAccounts: SubAccount
  holders: Holder
  people: Person
  resetNotices: ResetNotice
  members: Member
  sessions: Session
  keys: ApiKey
  keyUse: KeyUse
  deletedKeys: DeletedKey
  keyExpiries: KeyExpiry
  usage: UsageCount
  tallies: Tally
  endings: Ending
  servedCatalogs: ServedCatalog
  rotations: RotationEnd
  shares: Share
  leakReports: LeakReport
  instances: Instance
  leases: Lease
  statusLists: StatusList
  statusAllocators: StatusAllocator
  statusEntries: StatusEntry
  signingKeys: SigningKey
  secretChecks: SecretCheck
  events: EventDocument
  heads: Head
  anchors: Anchor
  marks: Mark
  uses: Use
  keptAnswers: KeptAnswer
}
export type CollectionName = keyof Collections

export interface Declaration {
  /** The number the collection is walked by; ties are broken by id. */
  sort: string
  /** Members a page may be filtered by, each indexed together with `account` and `sort`. Dots reach into objects. */
  filter?: readonly string[]
  /** Combinations of members that exist once. A combination with a null in it is not held unique. */
  unique?: readonly (readonly string[])[]
  /** Name of a link to the collection whose ids stand in `member` (a string, null, or a list of strings). */
  links?: Readonly<Record<string, { member: string; collection: CollectionName }>>
  /** Belongs to the installation: `account` is '', and a commit of any account may write it. */
  shared?: true
  /** Documents whose `sort` member lies further back than this may be swept. */
  sweepAfterMs?: number
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

export const collections: Readonly<Record<CollectionName, Declaration>> = {
  accounts: { sort: 'createdAt', filter: ['status', 'plan'] },
  subAccounts: { sort: 'createdAt', filter: ['status', 'kind'] },
  holders: { sort: 'createdAt', filter: ['status', 'type'], unique: [['account', 'type', 'externalId']] },
  people: { sort: 'createdAt', filter: ['email', 'reset.hash'], unique: [['email'], ['reset.hash']], shared: true },
  resetNotices: { sort: 'createdAt', shared: true },
  members: {
    sort: 'createdAt',
    filter: ['personId', 'role', 'status', 'holderId', 'invitation.hash'],
    unique: [['account', 'personId'], ['invitation.hash']],
  },
  sessions: { sort: 'createdAt', filter: ['personId'], shared: true, sweepAfterMs: DAY },
  keys: {
    sort: 'createdAt',
    filter: ['namespace', 'kind', 'holderType', 'holderId', 'importedHash'],
    unique: [['importedHash']],
    links: {
      account: { member: 'account', collection: 'accounts' },
      holder: { member: 'holderId', collection: 'holders' },
      subAccounts: { member: 'subAccountRefs', collection: 'subAccounts' },
    },
  },
  keyUse: { sort: 'lastUsedAt' },
  deletedKeys: { sort: 'deletedAt', shared: true },
  keyExpiries: { sort: 'dueAt' },
  usage: { sort: 'day', filter: ['month', 'keyId', 'namespace'] },
  tallies: { sort: 'endsAt', filter: ['asked'], shared: true, sweepAfterMs: HOUR },
  endings: { sort: 'createdAt' },
  servedCatalogs: { sort: 'generation', shared: true },
  rotations: { sort: 'endsAt' },
  shares: { sort: 'createdAt', filter: ['keyId'], sweepAfterMs: 365 * DAY },
  leakReports: { sort: 'createdAt', shared: true, sweepAfterMs: DAY },
  instances: { sort: 'seenAt', shared: true, sweepAfterMs: 31 * DAY },
  leases: { sort: 'until', shared: true, sweepAfterMs: DAY },
  statusLists: { sort: 'number', filter: ['namespace'], shared: true },
  statusAllocators: { sort: 'next', shared: true },
  statusEntries: { sort: 'version', filter: ['list'], shared: true },
  signingKeys: { sort: 'generation', filter: ['namespace'], unique: [['kid']], shared: true },
  secretChecks: { sort: 'createdAt', shared: true },
  events: { sort: 'seq', filter: ['type', 'subject.id'], unique: [['account', 'seq']] },
  heads: { sort: 'movedAt' },
  anchors: { sort: 'seq' },
  marks: { sort: 'createdAt', shared: true, sweepAfterMs: DAY },
  uses: { sort: 'expiresAt', shared: true, sweepAfterMs: HOUR },
  keptAnswers: { sort: 'createdAt', shared: true, sweepAfterMs: DAY },
}
