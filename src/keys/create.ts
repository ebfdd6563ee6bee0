import type { Account } from '../accounts/rules.ts'
import { subAccountId } from '../accounts/rules.ts'
import type { Catalog, NamespaceEntry } from '../catalog.ts'
import { Refusal } from '../errors.ts'
import { newEvent } from '../events/rules.ts'
import type { Holder } from '../holders/rules.ts'
import type { Outbound } from '../outbound/request.ts'
import type { SecretRing } from '../secrets.ts'
import type { Allocator } from '../status/allocate.ts'
import type { Statuses } from '../status/flip.ts'
import { act, type Decision } from '../store/act.ts'
import type { Guarded, Kept, Ref, Store, Write } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { iso } from '../web/time.ts'
import { beyondPlan, beyondRole, type KeyWish, type NewSecret, newKey, wishFault } from './create.rules.ts'
import { expiryOf } from './expiry.rules.ts'
import { formatKey, newKeyId, newSecret } from './grammar.rules.ts'
import { DEFAULT_OVERLAP_SECONDS } from './rotation.rules.ts'
import type { ApiKey } from './rules.ts'
import { type ShownKey, showKey } from './shape.ts'
import { MAX_SHARE_SECONDS, newShare, type Share, shareUrl } from './share.rules.ts'

export interface KeyDeps {
  store: Store
  catalog: Catalog
  peppers: SecretRing
  allocator: Allocator
  /** What is asked of requests to addresses that customers name. */
  outbound: Pick<Outbound, 'faultOf'>
  statuses: Statuses
  /** Called when a status changed or a list may be new: makes it known before the caller hears of it. Never rejects. */
  statusChanged: () => Promise<void>
  /** PUBLIC_URL: where links lead. */
  publicUrl: string
  now: () => number
  random: (bytes: number) => Buffer
  newId: (prefix: string) => string
}

export interface KeyAsker extends Asker {
  /** May not grant beyond the account's plan, nor beyond `grantable`. */
  bound: boolean
  /** Scopes of namespace `manage` that a person's role amounts to; none unless said: programs make no such keys. */
  grantable?: ReadonlySet<string>
}

export interface CreatedKey {
  key: ShownKey
  /** Null for a key that authenticates with its own key pair. */
  secret: string | null
}

/** A key that has no secret until its link is opened. */
export interface SharedKey {
  key: ShownKey
  shareUrl: string
}

/** Makes a key. The secret is in this answer and nowhere else. */
export async function createKey(deps: KeyDeps, account: string, wish: KeyWish, asker: KeyAsker): Promise<CreatedKey> {
  const decide = async (): Promise<Decision<CreatedKey>> => {
    const secretFor = (id: string) =>
      wish.tokenEndpointAuthMethod === 'private_key_jwt' ? null : madeSecret(deps, wish, id)
    const { secret, commit, shown } = await prepare(deps, account, wish, asker, secretFor)
    return { account, commit, answer: { key: shown, secret: secret?.text ?? null }, refusals: FULL }
  }
  return made(deps, decide, asker)
}

/**
 * Makes a key whose first secret is made when its one-time link is opened, within seven days. Whoever rotates the key
 * before that keeps their secret for the overlap.
 */
export async function createSharedKey(
  deps: KeyDeps,
  account: string,
  wish: KeyWish,
  asker: KeyAsker,
): Promise<SharedKey> {
  const detail = 'must not be share: a key with its own key pair has no secret.'
  if (wish.tokenEndpointAuthMethod === 'private_key_jwt')
    throw new Refusal('invalid_request', { errors: [{ pointer: '/deliver', detail }] })
  const decide = async (): Promise<Decision<SharedKey>> => {
    const { key, commit, shown } = await prepare(deps, account, wish, asker, () => null)
    const { token, share } = newShare(
      { account, keyId: key.id, overlapSeconds: DEFAULT_OVERLAP_SECONDS, expiresInSeconds: MAX_SHARE_SECONDS },
      deps,
    )
    return {
      account,
      commit: {
        ...commit,
        insert: [...commit.insert, { collection: 'shares', document: share }],
        events: [...commit.events, sharedEvent(deps, asker, key, share, shown)],
      },
      answer: { key: shown, shareUrl: shareUrl(deps.publicUrl, token) },
      refusals: FULL,
    }
  }
  return made(deps, decide, asker)
}

const FULL = { full: () => new Refusal('keys_full') }

async function made<T>(deps: KeyDeps, decide: () => Promise<Decision<T>>, asker: KeyAsker): Promise<T> {
  const answer = await act(deps.store, decide, asker.once)
  await deps.statusChanged()
  return answer
}

