import { OPERATOR } from '../accounts/rules.ts'
import type { Role } from './rules.ts'

/** Who may do what: one table, used by the guard, the OpenAPI document and the documentation. */

export interface ManageScope {
  name: string
  title: string
  description: string
  implies?: readonly string[]
  /** Held only by keys of account `operator`. */
  operatorOnly?: true
}

const pair = (family: string, what: string): ManageScope[] => [
  { name: `${family}:read`, title: `Read ${what}`, description: `List and read ${what}.` },
  {
    name: `${family}:write`,
    title: `Manage ${what}`,
    description: `Create, change and delete ${what}.`,
    implies: [`${family}:read`],
  },
]

/** The scopes of namespace `manage`. */
export const MANAGE_SCOPES: readonly ManageScope[] = [
  ...pair('accounts', 'the account, its sub-accounts and namespaces'),
  ...pair('keys', 'API keys and their rights'),
  ...pair('holders', 'holders of keys'),
  ...pair('members', 'members'),
  ...pair('webhooks', 'webhooks and deliveries'),
  { name: 'usage:read', title: 'Read usage', description: 'Read usage figures and signals.' },
  { name: 'usage:report', title: 'Report usage', description: 'Report what a resource server verified offline.' },
  { name: 'events:read', title: 'Read events', description: 'Read the audit log and the live event stream.' },
  { name: 'tokens:introspect', title: 'Introspect tokens', description: 'Ask whether a token is active.' },
  { name: 'tokens:revoke', title: 'Revoke tokens', description: 'End live tokens in bulk.' },
  {
    name: 'operator:accounts',
    title: 'Act on other accounts',
    description: 'Reach every account, within the other scopes.',
    operatorOnly: true,
  },
  {
    name: 'operator:support',
    title: 'Support',
    description: 'Enable namespaces, suspend and resume.',
    operatorOnly: true,
  },
  {
    name: 'operator:signing-keys',
    title: 'Signing keys',
    description: 'Read and rotate signing keys.',
    operatorOnly: true,
  },
]

export interface ActionRule {
  /** Scope of a manage token; null: any token will do. */
  scope: string | null
  /** No token will do: only people, signed in. */
  personsOnly?: true
  /** Roles of people who may do it, beside admin. */
  roles: readonly Role[]
  /** What it is, for a refusal and the documentation. */
  title: string
}

const READERS: readonly Role[] = ['support', 'owner', 'manager', 'viewer']
const EVERYBODY: readonly Role[] = [...READERS, 'holder']
const MANAGERS: readonly Role[] = ['owner', 'manager']

