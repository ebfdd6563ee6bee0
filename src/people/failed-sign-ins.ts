import type { Store } from '../store/store.ts'
import type { From } from './deps.ts'
import { memberEvent } from './enrol.rules.ts'
import type { Member, Person } from './rules.ts'

/**
 * Failed sign-ins of known people, one event per person and minute, written with the flush: a write on the way of the
 * request would tell by its time that there is such a person.
 */
export interface FailedSignIns {
  note(member: Member, person: Person, from: From): void
  flush(): Promise<void>
}

const MINUTE_MS = 60_000
const MAX_NOTED = 1000

interface Noted {
  mark: string
  at: number
  member: Member
  person: Person
  from: From
}

export function createFailedSignIns(deps: {
  store: Store
  now: () => number
  newId: (prefix: string) => string
}): FailedSignIns {
  const noted = new Map<string, Noted>()
  return {
    note(member, person, from) {
      const at = deps.now()
      const mark = `session.failed:${member.personId}:${Math.floor(at / MINUTE_MS)}`
      if (noted.size < MAX_NOTED && !noted.has(mark)) noted.set(mark, { mark, at, member, person, from })
    },
    async flush() {
      for (const [mark, one] of noted) {
        await write(deps, one)
        noted.delete(mark)
      }
    },
  }
}

/** The mark holds it to one, whichever instance is first. */
async function write(
  { store, newId }: { store: Store; newId: (prefix: string) => string },
  { mark, at, member, person, from }: Noted,
): Promise<void> {
  const { address, userAgent, requestId } = from
  const actor = { type: 'system', id: null, name: 'Sign-in' } as const
  const event = memberEvent('session.failed', member, person, { newId, actor, requestId }, { address, userAgent })
  const insert = [{ collection: 'marks', document: { id: mark, account: '', createdAt: at } } as const]
  await store.commit(member.account, { insert, events: [event] })
}
