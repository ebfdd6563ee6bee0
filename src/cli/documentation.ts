/** `latchkey documentation`: the API as an account has it, with its keys, as a ZIP archive. */
import { type Command, Option } from 'commander'
import { HOLDER_TYPES } from '../holders/rules.ts'
import { writeWhole } from './file.ts'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson } from './output.ts'
import { queryOf } from './pages.ts'

interface DocumentationOptions extends JsonOption {
  account?: string
  namespace?: string
  holderType?: string
  out?: string
  force?: boolean
}

export function addDocumentation(program: Command): void {
  program
    .command('documentation')
    .description('write what a developer of an account begins with, as a ZIP archive: never with secrets')
    .option('--namespace <id>', 'API that it is of, such as v2; the first that is enabled unless said')
    .addOption(new Option('--holder-type <type>', 'only keys of this type of holder').choices(HOLDER_TYPES))
    .option('--out <file>', 'the archive; such as acme-v2.zip here unless said')
    .option('--force', 'overwrite it')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', 'print {file} as JSON')
    .action(writeDocumentation)
}

async function writeDocumentation({ account, out, force, json, ...wish }: DocumentationOptions): Promise<void> {
  const session = await manage(account)
  const name = [session.account, wish.namespace ?? 'api', wish.holderType].filter(Boolean).join('-')
  const file = out ?? `${name}.zip`
  const path = `/accounts/${encodeURIComponent(session.account)}/documentation?${queryOf({ ...wish })}`
  await writeWhole(file, session.download(path, 'application/zip'), { force })
  if (json) printJson({ file })
  else print(`Wrote ${file}.`)
}
