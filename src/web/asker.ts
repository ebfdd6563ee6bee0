import type { Once } from '../store/act.ts'
import type { EventActor } from '../store/store.ts'
import { actorOf, type Principal } from './principal.ts'
import type { RequestFacts } from './request.ts'

/** Who asks for a change, as an act needs it. */
export interface Asker {
  actor: EventActor
  requestId: string | null
  /** With an Idempotency-Key: the change happens once. */
  once?: Once | null
}

export function askerOf(
  { caller, request, once }: { caller: Principal; request: RequestFacts; once: Once | null },
  account: string,
): Asker {
  return { actor: actorOf(caller, account), requestId: request.id, once }
}
