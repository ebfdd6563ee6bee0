/** `latchkey revocations`: ends live tokens of many keys. */
import type { Command } from 'commander'
import { CliFault, EXIT } from './exit.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson } from './output.ts'
import { keyIdOf } from './written.ts'

interface RevocationOptions extends JsonOption {
  account?: string
  key?: string
  holder?: string
  namespace?: string
  scope?: string
  all?: true
}

/** Ten thousand keys take a while. */
const TIMEOUT_MS = 300_000

export function addRevocations(program: Command): void {
  program
    .command('revocations')
    .description('end live tokens of the keys that have all that is named; the keys stay usable')
    .option('--key <id>', 'of this key')
    .option('--holder <id>', 'of keys for this holder')
    .option('--namespace <id>', 'of keys of this namespace')
    .option('--scope <scope>', 'of keys that were granted this scope')
    .option('--all', 'of every key of the account; stands alone')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', 'print {keys} as JSON')
    .action(revoke)
}

async function revoke({ account, json, key, holder, namespace, scope, all }: RevocationOptions): Promise<void> {
  const selection = { keyId: key === undefined ? undefined : keyIdOf(key), holderId: holder, namespace, scope, all }
  if (Object.values(selection).every((value) => value === undefined)) {
    throw new CliFault(EXIT.usage, 'usage', 'Say whose tokens: --key, --holder, --namespace, --scope or --all.')
  }
  const session = await manage(account)
  const answer = await session.call<{ keys: number }>('/revocations', {
    method: 'POST',
    json: selection,
    timeoutMs: TIMEOUT_MS,
  })
  if (json) return printJson(answer)
  print(
    `Ended the live tokens of ${answer.keys} ${answer.keys === 1 ? 'key' : 'keys'}. The next exchange of each is good.`,
  )
}
