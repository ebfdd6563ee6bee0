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
  if (!found.ok) throw new CliFault(EXIT.invalid, 'log_broken', `In ${of}, ${faultOf(found)}`)
  if (!json) print(`All ${found.checked} events hold: ${of} is whole.`)
}

function faultOf({ checked, firstBad, missingMasterKeys: missing }: Verification): string {
  const rest = `the ${checked} before it hold.`
  if (missing === undefined) return `event ${firstBad} was changed or removed; ${rest}`
  const keys = `${missing.length === 1 ? 'master key' : 'master keys'} ${missing.join(', ')}`
  return (
    `what is from event ${firstBad} on was sealed under ${keys}, which this server was not given; ${rest} ` +
    'Give it those too, behind its own in LATCHKEY_MASTER_KEYS, and verify again.'
  )
}
