/** `latchkey signing-keys list | rotate`: for a key of account `operator`. */
import type { Command } from 'commander'
import type { ShownSigningKey } from '../signing/rotation.rules.ts'
import { CliFault, EXIT } from './exit.ts'
import { confirm } from './input.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson, table, utc } from './output.ts'

interface RotateOptions extends JsonOption {
  emergency?: boolean
  yes?: boolean
}
interface Answer {
  items: ShownSigningKey[]
}

export function addSigningKeys(program: Command): void {
  const signingKeys = program
    .command('signing-keys')
    .description('the keys that tokens are signed with; LATCHKEY_KEY must be of account operator')
  signingKeys
    .command('list')
    .description('the keys of every namespace, the oldest first')
    .option('--namespace <id>', 'only those of this namespace')
    .option('--json', 'print {items} as JSON')
    .action(list)
  signingKeys
    .command('rotate <namespace>')
    .description('have the next key take over, once everybody knows it')
    .option('--emergency', 'a new key signs at once, and nothing signed before is good any more')
    .option('--yes', 'do not ask before an emergency')
    .option('--json', 'print {items} as JSON')
    .action(rotate)
}

async function list({ namespace, json }: JsonOption & { namespace?: string }): Promise<void> {
  const { items } = await (await manage(undefined)).callAny<Answer>('/signing-keys')
  show({ items: items.filter((key) => namespace === undefined || key.namespace === namespace) }, json)
}

async function rotate(namespace: string, { emergency = false, yes = false, json }: RotateOptions): Promise<void> {
  if (emergency && !yes) await askFirst(namespace)
  const path = `/signing-keys/${encodeURIComponent(namespace)}/rotate`
  show(await (await manage(undefined)).callAny<Answer>(path, { method: 'POST', json: { emergency } }), json)
}

async function askFirst(namespace: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CliFault(
      EXIT.usage,
      'usage',
      'An emergency ends every live token. Without a terminal to ask at, say --yes.',
    )
  }
  if (await confirm(`Replace the signing keys of ${namespace}? Every live token of it ends now.`)) return
  throw new CliFault(EXIT.failed, 'cancelled', 'Nothing was changed.')
}

function show({ items }: Answer, json: boolean | undefined): void {
  if (json) printJson({ items })
  else print(table(['NAMESPACE', 'KID', 'ALG', 'STATE', 'SIGNS FROM', 'RETIRES'], items.map(row)))
}

function row({ namespace, kid, alg, state, activatesAt, retiresAt }: ShownSigningKey): string[] {
  return [namespace, kid, alg, state, utc(activatesAt), retiresAt === null ? '-' : utc(retiresAt)]
}
