/** Attempts of people and programs at what they may not do, in an account that they reach: `access.denied`. */
import { subAccountId } from '../accounts/rules.ts'
import { type Code, Refusal } from '../errors.ts'
import { memberId } from '../people/rules.ts'
import type { EventSubject, Store } from '../store/store.ts'
import { actorOf, type Principal } from '../web/principal.ts'
import type { Notes } from './notes.ts'
import { newEvent } from './rules.ts'

export interface Attempt {
  /** Authentic. */
  caller: Principal
  /** Of the table in people/access.rules.ts, or one that has no route of its own there. */
  action: string
  /** What the path names. */
  params: Readonly<Record<string, string>>
  requestId: string
}

export interface Denials {
  /** Notes it where it was refused for want of rights; what is out of reach leaves no trace. */
  note(attempt: Attempt, refused: unknown): void
}

const DENIED: ReadonlySet<Code> = new Set<Code>(['forbidden', 'exceeds_your_rights', 'insufficient_scope'])

/** One event a caller, code and minute. */
export function createDenials(deps: { store: Store; notes: Notes; newId: (prefix: string) => string }): Denials {
  return {
    note({ caller, action, params, requestId }, refused) {
      if (!(refused instanceof Refusal) || !DENIED.has(refused.code)) return
      const { code, message: detail } = refused
      const { account = caller.account } = params
      deps.notes.add({
        account,
        of: `access.denied:${account}:${caller.id}:${code}`,
        event: async () =>
          newEvent(deps.newId('evt'), {
            type: 'access.denied',
            actor: actorOf(caller, account),
            requestId,
            subject: await subjectOf(deps.store, account, params),
            data: { action, code, detail },
          }),
      })
    },
  }
}

const OBJECTS = [
  ['key', 'key', 'keys', (_: string, id: string) => id],
  ['holder', 'holder', 'holders', (_: string, id: string) => id],
  ['subAccount', 'sub_account', 'subAccounts', subAccountId],
  ['member', 'member', 'members', memberId],
] as const

/** What the path names in the account, if there is such a thing; else the account. */
async function subjectOf(store: Store, account: string, params: Attempt['params']): Promise<EventSubject> {
  for (const [param, type, collection, idOf] of OBJECTS) {
    const id = params[param]
    const found = id === undefined ? null : await store.get(account, collection, idOf(account, id))
    if (id !== undefined && found !== null) return { type, id, name: found.name }
  }
  const { name } = (await store.get(account, 'accounts', account)) ?? { name: account }
  return { type: 'account', id: account, name }
}
