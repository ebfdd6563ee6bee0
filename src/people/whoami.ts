import type { Account } from '../accounts/rules.ts'
import { EVERY_ACCOUNT, type Kept, type Store } from '../store/store.ts'
import type { Principal } from '../web/principal.ts'
import { ROLE_SCOPES } from './access.rules.ts'
import type { Membership, SignedIn } from './session.rules.ts'
import type { WhoAmI } from './shape.ts'

export async function describeCaller(store: Store, caller: Principal): Promise<WhoAmI> {
  if (caller.type === 'person') return describePerson(store, caller)
  const { type, id, account, scopes } = caller
  return { type, id, account, role: null, scopes: [...scopes].sort(), holderId: null }
}

async function describePerson(store: Store, caller: SignedIn): Promise<WhoAmI> {
  const { type, id, name, email, account, memberships } = caller
  const { role, holderId } = memberships.get(account) as Membership
  const ids = [...memberships.keys()]
  const found = await store.getMany(
    EVERY_ACCOUNT,
    ids.map((of) => ({ collection: 'accounts', id: of }) as const),
  )
  const accounts = ids.map((of, i) => ({
    id: of,
    name: (found[i] as Kept<Account> | null)?.name ?? of,
    role: (memberships.get(of) as Membership).role,
  }))
  return { type, id, account, role, scopes: [...ROLE_SCOPES[role]].sort(), holderId, name, email, accounts }
}
