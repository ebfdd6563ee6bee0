import { claimsTable } from './claims.ts'
import { CliFault, EXIT } from './exit.ts'
import { argumentOrStdin } from './input.ts'
import { fields, type JsonOption, print, printJson } from './output.ts'
import { decodeJwt, looksLikeKey, readKey } from './written.ts'

/** `latchkey inspect <key|jwt>`: what it says of itself. No network, and nothing secret comes out. */
export async function inspect(argument: string, { json = false }: JsonOption): Promise<void> {
  const text = await argumentOrStdin(argument, 'key or token')
  if (looksLikeKey(text)) return inspectKey(text, json)
  const jwt = decodeJwt(text)
  if (jwt === null) {
    const detail = 'This is neither an API key nor a JWT. A key begins with lk_; a JWT has three parts joined by dots.'
    throw new CliFault(EXIT.invalid, 'unknown_text', detail)
  }
  if (json) return printJson({ type: 'jwt', verified: false, ...jwt })
  print('A JWT, not verified: anybody can write one that says this. "latchkey verify" tells whether it is good.\n')
  print(`Header\n${indent(claimsTable(jwt.header, Date.now()))}\n`)
  print(`Claims\n${indent(claimsTable(jwt.claims, Date.now()))}`)
}

function inspectKey(text: string, json: boolean): void {
  const { namespace, kind, id } = readKey(text)
  const last4 = text.slice(-4)
  const object = { type: 'api_key', namespace, kind, id, last4, checksum: 'ok' }
  if (json) printJson(object)
  else
    print(
      fields([
        ['API key', id],
        ['namespace', namespace],
        ['kind', kind === 'secret' ? 'secret' : 'publishable (may stand in a web page)'],
        ['ends with', last4],
        ['checksum', 'ok: written as it was made. Whether it works, only the server knows.'],
      ]),
    )
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
