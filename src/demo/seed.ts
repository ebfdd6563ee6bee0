/** Demo data for an empty store: two customers, their people, holders, sub-accounts and keys. */
import { type Account, OPERATOR, type SubAccount, subAccountId } from '../accounts/rules.ts'
import { newEvent } from '../events/rules.ts'
import type { Holder, HolderType } from '../holders/rules.ts'
import { type KeyWish, PLAIN_WISH } from '../keys/create.rules.ts'
import { createKey, type KeyDeps } from '../keys/create.ts'
import type { Grant } from '../keys/rights.rules.ts'
import { DEMO_MARK } from '../open.ts'
import { enrolment } from '../people/enrol.rules.ts'
import { passwords } from '../people/passwords.ts'
import type { Role } from '../people/rules.ts'
import type { EventActor, NewEvent } from '../store/store.ts'

export interface DemoData {
  baseUrl: string
  resourceUrl: string
  operator: SignIn
  support: SignIn
  owner: SignIn
  manager: SignIn
  viewer: SignIn
  holder: SignIn
  accounts: Record<'acme' | 'globex' | 'operator', string>
  holders: Record<'northwind' | 'bluemedia' | 'fleetparts', string>
  subAccounts: Record<'acme-main' | 'acme-eu', string>
  keys: Record<string, { id: string; secret: string; account: string; namespace: string }>
}
interface SignIn {
  email: string
  password: string
}

const ACTOR: EventActor = { type: 'system', id: null, name: 'Demo data' }

export interface SeedDeps extends KeyDeps {
  publicUrl: string
  resourceUrl: string
}

/** In the operator's custom data while the rest is being written; what is left of a start that was interrupted. */
const SEEDING = { demo: 'seeding' }

/** Whether demo data was begun and not finished: by another instance just now, or by one that was stopped. */
export async function isSeeding(deps: Pick<SeedDeps, 'store'>): Promise<boolean> {
  const operator = await deps.store.get(OPERATOR, 'accounts', OPERATOR)
  return operator?.customData.demo === SEEDING.demo
}

/** Null where somebody has been here before: the store has an operator account already. */
export async function seedDemo(deps: SeedDeps): Promise<DemoData | null> {
  if (!(await insertAccount(deps, OPERATOR, 'Demo Platform', 'agency', ['v2', 'v3']))) return null
  await insertAccount(deps, 'acme', 'Acme Outdoor', 'agency', ['v2', 'v3'])
  await insertAccount(deps, 'globex', 'Globex', 'agency', ['v2', 'v3'])
  await insertSubAccount(deps, 'acme', 'acme-main', 'Acme Main', 'primary')
  await insertSubAccount(deps, 'acme', 'acme-eu', 'Acme Europe', 'nickname')
  const holders = {
    northwind: await insertHolder(deps, 'acme', 'partner', 'Northwind', null),
    bluemedia: await insertHolder(deps, 'acme', 'affiliate', 'Blue Media', 'A-1001'),
    fleetparts: await insertHolder(deps, 'acme', 'vendor', 'Fleet Parts', null),
  }
  const people = {
    operator: await insertPerson(deps, OPERATOR, 'operator@example.com', 'Olivia Operator', 'admin'),
    support: await insertPerson(deps, OPERATOR, 'support@example.com', 'Sam Support', 'support'),
    owner: await insertPerson(deps, 'acme', 'owner@acme.example', 'Ada Owner', 'owner'),
    manager: await insertPerson(deps, 'acme', 'manager@acme.example', 'Max Manager', 'manager'),
    viewer: await insertPerson(deps, 'acme', 'viewer@acme.example', 'Vera Viewer', 'viewer'),
    holder: await insertPerson(
      deps,
      'acme',
      'partner@northwind.example',
      'Nora Northwind',
      'holder',
      holders.northwind,
    ),
  }
  const keys = await createKeys(deps, holders)
  await shrinkGlobex(deps)
  await finish(deps)
  return {
    baseUrl: deps.publicUrl,
    resourceUrl: deps.resourceUrl,
    ...people,
    accounts: { acme: 'acme', globex: 'globex', operator: OPERATOR },
    holders,
    subAccounts: { 'acme-main': 'acme-main', 'acme-eu': 'acme-eu' },
    keys,
  }
}

async function insertAccount(
  deps: SeedDeps,
  id: string,
  name: string,
  plan: string,
  namespaces: string[],
): Promise<boolean> {
  const at = deps.now()
  const by = { type: 'system', id: null, name: ACTOR.name } as const
  const account: Account = {
    id,
    account: id,
    name,
    plan,
    namespaces: namespaces.filter((ns) => deps.catalog.namespaces.has(ns)),
    hosts: {},
    suspendedAt: null,
    status: 'active',
    terms: { version: deps.catalog.terms.version, at, by, method: 'online', reference: null },
    customData: id === OPERATOR ? SEEDING : {},
    createdAt: at,
    version: 1,
  }
  const done = await deps.store.commit(id, {
    insert: [{ collection: 'accounts', document: account }],
    events: [event(deps, 'account.created', 'account', id, name), event(deps, 'terms.accepted', 'account', id, name)],
  })
  return done.ok
}

async function insertSubAccount(
  deps: SeedDeps,
  account: string,
  slug: string,
  name: string,
  kind: string,
): Promise<void> {
  const document: SubAccount = {
    id: subAccountId(account, slug),
    account,
    slug,
    name,
    kind,
    status: 'active',
    customData: {},
    createdAt: deps.now(),
    version: 1,
  }
  await deps.store.commit(account, {
    insert: [{ collection: 'subAccounts', document }],
    events: [event(deps, 'sub_account.created', 'sub_account', slug, name)],
  })
}

