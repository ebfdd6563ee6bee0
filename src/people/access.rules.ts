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
  /** Roles of people who may do it, beside admin. */
  roles: readonly Role[]
  /** What it is, for a refusal and the documentation. */
  title: string
}

const READERS: readonly Role[] = ['support', 'owner', 'manager', 'viewer']
const MANAGERS: readonly Role[] = ['owner', 'manager']

/** Every act of the management API. */
export const ACTIONS = {
  'whoami.describe': { scope: null, roles: [...READERS, 'holder'], title: 'see who you are' },
  'catalog.describe': { scope: null, roles: [...READERS, 'holder'], title: 'see the catalog' },
  'keys.list': { scope: 'keys:read', roles: [...READERS, 'holder'], title: 'list keys' },
  'keys.describe': { scope: 'keys:read', roles: [...READERS, 'holder'], title: 'see a key' },
  'keys.create': { scope: 'keys:write', roles: MANAGERS, title: 'create a key' },
  'keys.revoke': { scope: 'keys:write', roles: MANAGERS, title: 'revoke a key' },
  'events.list': { scope: 'events:read', roles: READERS, title: 'read the event log' },
} as const satisfies Record<string, ActionRule>

export type Action = keyof typeof ACTIONS