async function prepare(
  deps: KeyDeps,
  accountId: string,
  wish: KeyWish,
  asker: KeyAsker,
  secretFor: (id: string) => NewSecret | null,
) {
  const { catalog, now } = deps
  const { account, holder, subAccounts, guards } = await load(deps.store, accountId, wish)
  const at = now()
  const jwksUriFault = wish.jwksUri === null ? null : deps.outbound.faultOf(wish.jwksUri)
  const fault = wishFault({ wish, account, holder, subAccounts, jwksUriFault, catalog, now: at })
  if (fault !== null) throw fault
  const namespace = catalog.namespaces.get(wish.namespace) as NamespaceEntry
  if (asker.bound) refuseBeyond(wish, account, namespace, { catalog, ...asker })
  const [id] = (await unusedIds(deps, 1)) as [string]
  const secret = secretFor(id)
  const { type, id: by, name } = asker.actor
  const key = newKey(wish, account.id, holder, {
    id,
    secret,
    status: await deps.allocator.take(namespace.id),
    by: { type, id: by, name },
    now: at,
  })
  const shown = showKey(key, { holder, use: null, now: at })
  const expiry = expiryOf(key, at)
  const commit = {
    expect: guards,
    insert: [
      { collection: 'keys', document: key },
      ...(expiry === null ? [] : [{ collection: 'keyExpiries', document: expiry } as const]),
    ] as Write[],
    count: [{ name: 'keys', add: 1, max: catalog.limits.keysPerAccount }],
    events: [keyEvent(deps, 'key.created', asker, key, { object: shown })],
  }
  return { key, secret, shown, commit }
}

/** Ids of deleted keys stand in the log and in tokens: nobody else is to have one. */
export async function unusedIds(deps: Pick<KeyDeps, 'store' | 'random'>, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newKeyId(deps.random))
  const deleted = await deps.store.getMany(
    '',
    ids.map((id) => ({ collection: 'deletedKeys', id })),
  )
  const unused = ids.filter((_, i) => deleted[i] === null)
  return unused.length === count ? unused : [...unused, ...(await unusedIds(deps, count - unused.length))]
}

export function madeSecret(
  { random, newId, peppers }: Pick<KeyDeps, 'random' | 'newId' | 'peppers'>,
  { namespace, kind }: Pick<KeyWish, 'namespace' | 'kind'>,
  keyId: string,
): NewSecret {
  return { id: newId('sec'), text: formatKey(namespace, kind, keyId, newSecret(random)), pepper: peppers.current }
}

/** What a wish is judged by, and that it must still stand when the key is written. */
export async function load(store: Store, accountId: string, wish: Pick<KeyWish, 'grants' | 'holderId'>) {
  const slugs = [...new Set(wish.grants.map((g) => g.subAccount).filter((s) => s !== null))]
  const refs: Ref[] = [
    { collection: 'accounts', id: accountId },
    ...(wish.holderId === null ? [] : [{ collection: 'holders', id: wish.holderId } as const]),
    ...slugs.map((slug) => ({ collection: 'subAccounts', id: subAccountId(accountId, slug) }) as const),
  ]
  const found = await store.getMany(accountId, refs)
  const [account, ...rest] = found
  if (account === null || account === undefined) throw new Refusal('not_found')
  const holder = wish.holderId === null ? null : (rest.shift() as Kept<Holder> | null)
  const subAccounts = new Set(slugs.filter((_, i) => rest[i] !== null))
  // What the decision rests on must still stand when it is written.
  const guards = refs.flatMap(({ collection }, i): Guarded[] => {
    const document = found[i]
    return document == null ? [] : [{ collection, document } as Guarded]
  })
  return { account: account as Kept<Account>, holder, subAccounts, guards }
}

/** @throws Refusal `exceeds_your_rights` */
export function refuseBeyond(
  wish: Pick<KeyWish, 'grants'>,
  account: Account,
  namespace: NamespaceEntry,
  { catalog, grantable = new Set() }: { catalog: Catalog; grantable?: ReadonlySet<string> },
): void {
  if (namespace.builtIn && grantable.size === 0) {
    throw new Refusal('exceeds_your_rights', {
      detail: 'Keys of the management API are made by people, signed in. Ask an owner of the account.',
    })
  }
  const more = namespace.builtIn ? beyondRole(wish, namespace, grantable) : []
  if (more.length > 0) {
    throw new Refusal('exceeds_your_rights', {
      detail: `Your role does not have ${more.join(' ')}. Leave it out, or ask somebody whose role has it.`,
    })
  }
  const beyond = beyondPlan(wish, account, namespace, catalog)
  if (beyond.length > 0) {
    throw new Refusal('exceeds_your_rights', {
      detail: `Plan ${account.plan} does not have ${beyond.join(' ')}. Leave it out, or have the plan changed.`,
    })
  }
}

export function keyEvent(
  deps: Pick<KeyDeps, 'newId'>,
  type: string,
  asker: Asker,
  key: ApiKey,
  data: Record<string, unknown>,
) {
  const subject = { type: 'key', id: key.id, name: key.name }
  return newEvent(deps.newId('evt'), { type, actor: asker.actor, requestId: asker.requestId, subject, data })
}

export function sharedEvent(
  deps: Pick<KeyDeps, 'newId'>,
  asker: Asker,
  key: ApiKey,
  { expiresAt, overlapSeconds }: Share,
  object: ShownKey,
) {
  return keyEvent(deps, 'key.shared', asker, key, { object, expiresAt: iso(expiresAt), overlapSeconds })
}
