/** The `latchkey keys` family on the command line. */
import { type Command, Option } from 'commander'
import { HOLDER_TYPES } from '../holders/rules.ts'
import { KEY_STATUSES, REVOKE_REASONS } from '../keys/rules.ts'
import { CUSTOM_DATA, collect, expiry, grant, positiveInteger, wholeNumber } from './input.ts'

const JSON_HELP = 'print the answer of the API as JSON'

export function addKeys(program: Command): void {
  const keys = program.command('keys').description('API keys, at a running server (LATCHKEY_URL, LATCHKEY_KEY)')
  keys
    .command('list')
    .description('list keys, all pages')
    .option('--account <id>', 'account; your own unless said')
    .option('--namespace <id>', 'only keys of this namespace')
    .addOption(new Option('--holder-type <type>', 'only keys of this type of holder').choices(HOLDER_TYPES))
    .option('--holder <id>', 'only keys of this holder, hld_…')
    .addOption(new Option('--status <status>', 'only keys in this status').choices(KEY_STATUSES))
    .option('--search <text>', 'only keys with this in name, description, id, last four, holder or external id')
    .option('--limit <rows>', 'at most so many', positiveInteger)
    .option('--json', 'print {items, nextCursor} as JSON')
    .action(async (options) => (await import('./keys-list.ts')).listKeys(options))
  keys
    .command('show <id>')
    .description('describe a key')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', JSON_HELP)
    .action(async (id, options) => (await import('./keys-show.ts')).showKey(id, options))
  addCreate(keys)
  addSecrets(keys)
  addEdit(keys)
  addLife(keys)
  keys
    .command('import <file>')
    .description('import keys of another system: a JSON array of {sha256 or plain, name, grants, holderId}')
    .requiredOption('--namespace <id>', 'API that they are for, such as v2')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', 'print {imported, refused} as JSON')
    .action(async (file, options) => (await import('./keys-import.ts')).importKeys(file, options))
  keys
    .command('revoke <id>')
    .description('end a key for good, and all its tokens with it')
    .addOption(new Option('--reason <reason>', 'why').choices(REVOKE_REASONS).makeOptionMandatory())
    .option('--note <text>', 'more about it, for the audit log')
    .option('--account <id>', 'account; your own unless said')
    .option('--yes', 'do not ask')
    .option('--json', JSON_HELP)
    .action(async (id, options) => (await import('./keys-revoke.ts')).revokeKey(id, options))
}

function addSecrets(keys: Command): void {
  const overlap = [
    '--overlap <seconds>',
    'how long the secret in use stays good; a day unless said, 0: not at all',
  ] as const
  keys
    .command('rotate <id>')
    .description('give a key a new secret; it is printed once, on the last line')
    .option(...overlap, wholeNumber)
    .addOption(
      new Option('--extend <seconds>', 'how long from now the old secret of the running rotation stays good')
        .argParser(positiveInteger)
        .conflicts(['overlap', 'end']),
    )
    .addOption(new Option('--end', 'end the old secret of the running rotation now').conflicts('overlap'))
    .option('--account <id>', 'account; your own unless said')
    .option('--json', JSON_HELP)
    .action(async (id, options) => (await import('./keys-rotate.ts')).rotateKey(id, options))
  keys
    .command('share <id>')
    .description('make a one-time link to a fresh secret of a key')
    .option('--expires-in <seconds>', 'how long the link can be opened; seven days unless said', positiveInteger)
    .option(...overlap, wholeNumber)
    .addOption(new Option('--cancel', 'cancel the open link').conflicts(['overlap', 'expiresIn']))
    .option('--account <id>', 'account; your own unless said')
    .option('--json', JSON_HELP)
    .action(async (id, options) => (await import('./keys-share.ts')).shareKey(id, options))
}

function addCreate(keys: Command): void {
  keys
    .command('create')
    .description('create a key; its secret is printed once, on the last line')
    .requiredOption('--name <name>', 'what people call it')
    .requiredOption('--namespace <id>', 'API that it is for, such as v2')
    .requiredOption(
      '--grant <scopes>',
      "'links:read links:write', or on a sub-account 'acme-eu=orders:write'; repeatable",
      grant,
    )
    .addOption(new Option('--kind <kind>', 'secret unless said').choices(['secret', 'publishable']))
    .option('--description <text>', 'what it is for and where it runs')
    .option('--holder <id>', 'holder of the key, hld_…')
    .option('--allow-ip <cidr>', 'address or block that may use it; repeatable', collect)
    .option('--allow-origin <origin>', 'origin that may use a publishable key; repeatable', collect)
    .option('--expires <when>', '2027-01-31, 2027-01-31T12:00:00Z, or 90d', (value) => expiry(value))
    .option('--jwks <file>', 'authenticates with its own key pair: JWK Set of its public keys; no secret is made')
    .option('--jwks-uri <url>', 'the same, read at this address')
    .option('--dpop', 'gives only tokens bound to a key (DPoP)')
    .addOption(
      new Option('--deliver <how>', 'share: prints a one-time link instead of the secret').choices(['answer', 'share']),
    )
    .option(...CUSTOM_DATA)
    .option('--confirm', 'although the holder is flagged or in onboarding')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./keys-create.ts')).createKey(options))
}

function addEdit(keys: Command): void {
  keys
    .command('edit <id>')
    .description('change a key; what is left out stays. Whatever takes something away ends its tokens')
    .option('--name <name>', 'what people call it')
    .option('--description <text>', 'what it is for and where it runs')
    .option('--grant <scopes>', 'all that it may do from now on, as for create; repeatable', grant)
    .option('--holder <id>', 'holder of the key, hld_…, or none')
    .option('--allow-ip <cidr>', 'all addresses that may use it from now on; repeatable', collect)
    .option('--allow-origin <origin>', 'all origins that may use it from now on; repeatable', collect)
    .option('--expires <when>', 'as for create, or never', (value) => (value === 'never' ? value : expiry(value)))
    .option('--dpop', 'gives only tokens bound to a key (DPoP)')
    .option('--no-dpop', 'gives tokens that are not bound, too')
    .option(...CUSTOM_DATA)
    .option('--confirm', 'although the holder is flagged or in onboarding')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', JSON_HELP)
    .action(async (id, options) => (await import('./keys-life.ts')).editKey(id, options))
}

function addLife(keys: Command): void {
  keys
    .command('rights <id>')
    .description('what a key may do now, and why not more')
    .option(
      '--grant <scopes>',
      'instead: what it could do with these, as for create, and would lose; repeatable',
      grant,
    )
    .option('--account <id>', 'account; your own unless said')
    .option('--json', JSON_HELP)
    .action(async (id, options) => (await import('./keys-life.ts')).showRights(id, options))
  for (const verb of ['suspend', 'resume']) {
    keys
      .command(`${verb} <id>`)
      .description(`${verb} a key, and its tokens with it`)
      .option('--account <id>', 'account; your own unless said')
      .option('--json', JSON_HELP)
      .action(async (id, options) => (await import('./keys-life.ts')).turnKey(verb, id, options))
  }
  keys
    .command('delete <id>')
    .description('delete a key for good; its log and its usage stay')
    .option('--account <id>', 'account; your own unless said')
    .option('--yes', 'do not ask')
    .action(async (id, options) => (await import('./keys-life.ts')).deleteKey(id, options))
}
