import type { Verification } from '../events/verify.ts'
import { CliFault, EXIT } from './exit.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson } from './output.ts'

/** The server walks the whole log before it answers. */
const TIMEOUT_MS = 10 * 60_000

/** `latchkey events verify` */
export async function verifyEvents({ account, json }: JsonOption & { account?: string }): Promise<void> {
  const session = await manage(account)
  const found = await session.call<Verification>('/events/verification', { timeoutMs: TIMEOUT_MS })
  if (json) printJson(found)
  const of = `the event log of account ${session.account}`
  if (!found.ok) {
    const detail = `In ${of}, event ${found.firstBad} was changed or removed; the ${found.checked} before it hold.`
    throw new CliFault(EXIT.invalid, 'log_broken', detail)
  }
  if (!json) print(`All ${found.checked} events hold: ${of} is whole.`)
}
