import { plain } from './output.ts'

/** Exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  /** Something went wrong that no other code tells. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The environment or the catalog is wrong. */
  config: 3,
  /** The server or the store cannot be reached. */
  unavailable: 4,
  /** The server refused: not authentic, not allowed, or not possible as asked. */
  refused: 5,
  /** What was looked at is not good: a key, a token, an event log. */
  invalid: 6,
} as const

export const EXIT_HELP = `Exit codes:
  0  done
  1  something went wrong that no other code tells
  2  the command line is wrong
  3  the environment or the catalog is wrong
  4  the server or the store cannot be reached
  5  refused: not authentic, not allowed, or not possible as asked
  6  what was looked at is not good: a key, a token, an event log`

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface FaultFacts {
  requestId?: string | null
  errors?: readonly { pointer: string; detail: string }[]
}

/** What a command ends with where it cannot do its work. Told once, in main.ts, and never with a secret. */
export class CliFault extends Error {
  override name = 'CliFault'
  readonly exit: ExitCode
  /** As the server's problem details have it, or one of our own in the same style. */
  readonly code: string
  readonly facts: FaultFacts

  constructor(exit: ExitCode, code: string, detail: string, facts: FaultFacts = {}) {
    super(detail)
    this.exit = exit
    this.code = code
    this.facts = facts
  }
}

const KEY = /lk_([a-z][a-z0-9]{0,15})_(sk|pk)_[0-9A-Za-z]+/g
const JWT = /eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g

/** Text for an error: keys and tokens taken out, whatever way they came in. */
export function redact(text: string): string {
  return text.replace(KEY, 'lk_$1_$2_[redacted]').replace(JWT, '[token redacted]')
}

/** The fault as people read it, or as one JSON object `{code, detail, requestId, errors?}`. */
export function faultText(fault: CliFault, json: boolean): string {
  const { requestId = null, errors } = fault.facts
  if (json) {
    const object = { code: fault.code, detail: fault.message, requestId, ...(errors === undefined ? {} : { errors }) }
    return redact(`${JSON.stringify(object)}\n`)
  }
  const known = requestId === null ? '' : ` (${requestId})`
  const coded = requestId !== null || fault.exit === EXIT.refused || fault.exit === EXIT.invalid
  const said = `${coded ? `${fault.code}: ` : ''}${fault.message}${known}`
  const lines = [...said.split('\n'), ...(errors ?? []).map((e) => `${e.pointer} ${e.detail}`)]
  return redact(`latchkey: ${lines.map(plain).join('\n  ')}\n`)
}

/** Any error as a fault: what was not foreseen has only its message. */
export function asFault(error: unknown): CliFault {
  if (error instanceof CliFault) return error
  return new CliFault(EXIT.failed, 'failed', error instanceof Error ? error.message : String(error))
}