/** Every act of the management API. */
export const ACTIONS = {
  'whoami.describe': { scope: null, roles: EVERYBODY, title: 'see who you are' },
  'catalog.describe': { scope: null, roles: EVERYBODY, title: 'see the catalog' },
  'keys.list': { scope: 'keys:read', roles: EVERYBODY, title: 'list keys' },
  'keys.describe': { scope: 'keys:read', roles: EVERYBODY, title: 'see a key' },
  'keys.create': { scope: 'keys:write', roles: MANAGERS, title: 'create a key' },
  'documentation.describe': { scope: 'keys:read', roles: READERS, title: 'download the documentation' },
  'keys.import': { scope: 'keys:write', roles: MANAGERS, title: 'import keys' },
  'keys.change': { scope: 'keys:write', roles: MANAGERS, title: 'change a key' },
  'keys.suspend': { scope: 'keys:write', roles: ['support', ...MANAGERS], title: 'suspend and resume a key' },
  'keys.delete': { scope: 'keys:write', roles: MANAGERS, title: 'delete a key' },
  'keys.rights': { scope: 'keys:read', roles: EVERYBODY, title: 'see the rights of a key' },
  'matrix.describe': { scope: 'keys:read', roles: READERS, title: 'see the permission matrix' },
  'matrix.change': { scope: 'keys:write', roles: MANAGERS, title: 'change the permission matrix' },
  'keys.revoke': { scope: 'keys:write', roles: MANAGERS, title: 'revoke a key' },
  'keys.rotate': { scope: 'keys:write', roles: [...MANAGERS, 'holder'], title: 'rotate a key' },
  'keys.share': { scope: 'keys:write', roles: MANAGERS, title: 'share a key' },
  'tokens.revoke': { scope: 'tokens:revoke', roles: MANAGERS, title: 'end live tokens' },
  'usage.describe': { scope: 'usage:read', roles: EVERYBODY, title: 'see usage' },
  'usage.report': { scope: 'usage:report', roles: [], title: 'report usage' },
  'events.list': { scope: 'events:read', roles: EVERYBODY, title: 'read the event log' },
  'events.verify': { scope: 'events:read', roles: READERS, title: 'verify the event log' },
  'session.describe': { scope: null, personsOnly: true, roles: EVERYBODY, title: 'see your session' },
  'session.end': { scope: null, personsOnly: true, roles: EVERYBODY, title: 'sign out' },
  'sessions.list': { scope: null, personsOnly: true, roles: EVERYBODY, title: 'list your sessions' },
  'sessions.end': { scope: null, personsOnly: true, roles: EVERYBODY, title: 'end your sessions' },
  'password.change': { scope: null, personsOnly: true, roles: EVERYBODY, title: 'change your password' },
  'members.list': { scope: 'members:read', roles: READERS, title: 'list members' },
  'members.describe': { scope: 'members:read', roles: READERS, title: 'see a member' },
  'members.invite': { scope: null, personsOnly: true, roles: ['owner'], title: 'invite a member' },
  'members.change': { scope: 'members:write', roles: ['owner'], title: 'change a member' },
  'members.remove': { scope: 'members:write', roles: ['owner'], title: 'remove a member' },
  'members.reset_password': {
    scope: null,
    personsOnly: true,
    roles: [],
    title: 'let a member choose a new password',
  },
  'holders.list': { scope: 'holders:read', roles: READERS, title: 'list holders' },
  'holders.describe': { scope: 'holders:read', roles: READERS, title: 'see a holder' },
  'holders.create': { scope: 'holders:write', roles: MANAGERS, title: 'create a holder' },
  'holders.change': { scope: 'holders:write', roles: MANAGERS, title: 'change a holder' },
  'holders.suspend': { scope: 'holders:write', roles: MANAGERS, title: 'suspend and resume a holder' },
  'holders.delete': { scope: 'holders:write', roles: MANAGERS, title: 'delete a holder' },
  'sub_accounts.list': { scope: 'accounts:read', roles: READERS, title: 'list sub-accounts' },
  'sub_accounts.describe': { scope: 'accounts:read', roles: READERS, title: 'see a sub-account' },
  'sub_accounts.create': { scope: 'accounts:write', roles: MANAGERS, title: 'create a sub-account' },
  'sub_accounts.change': { scope: 'accounts:write', roles: MANAGERS, title: 'change a sub-account' },
  'sub_accounts.suspend': { scope: 'accounts:write', roles: MANAGERS, title: 'suspend and resume a sub-account' },
  'sub_accounts.delete': { scope: 'accounts:write', roles: MANAGERS, title: 'delete a sub-account' },
  'accounts.list': { scope: 'accounts:read', roles: READERS, title: 'list accounts' },
  'accounts.describe': { scope: 'accounts:read', roles: READERS, title: 'see an account' },
  'accounts.create': { scope: 'accounts:write', roles: [], title: 'create an account' },
  'accounts.change': { scope: 'accounts:write', roles: ['owner'], title: 'change the account' },
  'accounts.suspend': { scope: 'accounts:write', roles: ['support'], title: 'suspend and resume an account' },
  'namespaces.enable': { scope: 'accounts:write', roles: ['support'], title: 'enable and disable a namespace' },
  'terms.describe': { scope: 'accounts:read', roles: READERS, title: 'see the terms and their acceptance' },
  'terms.accept': { scope: null, personsOnly: true, roles: ['owner'], title: 'accept the terms' },
  'signing_keys.list': { scope: 'operator:signing-keys', roles: [], title: 'see signing keys' },
  'signing_keys.rotate': { scope: 'operator:signing-keys', roles: [], title: 'rotate signing keys' },
} as const satisfies Record<string, ActionRule>

export type Action = keyof typeof ACTIONS

const ofAccount = MANAGE_SCOPES.filter((scope) => !scope.operatorOnly).map(({ name }) => name)
const reading = ofAccount.filter((name) => name.endsWith(':read'))

/** What a role amounts to in scopes: as far as its people may grant keys of namespace `manage`. */
export const ROLE_SCOPES: Readonly<Record<Role, ReadonlySet<string>>> = {
  admin: new Set(MANAGE_SCOPES.map(({ name }) => name)),
  support: new Set([...reading, 'operator:support']),
  owner: new Set(ofAccount),
  manager: new Set(ofAccount.filter((name) => name !== 'accounts:write' && name !== 'members:write')),
  viewer: new Set(reading),
  holder: new Set(),
}

/** Roles by which the operator's own people reach every account. */
const STAFF: readonly Role[] = ['admin', 'support']

/** The roles that a person has in an account: their own there, and that of the operator's people. */
export function rolesIn(memberships: ReadonlyMap<string, { role: Role }>, account: string): Role[] {
  const own = memberships.get(account)?.role
  const staff = memberships.get(OPERATOR)?.role
  const roles = new Set<Role>()
  if (own !== undefined) roles.add(own)
  if (staff !== undefined && STAFF.includes(staff)) roles.add(staff)
  return [...roles]
}

/** Whether a person with these roles may: yes; no; or they are not to know that there is such a thing. */
export function decideForRoles(rule: ActionRule, roles: readonly Role[]): 'yes' | 'no' | 'hidden' {
  if (roles.some((role) => role === 'admin' || rule.roles.includes(role))) return 'yes'
  return roles.every((role) => role === 'holder') ? 'hidden' : 'no'
}

/** What a holder does with their own keys: a management key has none of it for them, but to make one takes as much. */
export const HOLDER_SCOPES: ReadonlySet<string> = new Set(
  Object.values<ActionRule>(ACTIONS)
    .filter(({ roles }) => roles.includes('holder'))
    .flatMap(({ scope }) => scope ?? []),
)