async function insertHolder(
  deps: SeedDeps,
  account: string,
  type: HolderType,
  name: string,
  externalId: string | null,
): Promise<string> {
  const id = deps.newId('hld')
  const document: Holder = {
    id,
    account,
    type,
    name,
    externalId,
    email: null,
    grants: null,
    status: 'active',
    flags: [],
    customData: {},
    createdAt: deps.now(),
    version: 1,
  }
  await deps.store.commit(account, {
    insert: [{ collection: 'holders', document }],
    events: [event(deps, 'holder.created', 'holder', id, name)],
  })
  return id
}

async function insertPerson(
  deps: SeedDeps,
  account: string,
  email: string,
  name: string,
  role: Role,
  holderId?: string,
): Promise<SignIn> {
  const password = deps.random(9).toString('base64url')
  const wish = {
    account,
    email,
    name,
    role,
    password: await passwords.hash(password),
    invitation: null,
    ...(holderId === undefined ? {} : { holderId }),
  }
  const { insert, events } = enrolment(wish, { newId: deps.newId, now: deps.now, actor: ACTOR })
  await deps.store.commit(account, { insert, events })
  return { email, password }
}

async function createKeys(deps: SeedDeps, holders: DemoData['holders']): Promise<DemoData['keys']> {
  const every = (ns: string): Grant[] => [
    { subAccount: null, scopes: [...(deps.catalog.namespaces.get(ns)?.scopeNames ?? [])] },
  ]
  const whole = (...scopes: string[]): Grant[] => [{ subAccount: null, scopes }]
  const account = [...deps.catalog.manage.scopeNames].filter((scope) => !scope.startsWith('operator:'))
  const origins = [new URL(deps.publicUrl).origin, new URL(deps.resourceUrl).origin]
  const wishes: [string, string, Partial<KeyWish> & Pick<KeyWish, 'namespace' | 'grants'>][] = [
    ['acme-v2-server', 'acme', { namespace: 'v2', grants: every('v2') }],
    ['acme-v2-readonly', 'acme', { namespace: 'v2', grants: whole('links:read', 'analytics:read') }],
    [
      'acme-v2-browser',
      'acme',
      { namespace: 'v2', kind: 'publishable', grants: whole('conversions:write'), allowedOrigins: origins },
    ],
    ['acme-v2-orders', 'acme', { namespace: 'v2', grants: [{ subAccount: 'acme-eu', scopes: ['orders:write'] }] }],
    ['acme-v3-server', 'acme', { namespace: 'v3', grants: every('v3') }],
    [
      'acme-northwind',
      'acme',
      { namespace: 'v2', grants: whole('links:read', 'links:write', 'orders:read'), holderId: holders.northwind },
    ],
    ['acme-manage', 'acme', { namespace: 'manage', grants: whole(...account) }],
    ['operator-manage', OPERATOR, { namespace: 'manage', grants: every('manage') }],
    ['resource-server', OPERATOR, { namespace: 'manage', grants: whole('usage:report', 'tokens:introspect') }],
    [
      'globex-v2-server',
      'globex',
      {
        namespace: 'v2',
        grants: whole('links:read', 'links:write', 'analytics:read', 'conversions:read', 'orders:read'),
      },
    ],
    ['globex-v3-server', 'globex', { namespace: 'v3', grants: every('v3') }],
  ]
  const keys: DemoData['keys'] = {}
  for (const [name, of, wish] of wishes) {
    if ((deps.catalog.namespaces.get(wish.namespace)?.stage ?? 'retired') === 'retired') continue
    const full: KeyWish = { ...PLAIN_WISH, description: 'Made with the demo data.', name, ...wish }
    const { key, secret } = await createKey(deps, of, full, { actor: ACTOR, requestId: null, bound: false })
    if (secret === null) throw new Error(`demo key ${name} has no secret`)
    keys[name] = { id: key.id, secret, account: of, namespace: wish.namespace }
  }
  return keys
}

/** Globex made its keys under a larger plan; since then the plan is the smallest, and V3 is off. */
async function shrinkGlobex(deps: SeedDeps): Promise<void> {
  const globex = await deps.store.get('globex', 'accounts', 'globex')
  if (globex === null) return
  await deps.store.commit('globex', {
    replace: [
      {
        collection: 'accounts',
        document: { ...globex, plan: 'starter', namespaces: ['v2'], version: globex.version + 1 },
      },
    ],
    events: [
      event(deps, 'account.updated', 'account', 'globex', globex.name),
      event(deps, 'namespace.disabled', 'account', 'globex', globex.name),
    ],
  })
}

async function finish(deps: SeedDeps): Promise<void> {
  const operator = await deps.store.get(OPERATOR, 'accounts', OPERATOR)
  if (operator === null) return
  await deps.store.commit(OPERATOR, {
    replace: [{ collection: 'accounts', document: { ...operator, customData: {} } }],
    insert: [
      { collection: 'secretChecks', document: { id: DEMO_MARK, account: '', value: 'demo', createdAt: deps.now() } },
    ],
  })
}

function event(deps: SeedDeps, type: string, kind: string, id: string, name: string): NewEvent {
  return newEvent(deps.newId('evt'), { type, actor: ACTOR, subject: { type: kind, id, name } })
}
